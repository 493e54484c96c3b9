//! PEPG (Sehnke, Osendorfer, Rückstiess, Graves, Peters and Schmidhuber 2010), symmetric sampling: the mean follows an
//! update rule, every coordinate has a deviation of its own that follows its gradient.
//!
//! Rewards are utilities (ranks or standard scores), whose mean is 0: that is the baseline.

use serde::{Deserialize, Serialize};

use super::rule::{self, Rule};
use super::strategy::{Shaping, Strategy};
use super::{Entry, listed, within};
use crate::Result;
use crate::gpu::Threads;
use crate::population::{Context, Domain, Noise, Optimizer, Shape, Step};

/// Parameter-exploring policy gradients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pepg {
    /// First standard deviation of the noise, in standard deviations of a first coordinate.
    pub sigma: f32,
    /// Learning rate of the deviations.
    pub sigma_rate: f32,
    /// Largest relative change of a deviation in a generation.
    pub sigma_change: f32,
    /// How fitness becomes utility.
    pub shaping: Shaping,
    /// What becomes of the estimated gradient of the mean.
    #[serde(flatten)]
    pub rule: Rule,
}

impl Default for Pepg {
    fn default() -> Self {
        Self { sigma: 0.2, sigma_rate: 0.1, sigma_change: 0.2, shaping: Shaping::Ranks, rule: Rule::default() }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "pepg",
    about: "parameter-exploring policy gradients, symmetric sampling (Sehnke et al. 2010)",
    settings: &rule::after::<4, 14>([
        ("sigma", "first standard deviation of the noise, in standard deviations of a first coordinate"),
        ("sigma_rate", "learning rate of the deviations"),
        ("sigma_change", "largest relative change of a deviation in a generation"),
        ("shaping", "how fitness becomes utility: ranks or standard"),
    ]),
    build: |value| Ok(Box::new(serde_json::from_value::<Pepg>(value)?)),
};

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    spread_rate: f32,
    most_change: f32,
}

impl Optimizer for Pepg {
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
        within("sigma_rate", self.sigma_rate, 0.0, 10.0)?;
        within("sigma_change", self.sigma_change, 0.0, 0.9)?;
        self.rule.check()
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let noise = Noise { antithetic: true, rank: None };
        let mut strategy = Strategy::new(context, shape, domain, noise, self.sigma)?;
        strategy.shape(self.shaping)?;
        strategy.lean(true)?;
        strategy.settings(&Settings { spread_rate: self.sigma_rate, most_change: self.sigma_change })?;
        let rule = strategy.rule(&self.rule)?;
        let source = strategy.source()?.join(&rule).piece("pepg", include_str!("../../shaders/optimizer/pepg.wgsl"))?;
        let threads = Threads::Line(strategy.dims());
        strategy.then("explore", &source, threads)?;
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
            [("spread_rate", offset_of!(Settings, spread_rate)), ("most_change", offset_of!(Settings, most_change))];
        let text = include_str!("../../shaders/optimizer/pepg.wgsl");
        same_layout(text, "Pepg", size_of::<Settings>(), &fields);
    }
}
