//! OpenAI-ES (Salimans, Ho, Chen, Sidor and Sutskever 2017): antithetic Gaussian noise, centred ranks, an update rule.

use serde::{Deserialize, Serialize};

use super::rule::{self, Rule};
use super::strategy::{Shaping, Strategy};
use super::{Entry, listed, within};
use crate::Result;
use crate::gpu::Threads;
use crate::population::{Context, Domain, Noise, Optimizer, Shape, Step};

/// Evolution strategy with full-rank noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenAiEs {
    /// Standard deviation of the noise, in standard deviations of a first coordinate.
    pub sigma: f32,
    /// How fitness becomes utility.
    pub shaping: Shaping,
    /// What becomes of the estimated gradient.
    #[serde(flatten)]
    pub rule: Rule,
}

impl Default for OpenAiEs {
    fn default() -> Self {
        Self { sigma: 0.2, shaping: Shaping::Ranks, rule: Rule::default() }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "openai-es",
    about: "evolution strategy: antithetic noise, ranks, Adam (Salimans et al. 2017)",
    settings: &[
        ("sigma", "standard deviation of the noise, in standard deviations of a first coordinate"),
        ("shaping", "how fitness becomes utility: ranks or standard"),
        rule::SETTINGS[0],
        rule::SETTINGS[1],
        rule::SETTINGS[2],
        rule::SETTINGS[3],
        rule::SETTINGS[4],
        rule::SETTINGS[5],
        rule::SETTINGS[6],
        rule::SETTINGS[7],
    ],
    build: |value| Ok(Box::new(serde_json::from_value::<OpenAiEs>(value)?)),
};

impl Optimizer for OpenAiEs {
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
        self.rule.check()
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let noise = Noise { antithetic: true, rank: None };
        descent(context, shape, domain, noise, self.sigma, self.shaping, &self.rule)
    }
}

/// A strategy whose estimate goes to an update rule.
pub(super) fn descent(
    context: &Context,
    shape: Shape,
    domain: &Domain,
    noise: Noise,
    sigma: f32,
    shaping: Shaping,
    rule: &Rule,
) -> Result<Box<dyn Step>> {
    let mut strategy = Strategy::new(context, shape, domain, noise, sigma)?;
    strategy.shape(shaping)?;
    strategy.lean(false)?;
    let rule = strategy.rule(rule)?;
    let source =
        strategy.source()?.join(&rule).piece("descend", include_str!("../../shaders/optimizer/descend.wgsl"))?;
    let threads = Threads::Line(strategy.dims());
    strategy.then("descend", &source, threads)?;
    Ok(strategy.finish())
}
