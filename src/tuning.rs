//! Which shapes of kernels are fastest on this adapter: candidates measured by turns, the best kept in the user's cache.
//!
//! Results are the same whatever is chosen (see [`crate::gpu::Tuning`]), so a choice that noise has made costs some speed
//! and nothing else. The usual shape stays unless another is clearly faster.

mod cache;

use std::time::Instant;

use serde::Serialize;

use crate::Result;
use crate::bench::{Scoring, dense_network};
use crate::gpu::{Dense, Gpu, Tuning};
use crate::statistics::median;
pub use cache::Cache;

/// How much faster than the usual a shape must be to be taken.
const CLEARLY: f64 = 1.05;
/// Seconds of work that a run aims at, and seconds for all runs of a tunable.
const SECONDS: (f64, f64) = (0.02, 1.2);
/// Turns, at least and at most.
const TURNS: (usize, usize) = (5, 25);

/// Something with several shapes to choose from.
struct Tunable {
    name: &'static str,
    /// The usual one first.
    shapes: Vec<Tuning>,
    /// Layers of networks that are scored by its kernels, and rows.
    networks: &'static [(&'static [u32], u32)],
    /// Candidates: on software adapters, on others.
    members: [u32; 2],
}

/// What a shape came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// What it is a shape of.
    pub tunable: &'static str,
    /// The shape, in words.
    pub shape: String,
    /// Seconds of scoring once the networks that it was measured with, medians added up.
    pub seconds: f64,
    /// Its time over that of the usual shape in the same turn, the median.
    pub ratio: f64,
    /// Whether it is the usual one.
    pub usual: bool,
    /// Whether it was taken.
    pub chosen: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuned {
    /// The shapes that were taken.
    pub tuning: Tuning,
    /// All shapes.
    pub measured: Vec<Measured>,
    /// Seconds that it took, compiling included.
    pub seconds: f64,
}

/// Every tuning that is measured on this adapter, the usual one first, one tunable changed at a time: for tests that hold
/// results equal.
pub fn candidates(gpu: &Gpu) -> Vec<Tuning> {
    tunables(gpu).into_iter().flat_map(|tunable| tunable.shapes).collect()
}

/// Measures all shapes; `watch` is told the name of what comes next.
///
/// # Errors
/// Those of the device.
pub fn tune(gpu: &Gpu, watch: &mut dyn FnMut(&str)) -> Result<Tuned> {
    let began = Instant::now();
    let mut tuning = Tuning::usual(gpu);
    let mut measured = Vec::new();
    for tunable in tunables(gpu) {
        watch(tunable.name);
        let times = tunable.measure(gpu)?;
        let best = chosen(&times);
        match tunable.name {
            "dense" => tuning.dense = tunable.shapes[best].dense,
            _ => tuning.rows_at_once = tunable.shapes[best].rows_at_once,
        }
        for (place, (shape, times)) in tunable.shapes.iter().zip(&times).enumerate() {
            measured.push(Measured {
                tunable: tunable.name,
                shape: tunable.told(shape),
                seconds: times.seconds,
                ratio: median(&times.ratios).unwrap_or(1.0),
                usual: place == 0,
                chosen: place == best,
            });
        }
    }
    Ok(Tuned { tuning, measured, seconds: began.elapsed().as_secs_f64() })
}

fn tunables(gpu: &Gpu) -> [Tunable; 2] {
    let usual = Tuning::usual(gpu);
    let shape = |lanes, sums, units, broadcast| Dense { lanes, sums, units, broadcast };
    let dense = if usual.dense.broadcast {
        [
            shape(8, 64, 32, true),
            shape(8, 128, 16, true),
            shape(8, 128, 32, true),
            shape(8, 64, 16, true),
            shape(16, 128, 32, true),
            shape(64, 64, 8, false),
        ]
    } else {
        [
            shape(64, 32, 8, false),
            shape(64, 64, 16, false),
            shape(64, 128, 16, false),
            shape(32, 64, 8, false),
            shape(128, 64, 8, false),
            shape(256, 32, 8, false),
        ]
    };
    let with = |dense| Tuning { dense, ..usual };
    let dense: Vec<_> = std::iter::once(usual).chain(dense.map(with)).filter(|tuning| tuning.fits(gpu)).collect();
    [
        Tunable {
            name: "dense",
            shapes: dense,
            networks: &[(&[784, 32, 10], 512), (&[64, 128, 64, 10], 256)],
            // Enough that weights do not stay in a cache.
            members: [64, 256],
        },
        Tunable {
            name: "registers",
            shapes: vec![usual, Tuning { rows_at_once: 8, ..usual }],
            networks: &[(&[4, 10, 3], 150)],
            members: [2_048, 262_144],
        },
    ]
}

/// Seconds of a shape.
#[derive(Clone, Debug, Default)]
struct Times {
    seconds: f64,
    /// To the usual shape, by turn.
    ratios: Vec<f64>,
}

