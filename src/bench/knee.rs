//! From where on more candidates are no faster: where a saturating curve, fitted to all populations at once, has 90 % of
//! its peak.
//!
//! A single population is no witness: where throughput hardly rises with population, a few percent of noise move the first
//! that has 90 % of the highest by several powers of two. A curve of few parameters takes its evidence from all of them.

use serde::{Deserialize, Serialize};

use crate::statistics::median;

/// Share of the highest throughput that the knee has.
const SHARE: f64 = 0.9;
/// Share that must have been measured at the knee, whatever the fitted curve says of it: where throughput jumps, a smooth
/// curve is early.
const MEASURED: f64 = 0.75;
/// How much more throughput the last population may bring before the curve counts as still rising.
const RISING: f64 = 1.1;
/// How far, as a logarithm, a point lies from a curve that fits.
const DEVIATION: f64 = 0.1;
/// How sharply a curve bends: 1 as where a fixed cost is shared by more and more candidates, 8 as where a device fills up.
const BENDS: [f64; 6] = [1.0, 1.5, 2.0, 3.0, 4.0, 8.0];
/// Knees that are tried in each power of two, and powers of two below the first population.
const TRIED: (u32, i32) = (16, 4);
/// Sweeps of the median polish: it changes little after three.
const SWEEPS: usize = 6;

/// What a curve of throughput against population says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// The smallest population measured with 90 % of the highest throughput, by a curve fitted to all.
    pub population: u32,
    /// Highest throughput measured, in candidates per second.
    pub peak: f64,
    /// The population that had it.
    pub peak_population: u32,
    /// Whether the curve had stopped rising: where the last population still brought more than 10 % over all before, and the
    /// fitted curve bends near it, the knee lies beyond what was measured.
    pub reached: bool,
}

/// The knee of a curve of (population, candidates per second) in ascending order; none of an empty one. A curve of one
/// point has not shown that it stops rising.
///
/// The curve is `peak / (1 + (p / population)^bend)^(1 / bend)`. Every knee and bend within reach counts by how well it
/// fits (least squares of logarithms, sharp bends a little less likely beforehand), and the mean of the knees' logarithms
/// is rounded up to the next population of the curve: a small change of the points moves it by little. What falls below 90 %
/// behind the peak, where data leave the caches, is left out. The knee is no population below the first with 75 % of the
/// highest throughput, by an isotonic fit of medians of three.
pub fn knee(curve: &[(u32, f64)]) -> Option<Knee> {
    let (peak_population, peak) = curve.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let rates: Vec<f64> = curve.iter().map(|point| point.1).collect();
    let (last, before) = rates.split_last()?;
    // One population at which the machine was disturbed is no fall.
    let smooth = smooth(&rates);
    let falls = smooth.iter().rposition(|rate| *rate >= SHARE * smooth.iter().copied().fold(0.0, f64::max))?;
    let rising: Vec<(f64, f64)> =
        curve[..=falls].iter().map(|(population, rate)| (f64::from(*population), rate.ln())).collect();
    let fitted = fitted(&rising);
    let far = before.len() > 1 && 2.0 * fitted <= f64::from(curve.last()?.0);
    let reached = far || before.iter().any(|rate| *last <= RISING * rate);
    let measured = isotonic(&smooth[..=falls].iter().map(|rate| rate.ln()).collect::<Vec<_>>());
    let enough = measured.last()? + MEASURED.ln() - 1e-9;
    // Rounding of logarithms is no reason to take the next.
    let place = (0..rising.len() - 1).find(|place| rising[*place].0 >= 0.999 * fitted && measured[*place] >= enough);
    Some(Knee { population: curve[place.unwrap_or(rising.len() - 1)].0, peak, peak_population, reached })
}

/// Medians of each value and its neighbours, the ends as they are.
fn smooth(values: &[f64]) -> Vec<f64> {
    let mut smooth = values.to_vec();
    for (place, three) in values.windows(3).enumerate() {
        smooth[place + 1] = median(three).unwrap_or(three[1]);
    }
    smooth
}

