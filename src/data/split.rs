//! Holding rows out: stratified, shuffled, decided by the seed alone.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rand_philox::Philox;

/// Keeps the draws of the split apart from those of generated points.
const STREAM: u64 = 0x5917;

/// Row numbers of the two parts, each in random order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// The rows to learn from; at least one of every class.
    pub train: Vec<usize>,
    /// The rows held out; may be none.
    pub test: Vec<usize>,
}

/// Holds out `test_fraction` (0 to 1) of the rows so that every class gives its share, rounded down or up:
/// up go the classes with the largest remainders until the total is as near as possible to the fraction of
/// all rows. Every class keeps one row to learn from, so a class of one row is never tested.
pub fn split(labels: &[u32], test_fraction: f64, seed: u64) -> Split {
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, &label) in labels.iter().enumerate() {
        classes.entry(label).or_default().push(row);
    }
    let mut classes: Vec<Vec<usize>> = classes.into_values().collect();
    let counts = held_out(&classes.iter().map(Vec::len).collect::<Vec<_>>(), test_fraction);
    let mut random = Philox::from_u64_seed_stream(seed, STREAM);
    let mut split = Split::default();
    for (rows, count) in classes.iter_mut().zip(counts) {
        rows.shuffle(&mut random);
        split.test.extend(&rows[..count]);
        split.train.extend(&rows[count..]);
    }
    split.train.shuffle(&mut random);
    split.test.shuffle(&mut random);
    split
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
