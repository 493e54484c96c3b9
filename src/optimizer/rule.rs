//! Update rules: from a gradient, estimated or exact, to a step. With the schedule of the rate.

use serde::{Deserialize, Serialize};

use super::decay::Decay;
use super::within;
use crate::gpu::{Bindings, Source, View};
use crate::population::Context;
use crate::{Error, Result};

/// An update rule with its rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// Which rule.
    pub rule: Name,
    /// Step size, in standard deviations of a first coordinate for the rules that scale gradients (Adam, AMSGrad,
    /// RMSProp, AdaGrad, AdaDelta), times the gradient for the others.
    pub rate: f32,
    /// How the rate falls over the run.
    pub decay: Decay,
    /// Share of the rate that is left at the end of a linear or cosine schedule, 0 to 1.
    pub rate_end: f32,
    /// What a step of a step schedule leaves of the rate, above 0 to 1.
    pub step_factor: f32,
    /// Share of the run after which it does, above 0 to 1.
    pub step_every: f32,
    /// Memory for gradients (momentum, Nesterov, Adam, AMSGrad), 0 to below 1.
    pub beta1: f32,
    /// Memory for squared gradients (Adam, AMSGrad, RMSProp; rho of AdaDelta), 0 to below 1.
    pub beta2: f32,
    /// What is added to a root of squared gradients (AdaDelta: below it), above 0.
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
    /// Heavy ball: gradients add up, older ones count less.
    Momentum,
    /// The same, a step ahead.
    Nesterov,
    /// Gradients over the root of the sum of their squares.
    Adagrad,
    /// Gradients over the root of averaged squares, in units of the steps made.
    Adadelta,
    /// Gradients over the root of averaged squares.
    Rmsprop,
    /// Averaged gradients over the root of averaged squares.
    #[default]
    Adam,
    /// Averaged gradients over the root of the largest averaged squares so far.
    Amsgrad,
}

impl Name {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Sgd,
        Self::Momentum,
        Self::Nesterov,
        Self::Adagrad,
        Self::Adadelta,
        Self::Rmsprop,
        Self::Adam,
        Self::Amsgrad,
    ];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Momentum => "momentum",
            Self::Nesterov => "nesterov",
            Self::Adagrad => "adagrad",
            Self::Adadelta => "adadelta",
            Self::Rmsprop => "rmsprop",
            Self::Adam => "adam",
            Self::Amsgrad => "amsgrad",
        }
    }

    /// Numbers it remembers of each coordinate.
    pub(super) fn moments(self) -> u64 {
        match self {
            Self::Sgd => 0,
            Self::Momentum | Self::Nesterov | Self::Adagrad | Self::Rmsprop => 1,
            Self::Adadelta | Self::Adam => 2,
            Self::Amsgrad => 3,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Sgd => include_str!("../../shaders/optimizer/rule/sgd.wgsl"),
            Self::Momentum => include_str!("../../shaders/optimizer/rule/momentum.wgsl"),
            Self::Nesterov => include_str!("../../shaders/optimizer/rule/nesterov.wgsl"),
            Self::Adagrad => include_str!("../../shaders/optimizer/rule/adagrad.wgsl"),
            Self::Adadelta => include_str!("../../shaders/optimizer/rule/adadelta.wgsl"),
            Self::Rmsprop => include_str!("../../shaders/optimizer/rule/rmsprop.wgsl"),
            Self::Adam => include_str!("../../shaders/optimizer/rule/adam.wgsl"),
            Self::Amsgrad => include_str!("../../shaders/optimizer/rule/amsgrad.wgsl"),
        }
    }
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            rule: Name::Adam,
            rate: 0.1,
            decay: Decay::Linear,
            rate_end: 0.02,
            step_factor: 0.1,
            step_every: 0.3333,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// What the kernels read of a member's rule.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    rate: f32,
    rate_end: f32,
    step_every: f32,
    step_factor: f32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    weight_decay: f32,
}

/// Name and meaning.
pub(super) type Setting = (&'static str, &'static str);

/// The settings of a rule.
const SETTINGS: [Setting; 10] = joined(
    [
        ("rule", "what becomes of the gradient: sgd, momentum, nesterov, adagrad, adadelta, rmsprop, adam or amsgrad"),
        (
            "rate",
            "step size: times the gradient for sgd, momentum, nesterov; else in standard deviations of a first coordinate",
        ),
    ],
    CONSTANTS,
);

