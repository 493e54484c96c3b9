//! Holding rows out: stratified, shuffled, decided by the seed alone.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rand_philox::Philox;

/// Keeps the draws of the split apart from those of generated points.
const STREAM: u64 = 0x5917;

/// The same for the draws of the validation part.
const VALIDATION_STREAM: u64 = 0x7a11;

/// Row numbers of the parts, each in random order unless told otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// The rows to learn from; at least one of every class.
    pub train: Vec<usize>,
    /// The rows by which the best network is chosen while training; may be none.
    pub validation: Vec<usize>,
    /// The rows held out; may be none. Those given from outside are in the order they came in.
    pub test: Vec<usize>,
}

/// Holds out `test_fraction` (0 to 1) of the rows so that every class gives its share, rounded down or up:
/// up go the classes with the largest remainders until the total is as near as possible to the fraction of
/// all rows. Every class keeps one row to learn from, so a class of one row is never tested.
pub fn split(labels: &[u32], test_fraction: f64, seed: u64) -> Split {
    let (train, test) = divided(labels, (0..labels.len()).collect(), test_fraction, seed, STREAM);
    Split { train, validation: Vec::new(), test }
}

impl Split {
    /// The rows from `test_from` on held out, those before them to learn from.
    pub(super) fn at(labels: &[u32], test_from: usize, seed: u64) -> Self {
        let (train, _) = divided(labels, (0..test_from).collect(), 0.0, seed, STREAM);
        Self { train, validation: Vec::new(), test: (test_from..labels.len()).collect() }
    }

    /// The rows of all parts: train, validation, test.
    pub(super) fn rows(&self) -> Vec<usize> {
        [self.train.as_slice(), &self.validation, &self.test].concat()
    }

    /// Takes a share of the rows to learn from for validation, as [`split()`] takes those for testing. A
    /// fraction of 0 leaves everything as it is.
    pub(super) fn with_validation(self, labels: &[u32], fraction: f64, seed: u64) -> Self {
        if fraction <= 0.0 {
            return self;
        }
        let (train, validation) = divided(labels, self.train, fraction, seed, VALIDATION_STREAM);
        Self { train, validation, ..self }
    }
}

/// The rows that stay and those that are held out.
fn divided(labels: &[u32], rows: Vec<usize>, fraction: f64, seed: u64, stream: u64) -> (Vec<usize>, Vec<usize>) {
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for row in rows {
        classes.entry(labels[row]).or_default().push(row);
    }
    let mut classes: Vec<Vec<usize>> = classes.into_values().collect();
    let counts = held_out(&classes.iter().map(Vec::len).collect::<Vec<_>>(), fraction);
    let mut random = Philox::from_u64_seed_stream(seed, stream);
    let (mut kept, mut held) = (Vec::new(), Vec::new());
    for (rows, count) in classes.iter_mut().zip(counts) {
        rows.shuffle(&mut random);
        held.extend(&rows[..count]);
        kept.extend(&rows[count..]);
    }
    kept.shuffle(&mut random);
    held.shuffle(&mut random);
    (kept, held)
}

/// How many rows of each class are held out, by largest remainder.
fn held_out(sizes: &[usize], test_fraction: f64) -> Vec<usize> {
    let share = |size: usize| size as f64 * test_fraction.clamp(0.0, 1.0);
    let most = |class: usize| sizes[class].saturating_sub(1);
    let wanted = share(sizes.iter().sum()).round() as usize;
    let mut counts: Vec<usize> =
        (0..sizes.len()).map(|class| (share(sizes[class]) as usize).min(most(class))).collect();
    let mut order: Vec<usize> = (0..sizes.len()).filter(|&class| counts[class] < most(class)).collect();
    order.sort_by(|&a, &b| share(sizes[b]).fract().total_cmp(&share(sizes[a]).fract()));
    let short = wanted.saturating_sub(counts.iter().sum());
    for class in order.into_iter().take(short) {
        counts[class] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_are_as_worked_out_by_hand() {
        assert_eq!(held_out(&[50, 50, 50], 0.2), [10, 10, 10]);
        // 0.2 + 1.3 + 0.9 rows: 2 in all, one from each of the last two.
        assert_eq!(held_out(&[2, 13, 9], 0.1), [0, 1, 1]);
        assert_eq!(held_out(&[1, 1, 8], 0.5), [0, 0, 5]);
        assert_eq!(held_out(&[100], 0.29), [29]);
        assert_eq!(held_out(&[4, 4], 0.0), [0, 0]);
        assert_eq!(held_out(&[4, 1], 1.0), [3, 0]);
        assert!(held_out(&[], 0.5).is_empty());
    }

    #[test]
    fn both_parts_are_shuffled() {
        let labels: Vec<u32> = (0..200).map(|row| row / 100).collect();
        let split = split(&labels, 0.5, 1);
        for part in [split.train, split.test] {
            let changes = part.windows(2).filter(|pair| labels[pair[0]] != labels[pair[1]]).count();
            // Half of 99 neighbours on average, with a deviation of 5.
            assert!((20..80).contains(&changes), "classes lie in order: {changes} changes in 100 rows");
        }
    }

    #[test]
    fn validation_rows_come_from_the_rows_to_learn_from() {
        let labels: Vec<u32> = (0..300).map(|row| u32::from(row % 3 == 0)).collect();
        let whole = split(&labels, 0.2, 1);
        let parted = whole.clone().with_validation(&labels, 0.25, 1);
        assert_eq!((parted.train.len(), parted.validation.len(), &parted.test), (180, 60, &whole.test));
        assert_eq!(parted.validation.iter().filter(|&&row| labels[row] == 1).count(), 20);
        let rows = |split: &Split| {
            let mut rows = [split.train.as_slice(), &split.validation].concat();
            rows.sort_unstable();
            rows
        };
        assert_eq!(rows(&parted), rows(&whole));
        assert_ne!(whole.clone().with_validation(&labels, 0.25, 2).validation, parted.validation);
        assert_eq!(whole.clone().with_validation(&labels, 0.0, 1), whole);
    }

    #[test]
    fn a_division_from_outside_is_kept() {
        let labels: Vec<u32> = (0..50).map(|row| row % 2).collect();
        let mut split = Split::at(&labels, 40, 1).with_validation(&labels, 0.1, 1);
        assert_eq!((split.train.len(), split.validation.len()), (36, 4));
        assert!(split.test.iter().copied().eq(40..50));
        split.train.append(&mut split.validation);
        assert!(!split.train.is_sorted() && split.train.iter().all(|&row| row < 40));
    }

    proptest! {
        #[test]
        fn every_row_once_and_every_class_its_share(
            labels in prop::collection::vec(0u32..6, 1..200), fraction in 0.0..0.95, seed: u64,
        ) {
            let split = split(&labels, fraction, seed);
            let mut rows: Vec<usize> = split.train.iter().chain(&split.test).copied().collect();
            rows.sort_unstable();
            prop_assert!(rows.into_iter().eq(0..labels.len()));
            for class in 0..6 {
                let of_class = |rows: &[usize]| rows.iter().filter(|&&row| labels[row] == class).count();
                let (train, test) = (of_class(&split.train), of_class(&split.test));
                let share = (train + test) as f64 * fraction;
                prop_assert!(train > 0 || test == 0);
                prop_assert!((test as f64 - share).abs() < 1.0 + 1e-9 || train == 1, "{test} of {share}");
            }
        }
    }
}
