//! Augmented random search, V1-t (Mania, Guy and Recht 2018): antithetic noise, only the best pairs count, rewards in
//! units of their standard deviation.

use serde::{Deserialize, Serialize};

use super::decay::Decay;
use super::rule::{self, Name, Rule};
use super::sigma::{self, Sigma};
use super::strategy::Strategy;
use super::{Entry, listed, over, within};
use crate::Result;
use crate::gpu::Threads;
use crate::population::{Context, Domain, Noise, Optimizer, Shape, Step};

/// Augmented random search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ars {
    /// Standard deviation of the noise (nu), in standard deviations of a first coordinate.
    pub sigma: f32,
    /// How it falls over the run; a step schedule takes the steps of the rate.
    pub sigma_decay: Decay,
    /// Share of it that is left at the end of a linear or cosine schedule, above 0 to 1.
    pub sigma_end: f32,
    /// Share of the pairs that count, those with the best member, above 0 to 1.
    pub top: f32,
    /// What becomes of the step; the authors take it as it is (sgd, constant).
    #[serde(flatten)]
    pub rule: Rule,
}

impl Default for Ars {
    fn default() -> Self {
        let rule = Rule { rule: Name::Sgd, rate: 0.02, decay: Decay::Linear, ..Rule::default() };
        Self { sigma: 0.2, sigma_decay: Decay::Constant, sigma_end: 0.1, top: 0.5, rule }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "ars",
    about: "augmented random search, V1-t (Mania, Guy and Recht 2018)",
    settings: &rule::after::<4, 14>(rule::joined(
        sigma::SETTINGS,
        [("top", "share of the pairs that count, those with the best member")],
    )),
    build: |value| Ok(Box::new(over(&Ars::default(), value)?)),
};

impl Ars {
    fn sigma(&self) -> Sigma<'_> {
        Sigma { first: self.sigma, decay: &self.sigma_decay, end: self.sigma_end }
    }
}

impl Optimizer for Ars {
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
        within("top", self.top, f32::MIN_POSITIVE, 1.0)?;
        self.rule.check()
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let gpu = &context.gpu;
        let noise = Noise { antithetic: true, rank: None };
        let mut strategy = Strategy::new(context, shape, domain, noise, self.sigma)?;
        strategy.fall(&self.sigma(), &self.rule)?;
        let pairs = strategy.members() / 2;
        let top = ((self.top * pairs as f32).round() as u32).clamp(1, pairs);
        let pair_best = gpu.buffer::<f32>("pair best", pairs.into())?;
        let chosen = gpu.buffer::<f32>("chosen", pairs.into())?;
        strategy.also("pair_best", pair_best.view());
        strategy.also("chosen", chosen.view());
        let weigh = strategy
            .constants()
            .constant("PAIRS", pairs)
            .piece("ars", include_str!("../../shaders/optimizer/ars.wgsl"))?;
        strategy.then("pair_up", &weigh, Threads::Line(pairs))?;
        let table: Vec<f64> = (0..pairs).map(|rank| if rank < top { 1.0 } else { 0.0 }).collect();
        strategy.rank_of(&pair_best.view(), &chosen.view(), &table)?;
        strategy.then("weigh", &weigh, Threads::Groups(1))?;
        strategy.lean(false)?;
        let rule = strategy.rule(&self.rule)?;
        let source = strategy
            .source()?
            .constant("TOP", top)
            .join(&rule)
            .piece("random-search", include_str!("../../shaders/optimizer/random-search.wgsl"))?;
        let threads = Threads::Line(strategy.dims());
        strategy.then("search", &source, threads)?;
        Ok(strategy.finish())
    }
}
