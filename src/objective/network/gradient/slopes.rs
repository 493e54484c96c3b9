//! Where the way back begins: the slope of the mean loss in every output, from the loss itself or from a swarm.

use super::super::batch::Batch;
use super::super::part::Part;
use super::super::product::Tile;
use super::super::{Loss, Margin, Network};
use crate::gpu::{Bindings, Gpu, Kernel, Recording, Threads, View};
use crate::population::{Context, Extent, Origin, OutputSwarm, Points};
use crate::{Error, Result};

/// The settings of a swarm over outputs, as `output_swarm.wgsl` lays them out.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct SwarmUniform {
    cognitive: f32,
    social: f32,
    beta: f32,
    eta: f32,
    window: f32,
    low: f32,
    high: f32,
    origin: u32,
}

/// The kernels that write the slopes of a part.
pub(super) struct Slopes {
    kernel: Kernel,
    /// Threads a row.
    per_row: u32,
    padded_rows: u32,
    swarm: Option<View>,
    shared: Option<Shared>,
}

/// A swarm over the whole batch: what moves it, and the sizes of its memory.
struct Shared {
    kernel: Kernel,
    values: u64,
    particles: u64,
    moves: u32,
}

impl Slopes {
    pub(super) fn new(
        context: &Context,
        network: &Network,
        batch: &Batch,
        points: &Points,
        swarm: Option<&OutputSwarm>,
        padded_rows: u32,
    ) -> Result<Self> {
        let gpu = &context.gpu;
        let (loss, outputs) = (&network.loss, network.architecture.outputs);
        let source = points
            .source
            .clone()
            .constant("OUTPUTS", outputs)
            .constant("PADDED_OUTPUTS", Tile::new(gpu).padded(outputs))
            .constant("PADDED_ROWS", padded_rows)
            .constant("ROWS", batch.rows)
            .constant_f32("LOWERED", loss.margin().map_or(0.0, Margin::lowered))
            .piece("loss", &network.loss_piece())?;
        let swarm = match swarm {
            Some(swarm) => swarm,
            None if *loss == Loss::Accuracy => {
                let remedy = "accuracy has no slope to go down: take another --loss, or -s estimate=swarm or nodes, which need none";
                return Err(Error::setting("loss", "accuracy", remedy));
            }
            None => {
                let text = include_str!("../../../../shaders/objective/network/slopes.wgsl");
                let kernel = gpu.kernel("slopes", &source.piece("slopes", text)?)?;
                return Ok(Self { kernel, per_row: 1, padded_rows, swarm: None, shared: None });
            }
        };
        swarm.check()?;
        let swarms = if loss.apart() { outputs } else { 1 };
        let together = outputs / swarms;
        let minimized = if loss.apart() {
            include_str!("../../../../shaders/objective/loss/outputs_apart.wgsl")
        } else {
            include_str!("../../../../shaders/objective/loss/outputs_together.wgsl")
        };
        let (centre, half) = if network.bounded() { (0.5, 0.5) } else { (0.0, swarm.window) };
        let source = source
            .constant("PART_ROWS", batch.part_rows)
            .constant("SWARMS", swarms)
            .constant("TOGETHER", together)
            .constant("PARTICLES", swarm.particles)
            .constant("ITERATIONS", swarm.iterations)
            .constant_f32("SHARE", 1.0 / batch.rows as f32 / swarms as f32)
            .constant_f32("BOX_CENTRE", centre)
            .constant_f32("BOX_HALF", half)
            .piece("minimized", minimized)?;
        let uniform = gpu.uniform("output swarm", &numbers(swarm, network.bounded()))?.view();
        let (source, per_row, shared) = match swarm.extent {
            Extent::Own => {
                check_own(gpu, swarm, together)?;
                let text = include_str!("../../../../shaders/objective/network/output_swarm.wgsl");
                let states = swarm.particles * together;
                (source.constant("STATES", states).piece("output_swarm", text)?, swarms, None)
            }
            Extent::Shared => {
                check_shared(gpu, swarm, batch, outputs)?;
                let text = include_str!("../../../../shaders/objective/network/output_swarm_shared.wgsl");
                let source = source.piece("output_swarm_shared", text)?;
                let shared = Shared {
                    kernel: gpu.kernel("swarm_over_batch", &source)?,
                    values: u64::from(outputs) * u64::from(batch.rows),
                    particles: swarm.particles.into(),
                    moves: swarm.iterations,
                };
                (source, outputs, Some(shared))
            }
        };
        Ok(Self { kernel: gpu.kernel("slopes", &source)?, per_row, padded_rows, swarm: Some(uniform), shared })
    }