/// Those that mean the same wherever a rule is.
pub(super) const CONSTANTS: [Setting; 8] = [
    (
        "decay",
        "how the rate falls over the run: constant, linear, cosine, step, or a WGSL expression of progress (0 to 1), \
         generation and horizon, such as \"exp(-3.0 * progress)\"",
    ),
    ("rate_end", "share of the rate that is left at the end (linear, cosine)"),
    ("step_factor", "what is left of the rate after a step (decay=step)"),
    ("step_every", "share of the run between steps (decay=step)"),
    ("beta1", "memory for gradients (momentum, nesterov, adam, amsgrad)"),
    ("beta2", "memory for squared gradients (adam, amsgrad; rmsprop: usual there 0.99; rho of adadelta: 0.9)"),
    ("epsilon", "what is added to the root of squared gradients (adadelta: below it, usual 1e-6)"),
    ("weight_decay", "share of a coordinate (a network's weight) that a step of rate 1 takes away"),
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
    joined(own, SETTINGS)
}

/// Some settings, then others.
pub(super) const fn joined<const FIRST: usize, const REST: usize, const ALL: usize>(
    first: [Setting; FIRST],
    rest: [Setting; REST],
) -> [Setting; ALL] {
    assert!(ALL == FIRST + REST, "room for both");
    let mut all = [("", ""); ALL];
    let mut i = 0;
    while i < ALL {
        all[i] = if i < FIRST { first[i] } else { rest[i - FIRST] };
        i += 1;
    }
    all
}

impl Rule {
    /// The rule with the constants that are usual for it; the rate and its schedule are left to the caller.
    pub fn usual(rule: Name) -> Self {
        let (beta2, epsilon) = match rule {
            Name::Rmsprop => (0.99, 1e-8),
            Name::Adadelta => (0.9, 1e-6),
            _ => (0.999, 1e-8),
        };
        Self { rule, beta2, epsilon, ..Self::default() }
    }

    pub(super) fn check(&self) -> Result<()> {
        within("rate", self.rate, 0.0, f32::MAX)?;
        self.decay.check("decay")?;
        within("rate_end", self.rate_end, 0.0, 1.0)?;
        within("step_factor", self.step_factor, f32::MIN_POSITIVE, 1.0)?;
        within("step_every", self.step_every, 1e-6, 1.0)?;
        within("beta1", self.beta1, 0.0, 1.0 - f32::EPSILON)?;
        within("beta2", self.beta2, 0.0, 1.0 - f32::EPSILON)?;
        within("epsilon", self.epsilon, f32::MIN_POSITIVE, 1.0)?;
        within("weight_decay", self.weight_decay, 0.0, f32::MAX)
    }

    /// The rules of as many members for `slots` coordinates of theirs in all, at least one number each. Which rule and
    /// which schedule is the same for all members, the numbers may differ.
    ///
    /// # Errors
    /// [`Error::Limit`] when what the rule remembers does not fit into one buffer.
    pub(super) fn bind(context: &Context, rules: &[Self], slots: u64) -> Result<Bound> {
        let first = &rules[0];
        debug_assert!(rules.iter().all(|rule| rule.rule == first.rule && rule.decay == first.decay), "one rule");
        let numbers = slots * first.rule.moments();
        // Places are 32-bit in the kernels.
        if slots > u64::from(u32::MAX) || numbers > u64::from(u32::MAX) {
            return Err(Error::Limit {
                what: format!("{slots} coordinates of all members together"),
                needed: format!("{numbers} numbers for the update rule to remember"),
                allowed: u32::MAX.to_string(),
                remedy: "use a smaller --population or a rule that remembers less, such as sgd".into(),
            });
        }
        let settings: Vec<Settings> = rules.iter().map(Self::numbers).collect();
        let source = Source::new()
            .constant("SLOTS", slots as u32)
            .join(&first.decay.source()?)
            .piece("rate", include_str!("../../shaders/optimizer/rule/rate.wgsl"))?
            .piece("rule", first.rule.text())?;
        let moments = context.gpu.buffer::<f32>("moments", numbers)?;
        let bindings = Bindings::new()
            .with("rule_settings", context.gpu.upload("rule", &settings)?.view())
            .with("moments", moments.view());
        Ok(Bound { source, bindings, moments: moments.view() })
    }

    /// What [`Rule::bind`] makes, for tests that step by themselves.
    ///
    /// # Errors
    /// As there.
    #[doc(hidden)]
    pub fn bound(context: &Context, rules: &[Self], slots: u64) -> Result<(Source, Bindings)> {
        Self::bind(context, rules, slots).map(|bound| (bound.source, bound.bindings))
    }

    fn numbers(&self) -> Settings {
        Settings {
            rate: self.rate,
            rate_end: self.rate_end,
            step_every: self.step_every,
            step_factor: self.step_factor,
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
        }
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
            ("step_every", offset_of!(Settings, step_every)),
            ("step_factor", offset_of!(Settings, step_factor)),
            ("beta1", offset_of!(Settings, beta1)),
            ("beta2", offset_of!(Settings, beta2)),
            ("epsilon", offset_of!(Settings, epsilon)),
            ("weight_decay", offset_of!(Settings, weight_decay)),
        ];
        let text = include_str!("../../shaders/optimizer/rule/rate.wgsl");
        same_layout(text, "Rule", size_of::<Settings>(), &fields);
    }
}
