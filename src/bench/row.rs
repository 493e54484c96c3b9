//! What was measured at one population.

use serde::{Deserialize, Serialize};

use super::{Cost, Limits};
use crate::statistics::median;

/// A sample in two numbers that a single outlier does not move.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The middle value.
    pub median: f64,
    /// Half the distance between the quartiles.
    pub spread: f64,
}

/// Median and spread of a sample; none of an empty one.
pub fn spread(values: &[f64]) -> Option<Spread> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Quartiles lie at a quarter and three quarters of the way, between neighbours where need be.
    let at = |share: f64| {
        let place = share * sorted.len().saturating_sub(1) as f64;
        let (low, high) = (place.floor() as usize, place.ceil() as usize);
        Some(sorted.get(low)? + place.fract() * (sorted.get(high)? - sorted.get(low)?))
    };
    Some(Spread { median: median(values)?, spread: 0.5 * (at(0.75)? - at(0.25)?) })
}

/// What was measured at one population.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The workload.
    pub workload: String,
    /// Candidates.
    pub population: u32,
    /// Candidates per second, over the runs.
    pub candidates_per_second: Spread,
    /// Generations per second, the median.
    pub generations_per_second: f64,
    /// 1e9 bytes moved per second: what the workload cannot do without, not what caches or kernels add.
    pub gigabytes_per_second: f64,
    /// 1e9 multiplications and additions per second.
    pub gigaflops: f64,
    /// Share of the bytes per second that a kernel on this device can copy. Above 1 where data lie in caches.
    pub copy_share: f64,
    /// Share of the multiplications and additions that this device can do.
    pub multiply_add_share: f64,
    /// Bytes of device memory.
    pub memory: u64,
    /// Seconds of allocating, uploading and compiling, and of what the first generation took longer than the next.
    pub setup_seconds: f64,
    /// Generations of a run, one submission.
    pub generations: u32,
    /// Seconds of a generation in every run.
    pub runs: Vec<f64>,
}

/// What was clocked at one population.
pub(super) struct Clocked {
    pub(super) population: u32,
    /// Seconds of a generation in every run.
    pub(super) runs: Vec<f64>,
    pub(super) generations: u32,
    pub(super) setup_seconds: f64,
    pub(super) memory: u64,
}

impl Clocked {
    /// Seconds of a generation, the median.
    pub(super) fn generation(&self) -> f64 {
        median(&self.runs).unwrap_or(0.0)
    }
}

impl Row {
    /// None without a run.
    pub(super) fn new(workload: &str, clocked: &Clocked, cost: &Cost, limits: &Limits) -> Option<Self> {
        let candidates = f64::from(clocked.population);
        let rates: Vec<f64> = clocked.runs.iter().map(|seconds| candidates / seconds.max(1e-12)).collect();
        let rate = spread(&rates)?;
        let (bytes, operations) = (rate.median * cost.bytes, rate.median * cost.operations);
        Some(Self {
            workload: workload.into(),
            population: clocked.population,
            candidates_per_second: rate,
            generations_per_second: rate.median / candidates,
            gigabytes_per_second: 1e-9 * bytes,
            gigaflops: 1e-9 * operations,
            copy_share: bytes / limits.copy,
            multiply_add_share: operations / limits.multiply_add,
            memory: clocked.memory,
            setup_seconds: clocked.setup_seconds,
            generations: clocked.generations,
            runs: clocked.runs.clone(),
        })
    }

    /// Candidates per second of every run.
    pub fn rates(&self) -> Vec<f64> {
        self.runs.iter().map(|seconds| f64::from(self.population) / seconds.max(1e-12)).collect()
    }

    /// Seconds of a generation, the median.
    pub fn seconds(&self) -> f64 {
        1.0 / self.generations_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_half_of_what_lies_between_the_quartiles() {
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0]), Some(Spread { median: 3.0, spread: 0.0 }));
        assert_eq!(spread(&[5.0, 1.0, 3.0, 2.0, 900.0]), Some(Spread { median: 3.0, spread: 1.5 }));
        assert_eq!(spread(&[1.0, 2.0]), Some(Spread { median: 1.5, spread: 0.25 }));
    }

    #[test]
    fn a_row_follows_from_seconds_and_cost() {
        let cost = Cost { bytes: 100.0, operations: 1e3, memory: 1, shared_memory: 0 };
        let limits = Limits { copy: 1e6, driver_copy: 2e6, multiply_add: 1e8 };
        let clocked =
            Clocked { population: 50, runs: vec![0.01, 0.02, 0.005], generations: 3, setup_seconds: 0.5, memory: 7 };
        let row = Row::new("w", &clocked, &cost, &limits).unwrap();
        assert_eq!((row.candidates_per_second.median, row.generations_per_second), (5000.0, 100.0));
        assert_eq!((row.copy_share, row.multiply_add_share), (0.5, 0.05));
        assert!((row.gigaflops - 5e-3).abs() < 1e-15 && row.seconds() == 0.01);
    }
}
