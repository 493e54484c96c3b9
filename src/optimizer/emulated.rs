//! Gradient descent without a gradient (Mohapatra et al. 2020, AdaSwarm, arXiv 2006.09875, section on the equivalence of
//! swarm and gradient descent, tables I to III): a swarm searches, a point beside it descends along the swarm's pull.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::empso::EmPso;
use super::rule::{self, Name, Rule};
use super::{Decay, Entry, VMAX, check_vmax, listed, over, within};
use crate::Result;
use crate::gpu::{Bindings, Recording, Source, Threads, WORKGROUP};
use crate::population::{Bound, Context, Domain, Optimizer, Shape, Step, WORST};

/// A point w that takes `g = (s / eta) (w - gbest)` for the gradient, with gbest the best of an [`EmPso`] and s the mean
/// of `c1 r1 + c2 r2` over its members in this generation; an update rule makes the step.
///
/// That is a direction, not an estimate of the gradient: its length is the same pull for every objective and knows
/// nothing of slope or curvature. The paper's text has its sign both ways (eqs. 15 and 24); this is the one that
/// descends. With plain descent at a rate of eta, the default, a step is `w - s (w - gbest)`. The best position is the
/// best w, not the swarm's: what is watched is the emulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Emulated {
    /// c1: pull to a member's own best, 0 to 4.
    pub cognitive: f32,
    /// c2: pull to the best of all, 0 to 4.
    pub social: f32,
    /// beta: the swarm's memory of its averaged velocity, 0 to below 1.
    pub beta: f32,
    /// eta: what the pull is divided by.
    pub eta: f32,
    /// Largest step of the swarm per coordinate; null leaves it to the objective.
    pub vmax: Option<f32>,
    /// What becomes of the pull.
    #[serde(flatten)]
    pub rule: Rule,
}

impl Default for Emulated {
    fn default() -> Self {
        let EmPso { cognitive, social, beta, vmax, .. } = EmPso::default();
        let rule = Rule { rule: Name::Sgd, rate: 0.1, decay: Decay::Constant, ..Rule::default() };
        Self { cognitive, social, beta, eta: 0.1, vmax, rule }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "emulated",
    about: "descent along the pull of an empso in place of the gradient (AdaSwarm, arXiv 2006.09875)",
    settings: &rule::after::<5, 15>([
        ("cognitive", "c1, pull to a member's own best, 0 to 4"),
        ("social", "c2, pull to the best of all, 0 to 4"),
        ("beta", "the swarm's memory of its averaged velocity, 0 to below 1"),
        ("eta", "what the pull is divided by; a rate as large undoes it"),
        VMAX,
    ]),
    build: |value| Ok(Box::new(over(&Emulated::default(), value)?)),
};

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    cognitive: f32,
    social: f32,
    eta: f32,
}

impl Emulated {
    fn swarm(&self) -> EmPso {
        let Self { cognitive, social, beta, vmax, .. } = *self;
        EmPso { cognitive, social, beta, vmax, ..EmPso::default() }
    }
}

impl Optimizer for Emulated {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn settings(&self) -> Value {
        listed(self)
    }

    /// The swarm's; and the point's column, which is as wide as a buffer of the swarm.
    fn arrays(&self) -> u32 {
        self.swarm().arrays() + 1
    }

    fn moves_blocks(&self) -> bool {
        false
    }

    fn check(&self) -> Result<()> {
        within("cognitive", self.cognitive, 0.0, 4.0)?;
        within("social", self.social, 0.0, 4.0)?;
        within("beta", self.beta, 0.0, 0.999_999)?;
        within("eta", self.eta, 1e-6, 1e6)?;
        check_vmax(self.vmax)?;
        self.rule.check()
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let gpu = &context.gpu;
        let dims = shape.coordinates();
        let swarm = self.swarm().bind(context, shape, domain)?;
        let points = swarm.points().and_one(context, "point")?;
        let rule = Rule::bind(context, std::slice::from_ref(&self.rule), dims.into())?;
        let point = gpu.buffer::<f32>("point", dims.into())?;
        let best = gpu.buffer::<f32>("best", dims.into())?;
        let best_fitness = gpu.upload("best fitness", &[WORST])?;
        let settings = Settings { cognitive: self.cognitive, social: self.social, eta: self.eta };
        let bindings = Bindings::new()
            .with("positions", points.chunks[points.chunks.len() - 1].positions.view())
            .with("fitness", points.fitness.view())
            .with("bounds", gpu.uniform("bounds", &domain.bounds())?.view())
            .with("emulated", gpu.uniform("emulated", &settings)?.view())
            .with("swarm_best", swarm.best().view())
            .with("swarm_fitness", swarm.points().fitness.view())
            .with("point", point.view())
            .with("best", best.view())
            .with("best_fitness", best_fitness.view())
            .with("kept", gpu.buffer::<u32>("kept", 1)?.view())
            .and(&rule.bindings)
            .and(&context.clock);
        let source = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("REDUCE", gpu.reduction_width())
            .constant("DIMS", dims)
            .constant("STRIDE", points.stride)
            .constant("MEMBERS", shape.members)
            .constant("CHANGING", context.changing.into())
            .join(&rule.source)
            .piece("emulated", include_str!("../../shaders/optimizer/emulated.wgsl"))?;
        let record = |recording: &mut Recording, entry: &str, threads: Threads| {
            recording.dispatch(gpu, &gpu.kernel(entry, &source)?, &bindings, threads)
        };
        let (mut start, mut ask) = (swarm.start().clone(), swarm.ask().clone());
        record(&mut start, "start_point", Threads::Line(dims))?;
        if let Some(begin) = &context.begin {
            begin.vector(&point, &mut start)?;
        }
        record(&mut ask, "follow_pull", Threads::Groups(dims))?;
        let mut tell = Recording::new();
        record(&mut tell, "judge_point", Threads::Line(shape.members))?;
        tell.append(swarm.tell());
        record(&mut tell, "keep_point", Threads::Line(dims))?;
        let mut state: Vec<_> =
            swarm.state().iter().map(|(name, view)| (format!("swarm.{name}"), view.clone())).collect();
        state.extend([
            ("point".into(), point.view()),
            ("moments".into(), rule.moments),
            ("best".into(), best.view()),
            ("best_fitness".into(), best_fitness.view()),
        ]);
        let (remembered, settle) = (swarm.remembered().cloned(), swarm.settle().cloned());
        let bound = Bound::new(points, best, best_fitness, state);
        Ok(Box::new(Bound { remembered, start, ask, tell, settle, ..bound }))
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn by_name_it_descends_by_its_own_rule_and_not_by_adam() {
        let own = Emulated::default().settings();
        assert_eq!((ENTRY.defaults(), &own["rule"], &own["decay"]), (own.clone(), &"sgd".into(), &"constant".into()));
        let build = |value: &str| ENTRY.build(&[("eta".to_string(), value.to_string())].into()).unwrap().settings();
        assert_eq!((&build("0.5")["eta"], &build("0.5")["rate"]), (&0.5.into(), &own["rate"]));
    }

    #[test]
    fn settings_are_laid_out_as_in_the_shader() {
        let fields = [
            ("cognitive", offset_of!(Settings, cognitive)),
            ("social", offset_of!(Settings, social)),
            ("eta", offset_of!(Settings, eta)),
        ];
        let text = include_str!("../../shaders/optimizer/emulated.wgsl");
        same_layout(text, "Emulated", size_of::<Settings>(), &fields);
    }
}
