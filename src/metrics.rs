//! How well predicted classes agree with true ones.

use serde::{Deserialize, Serialize};

/// Scores of a set of rows. Precision, recall and F1 are macro averages: every class counts the same, one that never
/// occurs and is never predicted does not count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Mean loss.
    pub loss: f64,
    /// Share of rows whose class was predicted.
    pub accuracy: f64,
    /// Mean over classes of: rows rightly predicted as the class / rows predicted as it (0 where there are none).
    pub precision: f64,
    /// Mean over classes of: rows rightly predicted as the class / rows of it (0 where there are none).
    pub recall: f64,
    /// Mean over classes of the harmonic mean of the two.
    pub f1: f64,
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

/// Scores of `predicted` against `labels`.
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
    Scores { loss, accuracy, precision: mean(precision), recall: mean(recall), f1: mean(f1) }
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
    fn no_rows_score_zero_and_ties_go_to_the_first_class() {
        assert_eq!(scores(&[], &[], 2, 0.0).accuracy, 0.0);
        assert_eq!(largest(&[1.0, 1.0, 0.0, 0.0, 3.0, 2.0], 3), [0, 1]);
    }
}
