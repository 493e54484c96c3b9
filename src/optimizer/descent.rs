//! Descents: every member is a run of its own that goes down its gradient. An estimate of the gradient, an update rule,
//! and which layers move when.

mod step;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::step::DescentStep;
use super::decay::Decay;
use super::rule::{self, Name, Rule, joined};
use super::varied::Varied;
use super::{Entry, listed, over};
use crate::population::{Context, Domain, NodeNoise, Optimizer, OutputSwarm, Shape, Step};
use crate::{Error, Result};
pub(super) use step::groups;

/// Backpropagation with an update rule, for as many networks at once as there are members. The numbers of the rule may
/// differ by member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descent {
    /// What becomes of the gradient; on the command line the optimizer's name says it.
    #[serde(skip)]
    pub rule: Name,
    /// Step size, in units of the weights.
    pub rate: Varied,
    /// How the rate falls over the run.
    pub decay: Decay,
    /// Share of the rate that is left at the end of a linear or cosine schedule, 0 to 1.
    pub rate_end: Varied,
    /// What a step of a step schedule leaves of the rate, above 0 to 1.
    pub step_factor: Varied,
    /// Share of the run after which it does, above 0 to 1.
    pub step_every: Varied,
    /// Memory for gradients, 0 to below 1.
    pub beta1: Varied,
    /// Memory for squared gradients, 0 to below 1.
    pub beta2: Varied,
    /// What is added to a root of squared gradients.
    pub epsilon: Varied,
    /// Share of a weight that a step of rate 1 takes away.
    pub weight_decay: Varied,
    /// Largest norm of a gradient: a longer one is shortened to it. Norms are measured where this is given, and are in the
    /// history then.
    pub clip: Clip,
    /// Which layers move when.
    pub update: Update,
    /// Where the gradient begins.
    pub estimate: Estimate,
    /// The swarm that an estimate may come from.
    #[serde(flatten)]
    pub swarm: OutputSwarm,
    /// The noise that it may come from.
    #[serde(flatten)]
    pub noise: NodeNoise,
}

/// A norm that gradients are held to; none where they are not even measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Clip(pub Option<f32>);

impl From<Clip> for Value {
    fn from(clip: Clip) -> Self {
        match clip.0 {
            None => "none".into(),
            Some(norm) if norm.is_infinite() => "inf".into(),
            Some(norm) => serde_json::Number::from_f64(shortest(norm)).map_or_else(|| "none".into(), Self::Number),
        }
    }
}

impl TryFrom<Value> for Clip {
    type Error = String;

    fn try_from(value: Value) -> std::result::Result<Self, String> {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_string);
        let remedy = || format!("clip = {text}: give a norm above 0, inf, or none");
        if text == "none" { Ok(Self(None)) } else { text.parse().map(|norm| Self(Some(norm))).map_err(|_| remedy()) }
    }
}

/// The `f64` of fewest digits that stands for the `f32`.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// Which layers move when. Descents make all turns in one generation, strategies one turn in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Update {
    /// All at once.
    #[default]
    All,
    /// From the last layer down: the last one, the last two, ... all, each time with the gradient where the network
    /// then is (Position-wise, arXiv 2204.05312, algorithm 2).
    PositionWise,
}

impl Update {
    /// How often a layer is moved in so many turns, all of them counted.
    pub(super) fn moved(self, layers: u32, turns: u32) -> u64 {
        let (layers, turns) = (u64::from(layers.max(1)), u64::from(turns));
        match self {
            Self::All => layers * turns,
            Self::PositionWise => {
                let left = turns % layers;
                turns / layers * (layers * (layers + 1) / 2) + left * (left + 1) / 2
            }
        }
    }
}

/// Where the gradient comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimate {
    /// From the loss, handed down layer by layer: backpropagation.
    #[default]
    Backprop,
    /// From a swarm over the outputs, handed down likewise: AdaSwarm (arXiv 2006.09875).
    Swarm,
    /// From noise in what each layer takes in: node perturbation. Nothing is handed down through weights.
    Nodes,
}

/// The settings that all descents have.
const SETTINGS: [(&str, &str); 23] = joined(RULE, OWN);

const RULE: [(&str, &str); 9] = joined(
    [(
        "rate",
        "step size in units of the weights; like the next numbers it may differ by member: 0.001..0.1 or 0.1|0.01. On a \
         function a rate is in the function's own units; without one, rules that scale gradients (adam, amsgrad, \
         rmsprop, adagrad, adadelta) take the default times the side of the box over sqrt 12",
    )],
    rule::CONSTANTS,
);