/// Where curves that fit (population, logarithm of the rate) have 90 % of their peak, in the mean of logarithms.
fn fitted(points: &[(f64, f64)]) -> f64 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return 0.0 };
    let (low, high) = (first.0.log2() - f64::from(TRIED.1), last.0.log2() + 1.0);
    let steps = ((high - low) * f64::from(TRIED.0)).ceil() as u32;
    let mut tried = Vec::new();
    for bend in BENDS {
        // The knee in units of the curve's own population.
        let own = (SHARE.powf(-bend) - 1.0).powf(-1.0 / bend);
        for step in 0..steps {
            let knee = low + f64::from(step) / f64::from(TRIED.0);
            let p = knee.exp2() / own;
            let left: Vec<f64> =
                points.iter().map(|(population, rate)| rate + (p / population).powf(bend).ln_1p() / bend).collect();
            let peak = left.iter().sum::<f64>() / left.len() as f64;
            let squares: f64 = left.iter().map(|value| (value - peak).powi(2)).sum();
            tried.push((knee, -squares / (2.0 * DEVIATION * DEVIATION) - bend.ln()));
        }
    }
    let best = tried.iter().map(|one| one.1).fold(f64::NEG_INFINITY, f64::max);
    let weighed = tried.iter().map(|(knee, weight)| (knee, (weight - best).exp()));
    let (sum, weights) = weighed.fold((0.0, 0.0), |(sum, weights), (knee, w)| (sum + w * knee, weights + w));
    (sum / weights).exp2()
}

/// The ascending values nearest to these in the sense of least squares: neighbours that descend are replaced by their mean.
fn isotonic(values: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for value in values {
        let mut pool = (*value, 1);
        while let Some((mean, count)) = pools.last().copied().filter(|last| last.0 > pool.0) {
            pools.pop();
            let both = count + pool.1;
            pool = ((mean * count as f64 + pool.0 * pool.1 as f64) / both as f64, both);
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count)).collect()
}

