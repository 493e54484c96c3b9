//! A descent on the device: positions, gradients and what the rule remembers, chunk by chunk, and the stages of a
//! generation.

use std::fmt::Write as _;

use super::super::rule::Rule;
use super::{Descent, Estimate, Update};
use crate::gpu::{Bindings, Buffer, Recording, Source, Threads};
use crate::population::{
    Bound, Bounds, Context, Domain, Evaluation, Gradient, Group, Optimizer, Points, Program, Shape, Slope, Start, Step,
    WORST,
};
use crate::{Error, Result};

/// A stage of a generation: what moves in it, and what moved since the one before.
struct Stage {
    from: usize,
    moved: usize,
    update: Recording,
}

pub(super) struct DescentStep {
    /// What it tells is which member is the best.
    bound: Bound,
    slope: Slope,
    gradients: Vec<Buffer<f32>>,
    stages: Vec<Stage>,
    /// What moves by itself: layers.
    groups: usize,
}

impl DescentStep {
    pub(super) fn new(descent: &Descent, context: &Context, shape: Shape, domain: &Domain) -> Result<Self> {
        let gpu = &context.gpu;
        let dims = shape.coordinates();
        // What the rule remembers lies in one buffer for a chunk.
        let moments = descent.rule.moments().max(1);
        let most = gpu.binding_limit() / 4 / u64::from(dims) / moments;
        let largest_chunk = context.largest_chunk.min(most.saturating_sub(16).clamp(4, u64::from(u32::MAX)) as u32);
        let context = Context { largest_chunk, ..context.clone() };
        let fitness = Points::fitness_buffer(gpu, "fitness", shape)?;
        let points = Points::unpadded(&context, "positions", shape, &fitness)?;
        let best = gpu.buffer::<f32>("best", dims.into())?;
        let best_fitness = gpu.upload("best fitness", &[WORST])?;
        let winner = gpu.buffer::<u32>("winner", 1)?;
        let norms = gpu.buffer::<f32>("norms", shape.padded().into())?;
        let rounds = dims.div_ceil(gpu.reduction_width());
        if descent.clip.0.is_some() && rounds > gpu.loop_limit() {
            return Err(Error::Limit {
                what: format!("the norm of a gradient of {dims} coordinates"),
                needed: format!("{rounds} loop iterations in one invocation"),
                allowed: gpu.loop_limit().to_string(),
                remedy: "this software adapter ends longer loops without a word: leave clip out, or use a GPU".into(),
            });
        }
        let groups = groups(domain, dims);
        // A box filled evenly has walls; what starts around a middle is only held together by them.
        let (wall_low, wall_high) = if domain.start == Start::Uniform { domain.walls() } else { (-WORST, WORST) };
        let bounds = Bounds { wall_low, wall_high, ..domain.bounds() };
        let bindings = Bindings::new()
            .with("bounds", gpu.uniform("bounds", &bounds)?.view())
            .with("best", best.view())
            .with("best_fitness", best_fitness.view())
            .with("winner", winner.view())
            .with("norms", norms.view())
            .with("fitness", fitness.view())
            .and(&context.clock);
        let mut state = points.state("positions");
        state.extend([("best".into(), best.view()), ("best_fitness".into(), best_fitness.view())]);

        let last = groups.len() - 1;
        let stages = match descent.update {
            Update::All => vec![(0, 0)],
            Update::PositionWise => {
                (0..=last).map(|stage| (last - stage, if stage == 0 { 0 } else { last + 1 - stage })).collect()
            }
        };
        let mut step = Self {
            bound: Bound::new(points, best, best_fitness, state),
            slope: match descent.estimate {
                Estimate::Backprop => Slope::Exact,
                Estimate::Swarm => Slope::Swarm(descent.swarm.clone()),
                Estimate::Nodes => Slope::Nodes(descent.noise.clone()),
            },
            groups: groups.len(),
            gradients: Vec::new(),
            stages: stages.iter().map(|&(from, moved)| Stage { from, moved, update: Recording::new() }).collect(),
        };
        let bound = &mut step.bound;
        bound.norms = descent.clip.0.map(|_| norms);
        let differing = !descent.differing(0, shape.members).is_empty();
        let rules: Vec<Rule> = (0..shape.members).map(|member| descent.rule_of(member, shape.members)).collect();
        let constants = bound
            .points
            .constants(shape)
            .constant("REDUCE", gpu.reduction_width())
            .constant("DIFFERING", differing.into())
            .constant_f32("CLIP", descent.clip.0.unwrap_or(WORST).min(WORST))
            .constant("CHANGING", context.changing.into());
        let with = |constants: &Source, stage: Option<usize>| {
            let shader = include_str!("../../../shaders/optimizer/descent.wgsl");
            constants.clone().piece("spans", &spans(&groups, stage))?.piece("descent", shader)
        };
        for (index, chunk) in bound.points.chunks.clone().iter().enumerate() {
            // Where members do not differ, one record serves all: the cheapest kind of load.
            let of_chunk = &rules[chunk.first as usize..][..if differing { chunk.members as usize } else { 1 }];
            let slots = u64::from(dims) * u64::from(bound.points.stride);
            let rule = Rule::bind(&context, of_chunk, slots)?;
            let gradient = gpu.buffer::<f32>("gradient", slots)?;
            bound.state.push((format!("moments.{index}"), rule.moments.clone()));
            let source = with(&constants.clone().constant("FROM", 0).join(&rule.source), None)?;
            let bindings = bindings.clone().and(&chunk.bindings).and(&rule.bindings).with("gradient", gradient.view());
            let threads = |coordinates: u32| Threads::Line(coordinates * bound.points.stride);
            bound.start.dispatch(gpu, &gpu.kernel("start", &source)?, &bindings, threads(dims))?;
            if index == 0 {
                bound.tell.dispatch(gpu, &gpu.kernel("judge", &source)?, &bindings, Threads::Groups(1))?;
            }
            bound.tell.dispatch(gpu, &gpu.kernel("keep", &source)?, &bindings, Threads::Line(dims))?;
            for (number, stage) in step.stages.iter_mut().enumerate() {
                let first = groups[stage.from].offset;
                let turns = (descent.update == Update::PositionWise).then_some(number);
                let source = with(&constants.clone().constant("FROM", first).join(&rule.source), turns)?;
                if descent.clip.0.is_some() {
                    let members = Threads::Groups(chunk.members);
                    stage.update.dispatch(gpu, &gpu.kernel("measure", &source)?, &bindings, members)?;
                }
                stage.update.dispatch(gpu, &gpu.kernel("descend", &source)?, &bindings, threads(dims - first))?;
            }
            step.gradients.push(gradient);
        }
        if let Some(begin) = &context.begin {
            begin.everyone(&step.bound.points, &mut step.bound.start)?;
        }
        Ok(step)
    }
}