    /// Records the slopes of a part; `bindings` has its logits, labels and deltas.
    pub(super) fn record(
        &self,
        context: &Context,
        bindings: &Bindings,
        part: Part,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = &context.gpu;
        let mut bindings = bindings.clone();
        if let Some(swarm) = &self.swarm {
            bindings = bindings.with("output_swarm", swarm.clone());
        }
        if let Some(shared) = &self.shared {
            let candidates = u64::from(part.candidates);
            let states = gpu.buffer::<[f32; 4]>("states", candidates * shared.particles * shared.values)?;
            let best = gpu.buffer::<f32>("best outputs", candidates * shared.values)?;
            let losses = gpu.buffer::<f32>("losses of swarm", candidates * (shared.particles + 1))?;
            bindings =
                bindings.with("states", states.view()).with("best", best.view()).with("losses_of_swarm", losses.view());
            for number in 0..=shared.moves {
                let bound = bindings.clone().with("turn", gpu.uniform("turn", &number)?.view());
                recording.dispatch(gpu, &shared.kernel, &bound, Threads::Line(part.candidates))?;
            }
        }
        let threads = part.candidates * self.per_row * self.padded_rows;
        recording.dispatch(gpu, &self.kernel, &bindings, Threads::Line(threads))
    }
}

fn numbers(swarm: &OutputSwarm, bounded: bool) -> SwarmUniform {
    let (low, high) = if bounded { (0.0, 1.0) } else { (-1e30, 1e30) };
    SwarmUniform {
        cognitive: swarm.cognitive,
        social: swarm.social,
        beta: swarm.beta,
        eta: swarm.eta,
        window: if bounded { 1.0 } else { swarm.window },
        low,
        high,
        origin: match swarm.origin {
            Origin::Prediction => 0,
            Origin::Uniform => 1,
            Origin::Label => 2,
        },
    }
}

/// Refuses a swarm that one thread cannot carry.
fn check_own(gpu: &Gpu, swarm: &OutputSwarm, together: u32) -> Result<()> {
    const MOST: u32 = 1 << 12;
    let states = u64::from(swarm.particles) * u64::from(together);
    if states > MOST.into() {
        let remedy = format!("{together} outputs together leave room for {} particles", MOST / together.max(1));
        return Err(Error::setting("particles", swarm.particles, remedy));
    }
    if (u64::from(swarm.iterations) + 1) * states * 2 > gpu.loop_limit().into() {
        let remedy = "fewer iterations or particles: a thread of this adapter has no more turns";
        return Err(Error::setting("iterations", swarm.iterations, remedy));
    }
    Ok(())
}

/// The same for a swarm over the whole batch, of which a thread makes one move.
fn check_shared(gpu: &Gpu, swarm: &OutputSwarm, batch: &Batch, outputs: u32) -> Result<()> {
    let turns = 4 * u64::from(swarm.particles) * u64::from(outputs) * u64::from(batch.rows);
    if batch.parts() > 1 || turns > gpu.loop_limit().into() {
        let rows = u64::from(gpu.loop_limit()) / 4 / u64::from(swarm.particles * outputs);
        let remedy = format!("one thread moves the whole swarm: at most {rows} rows, so give --batch");
        return Err(Error::setting("extent", "shared", remedy));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn a_swarm_is_laid_out_as_in_the_shader() {
        let fields = [
            ("cognitive", offset_of!(SwarmUniform, cognitive)),
            ("social", offset_of!(SwarmUniform, social)),
            ("beta", offset_of!(SwarmUniform, beta)),
            ("eta", offset_of!(SwarmUniform, eta)),
            ("window", offset_of!(SwarmUniform, window)),
            ("low", offset_of!(SwarmUniform, low)),
            ("high", offset_of!(SwarmUniform, high)),
            ("origin", offset_of!(SwarmUniform, origin)),
        ];
        let text = include_str!("../../../../shaders/objective/network/output_draws.wgsl");
        same_layout(text, "OutputSwarm", size_of::<SwarmUniform>(), &fields);
    }
}