impl Tunable {
    fn told(&self, tuning: &Tuning) -> String {
        let Dense { lanes, sums, units, broadcast } = tuning.dense;
        match self.name {
            "dense" => {
                let fetch = if broadcast { "broadcast" } else { "vectors" };
                format!("{lanes} lanes, {sums} sums, {units} units, weights by {fetch}")
            }
            _ => format!("{} rows at once", tuning.rows_at_once),
        }
    }

    /// Every shape in every turn, so that what slows the machine slows all of them.
    fn measure(&self, gpu: &Gpu) -> Result<Vec<Times>> {
        let members = self.members[usize::from(!gpu.is_software())];
        let mut scorings = Vec::new();
        for tuning in &self.shapes {
            let gpu = gpu.clone().with_tuning(*tuning);
            let networks =
                self.networks.iter().map(|(layers, rows)| Scoring::new(&gpu, &dense_network(layers, *rows)?, members));
            scorings.push(networks.collect::<Result<Vec<_>>>()?);
        }
        let mut times = Vec::new();
        for place in 0..self.networks.len() {
            // The first dispatch compiles.
            for scoring in &scorings {
                scoring[place].seconds(1)?;
            }
            times.push((SECONDS.0 / scorings[0][place].seconds(1)?.max(1e-9)).clamp(1.0, 64.0) as u32);
        }
        let began = Instant::now();
        let mut turns: Vec<Vec<Vec<f64>>> = Vec::new();
        while turns.len() < TURNS.0 || (turns.len() < TURNS.1 && began.elapsed().as_secs_f64() < SECONDS.1) {
            let mut turn = vec![vec![0.0; self.networks.len()]; scorings.len()];
            for (place, times) in times.iter().enumerate() {
                for (shape, scoring) in scorings.iter().enumerate() {
                    turn[shape][place] = scoring[place].seconds(*times)? / f64::from(*times);
                }
            }
            turns.push(turn);
        }
        Ok((0..scorings.len()).map(|shape| Times::of(&turns, shape)).collect())
    }
}

impl Times {
    /// Of the n-th shape, by turns of shapes of networks.
    fn of(turns: &[Vec<Vec<f64>>], shape: usize) -> Self {
        // Networks count alike, however long they take.
        let ratio = |turn: &Vec<Vec<f64>>| {
            let logs = turn[shape].iter().zip(&turn[0]).map(|(own, usual)| (own / usual.max(1e-12)).max(1e-12).ln());
            (logs.sum::<f64>() / turn[0].len() as f64).exp()
        };
        let networks = turns.first().map_or(0, |turn| turn[shape].len());
        let seconds =
            |network: usize| median(&turns.iter().map(|turn| turn[shape][network]).collect::<Vec<_>>()).unwrap_or(0.0);
        Self { seconds: (0..networks).map(seconds).sum(), ratios: turns.iter().map(ratio).collect() }
    }
}

/// The fastest shape that is clearly faster than the usual: in the median, and in three of four turns at all.
fn chosen(times: &[Times]) -> usize {
    let middle = |times: &Times| median(&times.ratios).unwrap_or(1.0);
    let clearly = |times: &Times| {
        let faster = times.ratios.iter().filter(|ratio| **ratio < 1.0).count();
        middle(times) < 1.0 / CLEARLY && 4 * faster >= 3 * times.ratios.len()
    };
    let clear = times.iter().enumerate().skip(1).filter(|(_, times)| clearly(times));
    clear.min_by(|a, b| middle(a.1).total_cmp(&middle(b.1))).map_or(0, |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_clearly_faster_is_taken() {
        let shape = |ratios: &[f64]| Times { seconds: 1.0, ratios: ratios.to_vec() };
        let usual = || shape(&[1.0; 8]);
        assert_eq!(chosen(&[usual()]), 0);
        assert_eq!(chosen(&[usual(), shape(&[0.97; 8])]), 0, "3 % may be noise");
        assert_eq!(chosen(&[usual(), shape(&[0.9; 8]), shape(&[0.8; 8])]), 2);
        // Half of its turns are far faster, the others slower.
        let uneven = shape(&[0.5, 0.5, 0.5, 0.5, 0.5, 1.1, 1.1, 1.1]);
        assert_eq!(chosen(&[usual(), uneven]), 0);
    }

    #[test]
    fn networks_count_alike_and_turns_are_paired() {
        // The second turn is slow for all; the second network is long.
        let turns = [vec![vec![1.0, 100.0], vec![0.5, 100.0]], vec![vec![4.0, 400.0], vec![2.0, 400.0]]];
        let times = Times::of(&turns, 1);
        assert!(times.ratios.iter().all(|ratio| (ratio - 0.5f64.sqrt()).abs() < 1e-12), "{times:?}");
        assert!((times.seconds - 251.25).abs() < 1e-9, "{times:?}");
    }
}
