//! From where on more candidates are no faster.

use serde::{Deserialize, Serialize};

/// Share of the highest throughput that the knee has at least.
const SHARE: f64 = 0.9;
/// How much more throughput the last step may bring before the curve counts as still rising.
const RISING: f64 = 1.1;

/// What a curve of throughput against population says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// The smallest population with 90 % of the highest throughput measured.
    pub population: u32,
    /// Highest throughput measured, in candidates per second.
    pub peak: f64,
    /// The population that had it.
    pub peak_population: u32,
    /// Whether the curve had stopped rising: where the last step still brought more than 10 %, the knee lies beyond what
    /// was measured.
    pub reached: bool,
}

/// The knee of a curve of (population, candidates per second) in ascending order; none of an empty one. A curve of one
/// point has not shown that it stops rising.
pub fn knee(curve: &[(u32, f64)]) -> Option<Knee> {
    let (peak_population, peak) = curve.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let population = curve.iter().find(|point| point.1 >= SHARE * peak)?.0;
    let reached = match curve {
        [.., before, last] => last.1 <= RISING * before.1 || last.1 < peak,
        _ => false,
    };
    Some(Knee { population, peak, peak_population, reached })
}
