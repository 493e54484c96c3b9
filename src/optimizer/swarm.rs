//! What the particle swarms share: positions, velocities, personal bests, the best of the block.

use super::pso::Neighbourhood;
use crate::Result;
use crate::gpu::{Bindings, Buffer, Gpu, Kernel, Recording, Source, Threads, View};
use crate::population::{Context, Domain, Points, Shape, Start, Step, WORST};

/// What makes one swarm differ from another.
pub(super) struct Rule<'a> {
    /// Name and text of the shader that defines `moved` and the `settings` it reads.
    pub(super) shader: (&'static str, &'static str),
    /// The settings struct as bytes.
    pub(super) settings: &'a [u8],
    /// Whether the rule keeps a second velocity, `momentum`.
    pub(super) momentum: bool,
    /// Largest step per coordinate; none for the objective's own proposal.
    pub(super) vmax: Option<f32>,
    /// Whom a member follows.
    pub(super) neighbourhood: Neighbourhood,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Swarm {
    low: f32,
    high: f32,
    wall_low: f32,
    wall_high: f32,
    vmax: f32,
    normal: u32,
}

/// The assembled shader of a swarm.
fn source(gpu: &Gpu, points: &Points, shape: Shape, shader: (&str, &str)) -> Result<Source> {
    points
        .constants(shape)
        .constant("REDUCE", gpu.reduction_width())
        .constant("CHUNKS", points.chunks.len() as u32)
        .constant("CHUNK_MEMBERS", points.chunks[0].members)
        .piece(shader.0, shader.1)
}

/// A bound swarm.
pub(super) struct SwarmStep {
    points: Points,
    personal: Points,
    best: Buffer<f32>,
    best_fitness: Buffer<f32>,
    state: Vec<(String, View)>,
    start: Recording,
    ask: Recording,
    tell: Recording,
}

impl SwarmStep {
    pub(super) fn bind(context: &Context, shape: Shape, domain: &Domain, rule: &Rule) -> Result<Box<dyn Step>> {
        let gpu = &context.gpu;
        let fitness = Points::fitness_buffer(gpu, "fitness", shape)?;
        let own_fitness = Points::fitness_buffer(gpu, "own fitness", shape)?;
        let points = Points::direct(context, "positions", shape, &fitness)?;
        let personal = Points::direct(context, "personal bests", shape, &own_fitness)?;
        let quads = u64::from(shape.blocks) * u64::from(shape.padded() / 4);
        let improved = gpu.buffer::<u32>("improved", quads)?;
        let best = gpu.buffer::<f32>("best", shape.coordinates().into())?;
        let best_fitness = gpu.upload("best fitness", &vec![WORST; shape.blocks as usize])?;
        let winner = gpu.buffer::<u32>("winner", shape.blocks.into())?;
        let edges = gpu.buffer::<f32>("edges", 2 * u64::from(shape.coordinates()) * points.chunks.len() as u64)?;
        let (wall_low, wall_high) = domain.walls();
        let swarm = Swarm {
            low: domain.low,
            high: domain.high,
            wall_low,
            wall_high,
            vmax: rule.vmax.or(domain.step).unwrap_or(WORST),
            normal: u32::from(domain.start == Start::Normal),
        };
        let shared = Bindings::new()
            .with("swarm", gpu.uniform("swarm", &swarm)?.view())
            .with("settings", gpu.upload("settings", rule.settings)?.view())
            .with("improved", improved.view())
            .with("own_fitness", own_fitness.view())
            .with("best", best.view())
            .with("best_fitness", best_fitness.view())
            .with("winner", winner.view())
            .with("edges", edges.view())
            .and(&context.clock);

        let source = source(gpu, &points, shape, rule.shader)?;
        let kernel = |entry: &str| gpu.kernel(entry, &source);
        let (mut state, mut bindings) = (Vec::new(), Vec::new());
        for (index, (chunk, own)) in points.chunks.iter().zip(&personal.chunks).enumerate() {
            let velocity = gpu.buffer::<f32>("velocity", chunk.positions.len())?;
            let mut chunked = shared
                .clone()
                .and(&chunk.bindings)
                .with("velocity", velocity.view())
                .with("personal", own.positions.view());
            state.push((format!("velocity.{index}"), velocity.view()));
            if rule.momentum {
                let momentum = gpu.buffer::<f32>("momentum", chunk.positions.len())?;
                chunked = chunked.with("momentum", momentum.view());
                state.push((format!("momentum.{index}"), momentum.view()));
            }
            bindings.push(chunked);
        }
        state.extend(points.state("positions"));
        state.extend(personal.state("personal"));
        state.extend([
            ("improved".into(), improved.view()),
            ("own_fitness".into(), own_fitness.view()),
            ("best".into(), best.view()),
            ("best_fitness".into(), best_fitness.view()),
        ]);

        let threads = Threads::Line(shape.coordinates() * (points.stride / 4));
        let pairs = Threads::Line(shape.coordinates().div_ceil(2) * (points.stride / 4));
        let over_chunks = |recording: &mut Recording, kernel: &Kernel, threads: Threads| -> Result<()> {
            bindings.iter().try_for_each(|bound| recording.dispatch(gpu, kernel, bound, threads))
        };
        let (mut start, mut ask, mut tell) = (Recording::new(), Recording::new(), Recording::new());
        over_chunks(&mut start, &kernel("start")?, threads)?;
        match rule.neighbourhood {
            Neighbourhood::Global => over_chunks(&mut ask, &kernel("ask")?, pairs)?,
            Neighbourhood::Ring => {
                over_chunks(&mut ask, &kernel("settle")?, threads)?;
                over_chunks(&mut ask, &kernel("ask_ring")?, threads)?;
            }
        }
        let whole = shared.with("fitness", fitness.view());
        tell.dispatch(gpu, &kernel("tell_own")?, &whole, Threads::Groups(shape.blocks))?;
        over_chunks(&mut tell, &kernel("tell_best")?, Threads::Line(shape.coordinates()))?;
        Ok(Box::new(Self { points, personal, best, best_fitness, state, start, ask, tell }))
    }
}

impl Step for SwarmStep {
    fn points(&self) -> &Points {
        &self.points
    }

    fn remembered(&self) -> Option<&Points> {
        Some(&self.personal)
    }

    fn best(&self) -> &Buffer<f32> {
        &self.best
    }

    fn best_fitness(&self) -> &Buffer<f32> {
        &self.best_fitness
    }

    fn start(&self) -> &Recording {
        &self.start
    }

    fn ask(&self) -> &Recording {
        &self.ask
    }

    fn tell(&self) -> &Recording {
        &self.tell
    }

    fn state(&self) -> Vec<(String, View)> {
        self.state.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn the_swarm_is_laid_out_as_in_the_shader() {
        let fields = [
            ("low", offset_of!(Swarm, low)),
            ("high", offset_of!(Swarm, high)),
            ("wall_low", offset_of!(Swarm, wall_low)),
            ("wall_high", offset_of!(Swarm, wall_high)),
            ("vmax", offset_of!(Swarm, vmax)),
            ("normal", offset_of!(Swarm, normal)),
        ];
        same_layout(include_str!("../../shaders/optimizer/swarm.wgsl"), "Swarm", size_of::<Swarm>(), &fields);
    }
}
