//! SNES (Schaul, Glasmachers and Schmidhuber 2011): natural gradient of mean and deviation, coordinate by coordinate.

use serde::{Deserialize, Serialize};

use super::strategy::Strategy;
use super::{Entry, listed, within};
use crate::Result;
use crate::gpu::Threads;
use crate::population::{Context, Domain, Noise, Optimizer, Shape, Step};

/// Separable natural evolution strategy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Snes {
    /// First standard deviation of the noise, in standard deviations of a first coordinate.
    pub sigma: f32,
    /// Learning rate of the mean (eta_mu).
    pub mean_rate: f32,
    /// Learning rate of the deviations (eta_sigma); none for (3 + ln d) / (5 sqrt d).
    pub sigma_rate: Option<f32>,
}

impl Default for Snes {
    fn default() -> Self {
        Self { sigma: 0.5, mean_rate: 1.0, sigma_rate: None }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "snes",
    about: "separable natural evolution strategy (Schaul, Glasmachers and Schmidhuber 2011)",
    settings: &[
        ("sigma", "first standard deviation of the noise, in standard deviations of a first coordinate"),
        ("mean_rate", "learning rate of the mean"),
        ("sigma_rate", "learning rate of the deviations; null: (3 + ln d) / (5 sqrt d)"),
    ],
    build: |value| Ok(Box::new(serde_json::from_value::<Snes>(value)?)),
};

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    mean_rate: f32,
    spread_rate: f32,
}

/// max(0, ln(n / 2 + 1) - ln i) in shares of their sum, less 1 / n, for i from 1 to n.
fn utilities(members: u32) -> Vec<f64> {
    let n = f64::from(members);
    let raw: Vec<f64> = (1..=members).map(|i| ((n / 2.0 + 1.0).ln() - f64::from(i).ln()).max(0.0)).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|u| u / sum - 1.0 / n).collect()
}

impl Optimizer for Snes {
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
        within("sigma", self.sigma, f32::MIN_POSITIVE, f32::MAX)?;
        within("mean_rate", self.mean_rate, 0.0, 10.0)?;
        self.sigma_rate.map_or(Ok(()), |rate| within("sigma_rate", rate, 0.0, 10.0))
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let noise = Noise { antithetic: false, rank: None };
        let mut strategy = Strategy::new(context, shape, domain, noise, self.sigma)?;
        strategy.rank(&utilities(strategy.members()))?;
        strategy.lean(true)?;
        let dims = f64::from(strategy.dims());
        let usual = (3.0 + dims.ln()) / (5.0 * dims.sqrt());
        let settings = Settings { mean_rate: self.mean_rate, spread_rate: self.sigma_rate.unwrap_or(usual as f32) };
        strategy.settings(&settings)?;
        let source = strategy.source()?.piece("snes", include_str!("../../shaders/optimizer/snes.wgsl"))?;
        let threads = Threads::Line(strategy.dims());
        strategy.then("follow", &source, threads)?;
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
        let fields =
            [("mean_rate", offset_of!(Settings, mean_rate)), ("spread_rate", offset_of!(Settings, spread_rate))];
        let text = include_str!("../../shaders/optimizer/snes.wgsl");
        same_layout(text, "Snes", size_of::<Settings>(), &fields);
    }

    #[test]
    fn utilities_fall_and_sum_to_nothing() {
        let all = utilities(10);
        assert!(all.iter().sum::<f64>().abs() < 1e-12 && all.windows(2).all(|w| w[0] >= w[1]));
        assert!((all[9] + 0.1).abs() < 1e-12);
    }
}
