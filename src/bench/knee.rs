//! From where on more candidates are no faster.

use serde::{Deserialize, Serialize};

use crate::statistics::median;

/// Share of the highest throughput that the knee has at least.
const SHARE: f64 = 0.9;
/// How much more throughput the last population may bring before the curve counts as still rising.
const RISING: f64 = 1.1;

/// What a curve of throughput against population says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// The smallest population with 90 % of the highest throughput.
    pub population: u32,
    /// Highest throughput measured, in candidates per second.
    pub peak: f64,
    /// The population that had it.
    pub peak_population: u32,
    /// Whether the curve had stopped rising: where the last population still brought more than 10 % over all before, the
    /// knee lies beyond what was measured.
    pub reached: bool,
}

/// The knee of a curve of (population, candidates per second) in ascending order; none of an empty one. A curve of one
/// point has not shown that it stops rising.
///
/// A point counts as the median of itself and its two neighbours, so that one population at which the machine was
/// disturbed does not move the knee; the ends count as they are.
pub fn knee(curve: &[(u32, f64)]) -> Option<Knee> {
    let (peak_population, peak) = curve.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let rates: Vec<f64> = curve.iter().map(|point| point.1).collect();
    let mut smooth = rates.clone();
    for (place, three) in rates.windows(3).enumerate() {
        smooth[place + 1] = median(three)?;
    }
    let highest = smooth.iter().copied().fold(0.0, f64::max);
    let place = smooth.iter().position(|rate| *rate >= SHARE * highest)?;
    let (last, before) = rates.split_last()?;
    let reached = before.iter().any(|rate| *last <= RISING * rate);
    Some(Knee { population: curve[place].0, peak, peak_population, reached })
}