/// What moves by itself: the layers, or everything where nothing is known of the coordinates.
pub(in super::super) fn groups(domain: &Domain, dims: u32) -> Vec<Group> {
    if domain.groups.is_empty() {
        return vec![Group { offset: 0, blocks: 1, width: dims, bias: false, scale: 1.0 }];
    }
    domain.groups.clone()
}

/// `span_of(coordinate)`: its group. Of a stage of position-wise updates: how often the group moves in a generation, and
/// how often it has by then.
fn spans(groups: &[Group], stage: Option<usize>) -> String {
    let mut text = String::from("fn span_of(coordinate: u32) -> Span {\n");
    for (index, group) in groups.iter().enumerate() {
        let turns = if stage.is_some() { index + 1 } else { 1 };
        let turn = stage.map_or(0, |stage| (stage + turns).saturating_sub(groups.len()));
        let end = group.offset + group.blocks * group.width;
        let (width, bias, scale) = (group.width, u32::from(group.bias), group.scale);
        let span = format!("Span({end}u, {width}u, {bias}u, {scale:?}, {turns}u, {turn}u)");
        let _ = if index + 1 == groups.len() {
            writeln!(text, "    return {span};\n}}")
        } else {
            writeln!(text, "    if coordinate < {end}u {{ return {span}; }}")
        };
    }
    text
}

impl Step for DescentStep {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn record(&mut self, evaluation: &mut dyn Evaluation) -> Result<Program> {
        let mut generation = Recording::new();
        evaluation.prepare(&mut generation)?;
        for (number, stage) in self.stages.iter().enumerate() {
            let keep = number + 1 < self.stages.len();
            let (from, moved) = (stage.from, stage.moved);
            let gradient = Gradient { slope: &self.slope, into: &self.gradients, from, moved, keep };
            evaluation.differentiate(&self.bound.points, &gradient, &mut generation)?;
            if number == 0 {
                generation.append(&self.bound.tell);
            }
            generation.append(&stage.update);
        }
        // Each layer has its passes with noise, whole ones or from that layer on.
        let passes = |stage: &Stage| match &self.slope {
            Slope::Nodes(noise) => 1 + u64::from(noise.perturbations) * (self.groups - stage.from) as u64,
            Slope::Exact | Slope::Swarm(_) => 1,
        };
        let evaluations = u64::from(self.bound.points.candidates) * self.stages.iter().map(passes).sum::<u64>();
        Ok(Program { variants: vec![generation], order: Box::new(|_, _| 0), evaluations })
    }
}
