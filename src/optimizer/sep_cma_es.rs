//! Sep-CMA-ES (Ros and Hansen 2008): covariance matrix adaptation (Hansen and Ostermeier 2001) with a diagonal matrix,
//! learning faster in return: linear in time and memory.

use serde::{Deserialize, Serialize};

use super::strategy::Strategy;
use super::{Entry, listed, within};
use crate::Result;
use crate::gpu::Threads;
use crate::population::{Context, Domain, Noise, Optimizer, Shape, Step};

/// Diagonal covariance matrix adaptation; constants of Hansen's tutorial (2016), c_1 and c_mu times (n + 2) / 3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SepCmaEs {
    /// First step size, in standard deviations of a first coordinate.
    pub sigma: f32,
}

impl Default for SepCmaEs {
    fn default() -> Self {
        Self { sigma: 0.5 }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "sep-cma-es",
    about: "covariance matrix adaptation, diagonal (Ros and Hansen 2008)",
    settings: &[("sigma", "first step size, in standard deviations of a first coordinate")],
    build: |value| Ok(Box::new(serde_json::from_value::<SepCmaEs>(value)?)),
};

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    path_rate: f32,
    path_gain: f32,
    damping: f32,
    expected: f32,
    rank_one: f32,
    rank_mu: f32,
    cumulation: f32,
    cumulation_gain: f32,
    dims: f32,
}

/// Weights of the better half, by rank, and their effective number.
fn weights(members: u32) -> (Vec<f64>, f64) {
    let best = members / 2;
    let raw =
        (1..=members).map(|i| if i <= best { (f64::from(members + 1) / 2.0).ln() - f64::from(i).ln() } else { 0.0 });
    let raw: Vec<f64> = raw.collect();
    let sum: f64 = raw.iter().sum();
    let all: Vec<f64> = raw.iter().map(|w| w / sum).collect();
    let effective = 1.0 / all.iter().map(|w| w * w).sum::<f64>();
    (all, effective)
}

impl Settings {
    fn new(dims: u32, mu: f64) -> Self {
        let n = f64::from(dims);
        let c_s = (mu + 2.0) / (n + mu + 5.0);
        let d_s = 1.0 + 2.0 * (((mu - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + c_s;
        let c_c = (4.0 + mu / n) / (n + 4.0 + 2.0 * mu / n);
        let faster = (n + 2.0) / 3.0;
        let c_1 = (faster * 2.0 / ((n + 1.3).powi(2) + mu)).min(0.9);
        let c_mu = (faster * 2.0 * (mu - 2.0 + 1.0 / mu) / ((n + 2.0).powi(2) + mu)).clamp(0.0, 1.0 - c_1);
        let expected = n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n));
        Self {
            path_rate: c_s as f32,
            path_gain: (c_s * (2.0 - c_s) * mu).sqrt() as f32,
            damping: (c_s / d_s) as f32,
            expected: expected as f32,
            rank_one: c_1 as f32,
            rank_mu: c_mu as f32,
            cumulation: c_c as f32,
            cumulation_gain: (c_c * (2.0 - c_c) * mu).sqrt() as f32,
            dims: n as f32,
        }
    }
}

impl Optimizer for SepCmaEs {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn settings(&self) -> serde_json::Value {
        listed(self)
    }

    fn arrays(&self) -> u32 {
        0
    }

    fn moves_blocks(&self) -> bool {
        false
    }

    fn check(&self) -> Result<()> {
        within("sigma", self.sigma, f32::MIN_POSITIVE, f32::MAX)
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let noise = Noise { antithetic: false, rank: None };
        let mut strategy = Strategy::new(context, shape, domain, noise, self.sigma)?;
        let (weights, effective) = weights(strategy.members());
        strategy.rank(&weights)?;
        strategy.lean(true)?;
        let dims = strategy.dims();
        strategy.settings(&Settings::new(dims, effective))?;
        strategy.keep("paths", &vec![[0.0f32; 2]; dims as usize])?;
        strategy.keep("variance", &vec![1.0f32; dims as usize])?;
        strategy.keep("step_size", &[0.0f32; 4])?;
        let source = strategy.source()?.piece("sep-cma-es", include_str!("../../shaders/optimizer/sep-cma-es.wgsl"))?;
        strategy.then("walk", &source, Threads::Line(dims))?;
        strategy.then("resize", &source, Threads::Groups(1))?;
        strategy.then("adapt", &source, Threads::Line(dims))?;
        Ok(strategy.finish())
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn settings_are_laid_out_as_in_the_shader() {
        let fields = [
            ("path_rate", offset_of!(Settings, path_rate)),
            ("path_gain", offset_of!(Settings, path_gain)),
            ("damping", offset_of!(Settings, damping)),
            ("expected", offset_of!(Settings, expected)),
            ("rank_one", offset_of!(Settings, rank_one)),
            ("rank_mu", offset_of!(Settings, rank_mu)),
            ("cumulation", offset_of!(Settings, cumulation)),
            ("cumulation_gain", offset_of!(Settings, cumulation_gain)),
            ("dims", offset_of!(Settings, dims)),
        ];
        let text = include_str!("../../shaders/optimizer/sep-cma-es.wgsl");
        same_layout(text, "SepCma", size_of::<Settings>(), &fields);
    }

    #[test]
    fn learning_rates_stay_rates() {
        for (dims, members) in [(1, 4), (2, 100), (83, 64), (2410, 64), (25_450, 100_000)] {
            let (weights, effective) = weights(members);
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let settings = Settings::new(dims, effective);
            assert!(settings.rank_one > 0.0 && settings.rank_one + settings.rank_mu <= 1.0 + 1e-6);
            assert!(settings.path_rate < 1.0 && settings.damping.is_finite());
        }
    }
}
