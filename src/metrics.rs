//! How well predicted classes agree with true ones, and predicted numbers with measured ones.

use serde::{Deserialize, Serialize};

/// Scores of a set of rows. Precision, recall and F1 are macro averages: every class counts the same, one that never
/// occurs and is never predicted does not count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Mean loss.
    pub loss: f64,
    /// Share of rows whose class was predicted.
    pub accuracy: f64,
    /// Share of outputs on the right side of one half: above it for the row's class, not above it for the others.
    /// Every row counts as often as there are classes, so it is no accuracy by rows: outputs that are all low have 2/3
    /// with three classes.
    pub agreement: f64,
    /// Mean over classes of: rows rightly predicted as the class / rows predicted as it (0 where there are none).
    pub precision: f64,
    /// Mean over classes of: rows rightly predicted as the class / rows of it (0 where there are none).
    pub recall: f64,
    /// Mean over classes of the harmonic mean of the two.
    pub f1: f64,
}

/// Scores of a set of rows whose labels are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// Mean loss.
    pub loss: f64,
    /// Mean squared error.
    pub mse: f64,
    /// Mean absolute error.
    pub mae: f64,
    /// Share of the numbers' variance that is explained: 1 - mse / variance, at most 1. Where all numbers are the same it
    /// is 1 without an error, else 0.
    pub r2: f64,
}

/// Scores of a set of rows of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Measures {
    /// Labels are classes.
    Classes(Scores),
    /// Labels are numbers.
    Numbers(Errors),
}

impl Measures {
    /// Mean loss.
    pub fn loss(&self) -> f64 {
        match self {
            Self::Classes(scores) => scores.loss,
            Self::Numbers(errors) => errors.loss,
        }
    }

    /// Where labels are classes.
    pub fn classes(&self) -> Option<&Scores> {
        match self {
            Self::Classes(scores) => Some(scores),
            Self::Numbers(_) => None,
        }
    }

    /// Where labels are numbers.
    pub fn numbers(&self) -> Option<&Errors> {
        match self {
            Self::Classes(_) => None,
            Self::Numbers(errors) => Some(errors),
        }
    }
}

/// Scores of the numbers `said` against `targets`.
pub fn errors(said: &[f32], targets: &[f32], loss: f64) -> Errors {
    let count = targets.len().max(1) as f64;
    let mean_of = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / count;
    let residuals = || said.iter().zip(targets).map(|(y, target)| f64::from(*y) - f64::from(*target));
    let mean = mean_of(&mut targets.iter().map(|target| f64::from(*target)));
    let variance = mean_of(&mut targets.iter().map(|target| (f64::from(*target) - mean).powi(2)));
    let mse = mean_of(&mut residuals().map(|r| r * r));
    let r2 = if variance > 0.0 { 1.0 - mse / variance } else { f64::from(u8::from(mse == 0.0)) };
    Errors { loss, mse, mae: mean_of(&mut residuals().map(f64::abs)), r2 }
}

/// The class of each row: the first of its largest outputs.
pub fn largest(outputs: &[f32], classes: usize) -> Vec<u32> {
    let class_of = |row: &[f32]| {
        let mut best = 0;
        for (class, value) in row.iter().enumerate() {
            if *value > row[best] {
                best = class;
            }
        }
        best as u32
    };
    outputs.chunks_exact(classes.max(1)).map(class_of).collect()
}

/// Outputs on the right side of one half, of all rows together; `softmax` tells whether the outputs of a row are one
/// distribution or each a sigmoid of its own.
pub fn agreeing(logits: &[f32], labels: &[u32], classes: usize, softmax: bool) -> u64 {
    let rows = logits.chunks_exact(classes.max(1)).zip(labels);
    rows.map(|(row, &label)| {
        // A sigmoid is above one half where its argument is above 0; a softmax where it has more than all others.
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let share = |z: f32| f64::from(z - top).exp();
        let half = 0.5 * row.iter().map(|&z| share(z)).sum::<f64>();
        let above = |z: f32| if softmax { share(z) > half } else { z > 0.0 };
        row.iter().zip(0..).filter(|&(&z, class)| above(z) == (class == label)).count() as u64
    })
    .sum()
}