const OWN: [(&str, &str); 14] = [
    (
        "clip",
        "largest norm of a gradient, a longer one is shortened; norms are in history.csv then (inf: only measured), or none",
    ),
    ("update", "all layers at once, or position-wise: the last one, the last two, ... all (arXiv 2204.05312)"),
    (
        "estimate",
        "where the gradient comes from: backprop, a swarm over the outputs (arXiv 2006.09875), or nodes: noise in what each \
         layer takes in (node perturbation)",
    ),
    ("perturbations", "passes with noise for each layer (estimate=nodes, like the next)"),
    (
        "sigma",
        "size of the noise, in units of the values that a layer takes in; a flat loss such as accuracy wants more, 0.5",
    ),
    ("particles", "particles of a swarm over outputs (estimate=swarm, like all that follow)"),
    ("iterations", "moves of a swarm in a generation"),
    ("cognitive", "c1: pull to the particle's own best"),
    ("social", "c2: pull to the best of the swarm"),
    ("beta", "memory of the averaged velocity"),
    ("eta", "what the direction is divided by"),
    (
        "extent",
        "own: a swarm for every output, or every row where the loss needs them together; shared: one for the batch",
    ),
    ("origin", "where particles start: prediction, uniform, or label (which gives the answer away; for comparison)"),
    ("window", "half the width of the box in which they start, for outputs without bounds"),
];

const fn entry(
    name: &'static str,
    about: &'static str,
    build: fn(Value) -> serde_json::Result<Box<dyn Optimizer>>,
) -> Entry {
    Entry { name, about, settings: &SETTINGS, build }
}

/// All descents.
pub(super) const SGD: Entry = entry("sgd", "backpropagation, plain descent", |value| built(Name::Sgd, 0.1, value));
pub(super) const MOMENTUM: Entry =
    entry("momentum", "backpropagation, heavy ball (Polyak 1964)", |value| built(Name::Momentum, 0.02, value));
pub(super) const NESTEROV: Entry =
    entry("nesterov", "backpropagation, momentum a step ahead (Nesterov 1983; Sutskever et al. 2013)", |value| {
        built(Name::Nesterov, 0.02, value)
    });
pub(super) const ADAGRAD: Entry =
    entry("adagrad", "backpropagation, AdaGrad (Duchi et al. 2011)", |value| built(Name::Adagrad, 0.1, value));
pub(super) const ADADELTA: Entry =
    entry("adadelta", "backpropagation, AdaDelta (Zeiler 2012)", |value| built(Name::Adadelta, 1.0, value));
pub(super) const RMSPROP: Entry =
    entry("rmsprop", "backpropagation, RMSProp (Tieleman and Hinton 2012)", |value| built(Name::Rmsprop, 0.01, value));
pub(super) const ADAM: Entry =
    entry("adam", "backpropagation, Adam (Kingma and Ba 2015)", |value| built(Name::Adam, 0.02, value));
pub(super) const AMSGRAD: Entry =
    entry("amsgrad", "backpropagation, AMSGrad (Reddi et al. 2018)", |value| built(Name::Amsgrad, 0.02, value));
pub(super) const ADASWARM: Entry =
    entry("adaswarm", "Adam on directions from swarms over the outputs (Mohapatra et al. 2020)", |value| {
        let mut value = value;
        if let Some(object) = value.as_object_mut() {
            object.entry("estimate").or_insert_with(|| "swarm".into());
        }
        built(Name::Adam, 0.02, value)
    });

pub(super) const NODE_PERTURBATION: Entry = entry(
    "node-perturbation",
    "Adam on slopes told from noise at the units (Werfel et al. 2005; Ren et al. 2023)",
    |value| {
        let mut value = value;
        if let Some(object) = value.as_object_mut() {
            object.entry("estimate").or_insert_with(|| "nodes".into());
        }
        built(Name::Adam, 0.002, value)
    },
);

/// The settings over the defaults of the rule.
fn built(rule: Name, rate: f32, settings: Value) -> serde_json::Result<Box<dyn Optimizer>> {
    let descent: Descent = over(&Descent { rate: rate.into(), ..Descent::new(rule) }, settings)?;
    Ok(Box::new(Descent { rule, ..descent }))
}

impl Descent {
    /// Backpropagation with this rule and its usual constants, at a rate of 0.01.
    pub fn new(rule: Name) -> Self {
        let usual = Rule::usual(rule);
        Self {
            rule,
            rate: 0.01.into(),
            decay: Decay::Constant,
            rate_end: usual.rate_end.into(),
            step_factor: usual.step_factor.into(),
            step_every: usual.step_every.into(),
            beta1: usual.beta1.into(),
            beta2: usual.beta2.into(),
            epsilon: usual.epsilon.into(),
            weight_decay: usual.weight_decay.into(),
            clip: Clip::default(),
            update: Update::default(),
            estimate: Estimate::default(),
            swarm: OutputSwarm::default(),
            noise: NodeNoise::default(),
        }
    }

    /// The rule of one member.
    pub fn rule_of(&self, member: u32, members: u32) -> Rule {
        let of = |value: &Varied| value.of(member, members);
        Rule {
            rule: self.rule,
            rate: of(&self.rate),
            decay: self.decay.clone(),
            rate_end: of(&self.rate_end),
            step_factor: of(&self.step_factor),
            step_every: of(&self.step_every),
            beta1: of(&self.beta1),
            beta2: of(&self.beta2),
            epsilon: of(&self.epsilon),
            weight_decay: of(&self.weight_decay),
        }
    }
}

