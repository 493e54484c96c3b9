//! What repeated runs say together: mean, spread, median, and whether two samples differ.

use serde::{Deserialize, Serialize};

/// Samples this large at most are tested: the work grows with the fourth power.
pub const LARGEST_SAMPLE: usize = 100;

/// Mean and spread of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the population it was drawn from (n - 1 in the denominator); none for a single value.
    pub sd: Option<f64>,
}

impl Spread {
    /// Of a sample; none of an empty one.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        (!values.is_empty()).then_some(Self { mean, sd })
    }

    /// As `mean ± sd` with so many decimals.
    pub fn shown(&self, decimals: usize) -> String {
        match self.sd {
            Some(sd) => format!("{:.decimals$} ± {sd:.decimals$}", self.mean),
            None => format!("{:.decimals$}", self.mean),
        }
    }
}

/// The middle value, or the mean of the two in the middle; none of an empty sample.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    Some(if sorted.len() % 2 == 1 { upper } else { 0.5 * (sorted[sorted.len() / 2 - 1] + upper) })
}

/// What [`rank_test`] found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankTest {
    /// Pairs in which the first sample's value is the larger one, ties as halves.
    pub u: f64,
    /// Probability of ranks at least this far apart when both samples come from the same place.
    pub p: f64,
}

/// The two-sided test of Mann and Whitney (1947), exact: all ways to deal the ranks at hand to the two samples are
/// counted, ties among them as they are (an accuracy is a number of rows, so ties are the rule). None for samples that
/// are empty, larger than [`LARGEST_SAMPLE`], or hold NaN.
pub fn rank_test(first: &[f64], second: &[f64]) -> Option<RankTest> {
    let sizes = 1..=LARGEST_SAMPLE;
    let all: Vec<f64> = first.iter().chain(second).copied().collect();
    if !sizes.contains(&first.len()) || !sizes.contains(&second.len()) || all.iter().any(|value| value.is_nan()) {
        return None;
    }
    // Twice the mean rank: a whole number, ties or not.
    let rank = |value: &f64| {
        let below = all.iter().filter(|other| *other < value).count();
        let same = all.iter().filter(|other| *other == value).count();
        2 * below + same + 1
    };
    let observed: usize = first.iter().map(rank).sum();
    // ways[k][s]: how many choices of k values have ranks that add up to s.
    let total = all.len() * (all.len() + 1);
    let mut ways = vec![vec![0.0f64; total + 1]; first.len() + 1];
    ways[0][0] = 1.0;
    for value in &all {
        let rank = rank(value);
        for k in (1..=first.len()).rev() {
            let (fewer, more) = ways.split_at_mut(k);
            for sum in rank..=total {
                more[0][sum] += fewer[k - 1][sum - rank];
            }
        }
    }
    let ways = &ways[first.len()];
    let tail = ways[..=observed].iter().sum::<f64>().min(ways[observed..].iter().sum());
    let p = (2.0 * tail / ways.iter().sum::<f64>()).min(1.0);
    let least = first.len() * (first.len() + 1);
    Some(RankTest { u: 0.5 * (observed - least) as f64, p })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_and_median_of_small_samples() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[3.0]), Some(Spread { mean: 3.0, sd: None }));
        // 2, 4, 4, 4, 5, 5, 7, 9: squares about the mean 5 add up to 32.
        let spread = Spread::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert!((spread.sd.unwrap() - (32.0f64 / 7.0).sqrt()).abs() < 1e-12);
        assert_eq!(spread.shown(2), "5.00 ± 2.14");
        assert_eq!((median(&[]), median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0])), (None, Some(2.0), Some(2.5)));
    }

    /// Values of scipy 1.17: `method="exact"` without ties, all permutations with ties.
    #[test]
    fn rank_tests_agree_with_known_values() {
        let cases: [(&[f64], &[f64], f64, f64); 7] = [
            (&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], 0.0, 0.1),
            (&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0], 0.0, 2.0 / 70.0),
            (&[5.0, 6.0, 7.0, 8.0], &[1.0, 2.0, 3.0, 4.0], 16.0, 2.0 / 70.0),
            (&[19.0, 22.0, 16.0, 29.0, 24.0], &[20.0, 11.0, 17.0, 12.0], 17.0, 1.0 / 9.0),
            (&[1.0, 2.0, 4.0, 6.0, 9.0], &[3.0, 5.0, 7.0, 8.0, 10.0], 7.0, 78.0 / 252.0),
            (&[0.9, 0.9333, 0.9667, 0.9667, 1.0], &[0.8667, 0.9, 0.9, 0.9333, 0.9333], 21.0, 28.0 / 252.0),
            (&[0.9, 0.9, 1.0, 1.0], &[0.8, 0.9, 0.9, 0.9, 0.9, 0.8], 20.0, 30.0 / 210.0),
        ];
        for (first, second, u, p) in cases {
            let test = rank_test(first, second).unwrap();
            assert_eq!(test.u, u, "{first:?}");
            assert!((test.p - p).abs() < 1e-12, "{first:?}: {} is not {p}", test.p);
        }
        assert_eq!(rank_test(&[1.0; 5], &[1.0; 5]).unwrap().p, 1.0);
        assert_eq!(rank_test(&[], &[1.0]), None);
        assert_eq!(rank_test(&[f64::NAN], &[1.0]), None);
    }

    /// Siegel (1956), table K: with 8 and 8 values, U = 13 is the largest that is clear at 0.05 on two sides.
    #[test]
    fn the_critical_value_of_the_tables() {
        let with_u = |u: usize| {
            // Seven values below all of the second sample, the eighth above `u` of them.
            let mut first: Vec<f64> = (0..7).map(f64::from).collect();
            let mut second: Vec<f64> = (0..8).map(|i| 100.0 + f64::from(i)).collect();
            if u > 8 {
                first[6] = 99.5 + (u - 8) as f64;
            }
            first.push(99.5 + u.min(8) as f64);
            second.rotate_left(3);
            rank_test(&first, &second).unwrap()
        };
        assert_eq!((with_u(13).u, with_u(14).u), (13.0, 14.0));
        assert!(with_u(13).p < 0.05 && with_u(14).p > 0.05);
    }
}
