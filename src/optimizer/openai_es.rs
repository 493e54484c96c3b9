//! OpenAI-ES (Salimans, Ho, Chen, Sidor and Sutskever 2017): antithetic Gaussian noise, centred ranks, an update rule.

use serde::{Deserialize, Serialize};

use super::decay::Decay;
use super::descent::Update;
use super::rule::{self, Rule};
use super::sigma::{self, Sigma};
use super::strategy::{Shaping, UPDATE, descent};
use super::{Entry, listed};
use crate::Result;
use crate::population::{Context, Domain, Noise, Optimizer, Shape, Step};

/// Evolution strategy with full-rank noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenAiEs {
    /// Standard deviation of the noise, in standard deviations of a first coordinate.
    pub sigma: f32,
    /// How it falls over the run; a step schedule takes the steps of the rate.
    pub sigma_decay: Decay,
    /// Share of it that is left at the end of a linear or cosine schedule, above 0 to 1.
    pub sigma_end: f32,
    /// How fitness becomes utility.
    pub shaping: Shaping,
    /// Which layers move when: all in every generation, or only the last one, the last two, ... all in turn.
    pub update: Update,
    /// What becomes of the estimated gradient.
    #[serde(flatten)]
    pub rule: Rule,
}

impl Default for OpenAiEs {
    fn default() -> Self {
        Self {
            sigma: 0.2,
            sigma_decay: Decay::Constant,
            sigma_end: 0.1,
            shaping: Shaping::Ranks,
            update: Update::All,
            rule: Rule::default(),
        }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "openai-es",
    about: "evolution strategy: antithetic noise, ranks, Adam (Salimans et al. 2017)",
    settings: &rule::after::<5, 15>(rule::joined(
        sigma::SETTINGS,
        [("shaping", "how fitness becomes utility: ranks or standard"), UPDATE],
    )),
    build: |value| Ok(Box::new(serde_json::from_value::<OpenAiEs>(value)?)),
};

impl OpenAiEs {
    fn sigma(&self) -> Sigma<'_> {
        Sigma { first: self.sigma, decay: &self.sigma_decay, end: self.sigma_end }
    }
}

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
        self.sigma().check()?;
        self.rule.check()
    }

    fn layer_updates(&self, layers: u32, generations: u32) -> Option<u64> {
        Some(self.update.moved(layers, generations))
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let noise = Noise { antithetic: true, rank: None };
        descent(context, shape, domain, noise, &self.sigma(), (self.shaping, self.update), &self.rule)
    }
}