impl Optimizer for Descent {
    fn name(&self) -> &'static str {
        match (self.rule, self.estimate) {
            (Name::Adam, Estimate::Swarm) => "adaswarm",
            (Name::Adam, Estimate::Nodes) => "node-perturbation",
            (rule, _) => rule.name(),
        }
    }

    fn settings(&self) -> Value {
        listed(self)
    }

    /// Positions, gradients, and what the rule remembers.
    fn arrays(&self) -> u32 {
        2 + self.rule.moments() as u32
    }

    fn check(&self) -> Result<()> {
        self.rate.check("rate", 0.0, f32::MAX)?;
        self.decay.check("decay")?;
        self.rate_end.check("rate_end", 0.0, 1.0)?;
        self.step_factor.check("step_factor", f32::MIN_POSITIVE, 1.0)?;
        self.step_every.check("step_every", 1e-6, 1.0)?;
        self.beta1.check("beta1", 0.0, 1.0 - f32::EPSILON)?;
        self.beta2.check("beta2", 0.0, 1.0 - f32::EPSILON)?;
        self.epsilon.check("epsilon", f32::MIN_POSITIVE, 1.0)?;
        self.weight_decay.check("weight_decay", 0.0, f32::MAX)?;
        if let Some(clip) = self.clip.0.filter(|clip| clip.is_nan() || *clip <= 0.0) {
            return Err(Error::setting("clip", clip, "give a norm above 0, inf, or none"));
        }
        self.noise.check()?;
        self.swarm.check()
    }

    fn moves_blocks(&self) -> bool {
        false
    }

    fn descends(&self) -> bool {
        true
    }

    fn layer_updates(&self, layers: u32, generations: u32) -> Option<u64> {
        let generation = match self.update {
            Update::All => self.update.moved(layers, 1),
            Update::PositionWise => self.update.moved(layers, layers),
        };
        Some(generation * u64::from(generations))
    }

    fn differing(&self, member: u32, members: u32) -> Vec<(&'static str, f32)> {
        let rule = self.rule_of(member, members);
        let all = [
            ("rate", &self.rate, rule.rate),
            ("rate_end", &self.rate_end, rule.rate_end),
            ("step_factor", &self.step_factor, rule.step_factor),
            ("step_every", &self.step_every, rule.step_every),
            ("beta1", &self.beta1, rule.beta1),
            ("beta2", &self.beta2, rule.beta2),
            ("epsilon", &self.epsilon, rule.epsilon),
            ("weight_decay", &self.weight_decay, rule.weight_decay),
        ];
        all.into_iter().filter(|(_, value, _)| value.differs()).map(|(name, _, value)| (name, value)).collect()
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        Ok(Box::new(DescentStep::new(self, context, shape, domain)?))
    }
}

/// What is wrong with a descent in a wrapper that has no gradient to hand on.
pub(super) fn refuse_to_wrap(inner: &dyn Optimizer) -> Result<()> {
    if inner.descends() {
        let remedy = "it needs the gradient in all coordinates: leave --search out";
        return Err(Error::setting("search", inner.name(), remedy));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::{OpenAiEs, Pso};

    #[test]
    fn a_clip_is_a_norm_or_infinite_or_none() {
        for (text, clip) in [("none", None), ("inf", Some(f32::INFINITY)), ("0.1", Some(0.1))] {
            let read = Clip::try_from(Value::from(text)).unwrap();
            assert_eq!(read, Clip(clip));
            assert_eq!(Clip::try_from(Value::from(read)).unwrap(), read);
        }
        assert!(Clip::try_from(Value::from("short")).is_err());
        let refused = |clip| Descent { clip: Clip(Some(clip)), ..Descent::new(Name::Sgd) }.check().is_err();
        assert!(refused(0.0) && refused(-1.0) && refused(f32::NAN) && !refused(1.0));
    }

    #[test]
    fn members_have_rules_of_their_own() {
        let descent = Descent { rate: "0.001..0.1".parse().unwrap(), ..Descent::new(Name::Sgd) };
        assert_eq!((descent.rule_of(0, 3).rate, descent.rule_of(2, 3).rate), (0.001, 0.1));
        assert_eq!(descent.differing(2, 3), [("rate", 0.1)]);
    }

    /// Four layers: 1 + 2 + 3 + 4 moves in place of 4, all in a generation of a descent, over four of a strategy.
    #[test]
    fn layer_updates_are_those_of_the_schedule() {
        let of = |update| Descent { update, ..Descent::new(Name::Sgd) };
        let counted = [of(Update::All), of(Update::PositionWise)].map(|descent| descent.layer_updates(4, 3));
        assert_eq!(counted, [Some(12), Some(30)]);
        let es = |update| OpenAiEs { update, ..OpenAiEs::default() };
        let counted = [es(Update::All), es(Update::PositionWise)].map(|es| es.layer_updates(4, 7));
        assert_eq!(counted, [Some(28), Some(10 + 1 + 2 + 3)]);
        assert_eq!(Pso::default().layer_updates(4, 7), None);
    }
}