/// Scores of `predicted` against `labels`. Agreement is that of outputs which say the predicted class and no other.
pub fn scores(predicted: &[u32], labels: &[u32], classes: usize, loss: f64) -> Scores {
    let mut right = vec![0u64; classes];
    let mut said = vec![0u64; classes];
    let mut are = vec![0u64; classes];
    for (&guess, &label) in predicted.iter().zip(labels) {
        said[guess as usize] += 1;
        are[label as usize] += 1;
        right[label as usize] += u64::from(guess == label);
    }
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let (mut precision, mut recall, mut f1, mut count) = (0.0, 0.0, 0.0, 0.0);
    for class in (0..classes).filter(|&class| said[class] + are[class] > 0) {
        precision += share(right[class], said[class]);
        recall += share(right[class], are[class]);
        f1 += share(2 * right[class], said[class] + are[class]);
        count += 1.0;
    }
    let accuracy = share(right.iter().sum(), labels.len() as u64);
    let mean = |sum: f64| if count == 0.0 { 0.0 } else { sum / count };
    // A wrong row has two wrong outputs: the class that it is and the one that was said.
    let agreement = if labels.is_empty() { 0.0 } else { 1.0 - 2.0 * (1.0 - accuracy) / classes.max(2) as f64 };
    Scores { loss, accuracy, agreement, precision: mean(precision), recall: mean(recall), f1: mean(f1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_a_small_table_by_hand() {
        // Class 0: said 2, right 1, are 2. Class 1: said 2, right 2, are 2. Class 2: said 0, are 0.
        let s = scores(&[0, 1, 1, 0], &[0, 0, 1, 1], 3, 0.5);
        assert_eq!((s.accuracy, s.precision, s.recall, s.f1), (0.5, 0.5, 0.5, 0.5));
        let s = scores(&[0, 0, 1, 1], &[0, 0, 0, 1], 3, 0.5);
        assert_eq!(s.accuracy, 0.75);
        assert!((s.precision - 0.75).abs() < 1e-12 && (s.recall - 5.0 / 6.0).abs() < 1e-12);
        assert!((s.f1 - (0.8 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn errors_of_numbers_by_hand() {
        let e = errors(&[1.0, 2.0, 4.0], &[1.0, 3.0, 5.0], 0.5);
        assert!((e.mse - 2.0 / 3.0).abs() < 1e-12 && (e.mae - 2.0 / 3.0).abs() < 1e-12);
        assert!((e.r2 - 0.75).abs() < 1e-12 && e.loss == 0.5, "{e:?}");
        assert_eq!((errors(&[2.0, 2.0], &[2.0, 2.0], 0.0).r2, errors(&[2.0, 3.0], &[2.0, 2.0], 0.0).r2), (1.0, 0.0));
        assert_eq!(errors(&[], &[], 0.0), Errors { loss: 0.0, mse: 0.0, mae: 0.0, r2: 1.0 });
        for measures in [Measures::Numbers(e), Measures::Classes(scores(&[0], &[0], 2, 0.5))] {
            let json = serde_json::to_string(&measures).unwrap();
            assert_eq!(serde_json::from_str::<Measures>(&json).unwrap(), measures);
        }
    }

    #[test]
    fn agreement_by_hand() {
        // Classes 0 and 2. Sigmoids: right, wrong, right; right, right, wrong (0 is not above one half).
        let logits = [1.0, 0.5, -1.0, -1.0, -0.1, 0.0];
        assert_eq!(agreeing(&logits, &[0, 2], 3, false), 4);
        // Softmax: e, 1.65, 0.37 of 4.74: only the first is above one half. Then 0.37, 0.90, 1: none is.
        assert_eq!(agreeing(&logits, &[0, 2], 3, true), 5);
        // All low: 2 of 3 for any labels, the 66.67 % of published tables.
        assert_eq!(agreeing(&[-3.0; 9], &[0, 1, 2], 3, false), 6);
        // With two classes a softmax agrees by rows.
        assert_eq!(agreeing(&[2.0, 1.0, 2.0, 1.0], &[0, 1], 2, true), 2);
        assert_eq!(agreeing(&[f32::NAN; 2], &[0], 2, false), 1);
        // Always the largest class of Car (1,210 of 1,728 rows, four classes) is 70.02 % by rows, 85.01 % by outputs.
        let labels: Vec<u32> = (0..1728).map(|row| if row < 1210 { 0 } else { 1 + row % 3 }).collect();
        let s = scores(&vec![0; 1728], &labels, 4, 0.0);
        assert!((s.accuracy - 0.7002).abs() < 1e-4 && (s.agreement - 0.8501).abs() < 1e-4, "{s:?}");
        let logits: Vec<f32> = labels.iter().flat_map(|_| [1.0, -1.0, -1.0, -1.0]).collect();
        assert!((agreeing(&logits, &labels, 4, false) as f64 / (4.0 * 1728.0) - s.agreement).abs() < 1e-12);
    }

    #[test]
    fn no_rows_score_zero_and_ties_go_to_the_first_class() {
        assert_eq!(scores(&[], &[], 2, 0.0).accuracy, 0.0);
        assert_eq!(largest(&[1.0, 1.0, 0.0, 0.0, 3.0, 2.0], 3), [0, 1]);
    }
}
