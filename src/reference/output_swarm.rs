//! Twin of `shaders/objective/network/output_swarm.wgsl` for losses that are sums over outputs: the swarm of one output.

use super::random::{OUTPUT_SWARM, words};
use crate::population::{Origin, OutputSwarm};

/// Where a draw belongs: seed, generation, element (row times outputs plus output) and member.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The run's seed.
    pub seed: u64,
    /// Generations told before.
    pub generation: u32,
    /// Row of the batch times outputs, plus the output.
    pub element: u32,
    /// The member.
    pub member: u32,
}

/// The slope that stands in for that of `loss(y, target)` at an output `said` between 0 and 1.
pub fn slope(swarm: &OutputSwarm, place: Place, said: f64, target: f64, loss: impl Fn(f64, f64) -> f64) -> f64 {
    let pulls = |number: u32| {
        let Place { seed, generation, element, member } = place;
        let words = words(seed, generation, element, member, OUTPUT_SWARM + (number << 8));
        [0, 1].map(|i| f64::from(words[i] >> 8) * 2f64.powi(-24))
    };
    let start = |s: u32| {
        let u = pulls(s)[0];
        let start = match swarm.origin {
            Origin::Prediction => said + 2.0 * u - 1.0,
            Origin::Uniform => u,
            Origin::Label => target + 0.1f64.sqrt() * u,
        };
        start.clamp(0.0, 1.0)
    };
    let mut x: Vec<f64> = (0..swarm.particles).map(start).collect();
    let (mut v, mut m) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let mut own = x.clone();
    let mut own_loss: Vec<f64> = x.iter().map(|x| loss(*x, target)).collect();
    let leader = (0..x.len()).min_by(|a, b| own_loss[*a].total_cmp(&own_loss[*b])).unwrap_or(0);
    let (mut best, mut best_loss) = (x[leader], own_loss[leader]);
    let [c1, c2, beta] = [swarm.cognitive, swarm.social, swarm.beta].map(f64::from);
    let mut pull = 0.0;
    for i in 1..=swarm.iterations {
        let mut next = best;
        pull = 0.0;
        for s in 0..x.len() {
            let [r1, r2] = pulls(i * swarm.particles + s as u32);
            m[s] = beta * m[s] + (1.0 - beta) * v[s];
            v[s] = m[s] + c1 * r1 * (own[s] - x[s]) + c2 * r2 * (best - x[s]);
            x[s] = (x[s] + v[s]).clamp(0.0, 1.0);
            pull += c1 * r1 + c2 * r2;
            let now = loss(x[s], target);
            if now < own_loss[s] {
                (own_loss[s], own[s]) = (now, x[s]);
            }
            if now < best_loss {
                (best_loss, next) = (now, x[s]);
            }
        }
        best = next;
    }
    pull / f64::from(swarm.particles) / f64::from(swarm.eta) * (said - best)
}
