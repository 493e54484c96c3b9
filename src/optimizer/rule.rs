//! Update rules: from a gradient, estimated or exact, to a step. With the schedule of the rate.

use serde::{Deserialize, Serialize};

use super::within;
use crate::Result;
use crate::gpu::{Bindings, Source, View};
use crate::population::Context;

/// An update rule with its rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// Which rule.
    pub rule: Name,
    /// Step size, in standard deviations of a first coordinate for Adam, times the gradient for the others.
    pub rate: f32,
    /// How the rate falls over the run.
    pub decay: Decay,
    /// Share of the rate that is left at the end, 0 to 1.
    pub rate_end: f32,
    /// Decay of the mean of gradients (momentum, Adam), 0 to 1.
    pub beta1: f32,
    /// Decay of the mean of squared gradients (Adam), 0 to 1.
    pub beta2: f32,
    /// What Adam adds to the root.
    pub epsilon: f32,
    /// Share of a coordinate that a step of rate 1 takes away (decoupled: Loshchilov and Hutter 2019).
    pub weight_decay: f32,
}

/// Update rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// Plain descent.
    Sgd,
    /// Averaged gradients.
    Momentum,
    /// Averaged gradients over the root of averaged squares.
    #[default]
    Adam,
}

/// How a rate falls over the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// Not at all.
    Constant,
    /// On a straight line.
    #[default]
    Linear,
    /// On half a cosine.
    Cosine,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            rule: Name::Adam,
            rate: 0.1,
            decay: Decay::Linear,
            rate_end: 0.02,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    rate: f32,
    rate_end: f32,
    decay: u32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    weight_decay: f32,
}

/// Name and meaning.
type Setting = (&'static str, &'static str);

/// The settings of a rule.
const SETTINGS: [Setting; 8] = [
    ("rule", "what becomes of the gradient: adam, momentum or sgd"),
    ("rate", "step size, in standard deviations of a first coordinate for adam, times the gradient for the others"),
    ("decay", "how the rate falls over the run: linear, cosine or constant"),
    ("rate_end", "share of the rate that is left at the end"),
    ("beta1", "decay of the mean of gradients (momentum, adam)"),
    ("beta2", "decay of the mean of squared gradients (adam)"),
    ("epsilon", "what adam adds to the root"),
    ("weight_decay", "share of a coordinate that a step of rate 1 takes away"),
];

/// A rule on the device.
pub(super) struct Bound {
    /// Defines `stepped` and what it needs.
    pub(super) source: Source,
    /// What they read.
    pub(super) bindings: Bindings,
    /// What a checkpoint must hold.
    pub(super) moments: View,
}

/// The settings of an optimizer, then those of its rule.
pub(super) const fn after<const OWN: usize, const ALL: usize>(own: [Setting; OWN]) -> [Setting; ALL] {
    assert!(ALL == OWN + SETTINGS.len(), "room for both");
    let mut all = [("", ""); ALL];
    let mut i = 0;
    while i < ALL {
        all[i] = if i < OWN { own[i] } else { SETTINGS[i - OWN] };
        i += 1;
    }
    all
}

impl Rule {
    pub(super) fn check(&self) -> Result<()> {
        within("rate", self.rate, 0.0, f32::MAX)?;
        within("rate_end", self.rate_end, 0.0, 1.0)?;
        within("beta1", self.beta1, 0.0, 1.0 - f32::EPSILON)?;
        within("beta2", self.beta2, 0.0, 1.0 - f32::EPSILON)?;
        within("epsilon", self.epsilon, 0.0, 1.0)?;
        within("weight_decay", self.weight_decay, 0.0, f32::MAX)
    }

    /// The rule for `dims` coordinates.
    pub(super) fn bind(&self, context: &Context, dims: u32) -> Result<Bound> {
        let settings = Settings {
            rate: self.rate,
            rate_end: self.rate_end,
            decay: self.decay as u32,
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
        };
        let text = match self.rule {
            Name::Sgd => include_str!("../../shaders/optimizer/rule/sgd.wgsl"),
            Name::Momentum => include_str!("../../shaders/optimizer/rule/momentum.wgsl"),
            Name::Adam => include_str!("../../shaders/optimizer/rule/adam.wgsl"),
        };
        let source =
            Source::new().piece("rate", include_str!("../../shaders/optimizer/rule/rate.wgsl"))?.piece("rule", text)?;
        let moments = context.gpu.buffer::<[f32; 2]>("moments", dims.into())?;
        let bindings = Bindings::new()
            .with("rule_settings", context.gpu.uniform("rule", &settings)?.view())
            .with("moments", moments.view());
        Ok(Bound { source, bindings, moments: moments.view() })
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
            ("rate", offset_of!(Settings, rate)),
            ("rate_end", offset_of!(Settings, rate_end)),
            ("decay", offset_of!(Settings, decay)),
            ("beta1", offset_of!(Settings, beta1)),
            ("beta2", offset_of!(Settings, beta2)),
            ("epsilon", offset_of!(Settings, epsilon)),
            ("weight_decay", offset_of!(Settings, weight_decay)),
        ];
        let text = include_str!("../../shaders/optimizer/rule/rate.wgsl");
        same_layout(text, "Rule", size_of::<Settings>(), &fields);
    }
}