/// The throughput of each population, of runs that went by turns: the n-th run of one beside the n-th of all others. What a
/// turn was slower or faster for all is taken off by median polish (Tukey 1977), so a machine that is slow for a while
/// moves the level of all or of none. Populations may have fewer turns than others.
pub fn levels(rates: &[Vec<f64>]) -> Vec<f64> {
    let logs: Vec<Vec<f64>> = rates.iter().map(|runs| runs.iter().map(|rate| rate.ln()).collect()).collect();
    let turns = logs.iter().map(Vec::len).max().unwrap_or(0);
    let (mut turn, mut level) = (vec![0.0; turns], vec![0.0; logs.len()]);
    for _ in 0..SWEEPS {
        for (level, runs) in level.iter_mut().zip(&logs) {
            let left: Vec<f64> = runs.iter().zip(&turn).map(|(run, turn)| run - turn).collect();
            *level = median(&left).unwrap_or(*level);
        }
        for (place, turn) in turn.iter_mut().enumerate() {
            let left: Vec<f64> =
                logs.iter().zip(&level).filter_map(|(runs, level)| Some(runs.get(place)? - level)).collect();
            *turn = median(&left).unwrap_or(*turn);
        }
    }
    level.into_iter().map(f64::exp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::numbers;

    /// Shapes that two processors and their caches, or a card that fills up, give; the population with 90 % is known.
    const SHAPES: [(u32, &[f64], u32); 7] = [
        (1, &[240.0, 250.0, 262.0, 270.0, 272.0, 274.0, 275.0, 275.0], 2),
        (1, &[145.0, 157.0, 162.0, 166.0, 170.0, 173.0, 176.0, 180.0], 2),
        (256, &[350.0, 380.0, 410.0, 700.0, 930.0, 968.0, 950.0, 930.0, 880.0, 806.0, 569.0, 368.0], 4096),
        (256, &[400.0, 400.0, 390.0, 560.0, 560.0, 560.0, 560.0, 560.0, 560.0, 560.0, 565.0, 565.0], 2048),
        (64, &[3.94, 4.95, 6.46, 7.3, 8.2, 8.2, 8.25], 1024),
        (64, &[1.0, 2.0, 4.0, 8.0, 16.0, 16.0, 16.0, 16.0, 16.0, 16.0], 1024),
        (64, &[1.0, 2.0, 4.0, 7.0, 9.5, 10.0, 10.0, 9.0, 5.0, 4.0, 4.0], 1024),
    ];

    fn populations(first: u32, count: usize) -> impl Iterator<Item = u32> {
        (0..count).map(move |k| first << k)
    }

    /// Runs of a machine that others use: turns that are slow for all, noise of each run, and one in ten that takes twice
    /// as long.
    fn disturbed(rates: &[f64], turns: u32, seed: u32) -> Vec<Vec<f64>> {
        let count = rates.len() as u32;
        let drawn = numbers(turns * (1 + 4 * count), seed);
        let (slow, noise) = drawn.split_at(turns as usize);
        let run = |place: usize, turn: usize| {
            let own = &noise[(turn * rates.len() + place) * 4..][..4];
            // Three uniform numbers of variance 1/3 add up to about a normal one.
            let twice = if own[3] < -0.8 { 0.7 } else { 0.0 };
            let log = 0.35 * slow[turn] + 0.1 * (own[0] + own[1] + own[2]) - twice;
            rates[place] * f64::from(log).exp()
        };
        (0..rates.len()).map(|place| (0..turns as usize).map(|turn| run(place, turn)).collect()).collect()
    }

    /// The rule that was: the first median with 90 % of the highest, over medians of three.
    fn first_above(runs: &[Vec<f64>]) -> usize {
        let medians: Vec<f64> = runs.iter().filter_map(|runs| median(runs)).collect();
        let smooth = smooth(&medians);
        let highest = smooth.iter().copied().fold(0.0, f64::max);
        smooth.iter().position(|rate| *rate >= SHARE * highest).unwrap()
    }

    #[test]
    fn knees_of_a_disturbed_machine_are_within_a_power_of_two() {
        let (mut moved, mut moved_before, mut away, mut all) = (0, 0, 0, 0);
        for (index, (first, rates, known)) in SHAPES.into_iter().enumerate() {
            for trial in 0..20 {
                let (mut knees, mut before) = (Vec::new(), Vec::new());
                for bench in 0..5 {
                    let runs = disturbed(rates, 13, 1 + bench + 5 * trial + 1000 * index as u32);
                    let curve: Vec<_> = populations(first, rates.len()).zip(levels(&runs)).collect();
                    knees.push(knee(&curve).unwrap().population.ilog2());
                    before.push(first_above(&runs) as u32);
                }
                let range = |all: &[u32]| all.iter().max().unwrap() - all.iter().min().unwrap();
                moved += u32::from(range(&knees) > 1);
                moved_before += u32::from(range(&before) > 1);
                away += knees.iter().filter(|knee| knee.abs_diff(known.ilog2()) > 1).count();
                all += knees.len();
            }
        }
        assert!(moved <= 4, "{moved} of 140 fives moved by more than one power of two");
        assert!(moved_before > 40, "the rule before did as well: {moved_before}");
        assert!(100 * away <= 2 * all, "{away} of {all} more than one power of two from what is known");
    }

    #[test]
    fn knees_without_noise_are_where_they_are_known_to_be_or_beside() {
        for (first, rates, known) in SHAPES {
            let curve: Vec<_> = populations(first, rates.len()).zip(rates.iter().copied()).collect();
            let found = knee(&curve).unwrap().population;
            assert!(found.ilog2().abs_diff(known.ilog2()) <= 1, "{rates:?}: {found}, not {known}");
        }
        // A fixed cost shared by all has 90 % at nine times the population where it halves throughput.
        let shared: Vec<_> = populations(1, 16).map(|p| (p, f64::from(p) / f64::from(p + 50))).collect();
        assert_eq!(knee(&shared).unwrap().population, 512);
    }

    #[test]
    fn a_turn_that_is_slow_for_all_moves_no_level() {
        let even = vec![vec![8.0, 8.0, 8.0], vec![16.0, 16.0, 16.0], vec![20.0, 20.0]];
        let slow = vec![vec![8.0, 2.0, 4.0], vec![16.0, 4.0, 8.0], vec![20.0, 5.0]];
        let ratios = |runs: &[Vec<f64>]| {
            let levels = levels(runs);
            [levels[1] / levels[0], levels[2] / levels[0]]
        };
        for (a, b) in ratios(&even).into_iter().zip(ratios(&slow)) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
        assert!(levels(&[]).is_empty());
        assert_eq!(levels(&[vec![3.0]]).len(), 1);
    }

    #[test]
    fn isotonic_values_are_means_of_what_descends() {
        assert_eq!(isotonic(&[1.0, 3.0, 2.0, 5.0, 4.0, 3.0]), [1.0, 2.5, 2.5, 4.0, 4.0, 4.0]);
        assert!(isotonic(&[]).is_empty());
    }
}
