//! EGGROLL (Sarkar et al. 2025, arXiv 2511.16652): the noise of a weight matrix is a product of two thin matrices, so
//! that a population costs little more than inference. Summed over members the step is of full rank all the same.
//!
//! Biases, and everything on objectives without matrices, get ordinary noise.

use serde::{Deserialize, Serialize};

use super::decay::Decay;
use super::descent::Update;
use super::rule::{self, Rule};
use super::sigma::{self, Sigma};
use super::strategy::{Shaping, UPDATE, descent};
use super::{Entry, listed};
use crate::population::{Context, Domain, Noise, Optimizer, Shape, Step};
use crate::{Error, Result};

/// Evolution strategy with low-rank noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Eggroll {
    /// Rank of the noise of a matrix; its error falls as 1 / rank.
    pub rank: u32,
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

impl Default for Eggroll {
    fn default() -> Self {
        Self {
            rank: 1,
            sigma: 0.2,
            sigma_decay: Decay::Constant,
            sigma_end: 0.1,
            shaping: Shaping::Standard,
            update: Update::All,
            rule: Rule::default(),
        }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "eggroll",
    about: "evolution strategy with low-rank noise (Sarkar et al. 2025, arXiv 2511.16652)",
    settings: &rule::after::<6, 16>(rule::joined(
        sigma::SETTINGS,
        [
            ("rank", "rank of the noise of a weight matrix, 1 to 16"),
            ("shaping", "how fitness becomes utility: standard or ranks"),
            UPDATE,
        ],
    )),
    build: |value| Ok(Box::new(serde_json::from_value::<Eggroll>(value)?)),
};

impl Eggroll {
    fn sigma(&self) -> Sigma<'_> {
        Sigma { first: self.sigma, decay: &self.sigma_decay, end: self.sigma_end }
    }
}

impl Optimizer for Eggroll {
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
        if !(1..=16).contains(&self.rank) {
            return Err(Error::setting("rank", self.rank, "must be a number from 1 to 16"));
        }
        self.sigma().check()?;
        self.rule.check()
    }

    fn layer_updates(&self, layers: u32, generations: u32) -> Option<u64> {
        Some(self.update.moved(layers, generations))
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let noise = Noise { antithetic: true, rank: Some(self.rank) };
        descent(context, shape, domain, noise, &self.sigma(), (self.shaping, self.update), &self.rule)
    }
}
