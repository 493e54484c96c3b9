//! Layer by layer: a candidate's layer is a matrix product in register tiles, activations lie in memory.
//!
//! Lanes run along rows, so the weight is the operand that all lanes share. On software adapters with subgroups one
//! load feeds eight weights by broadcast; elsewhere weights are read four at a time. No barrier, no workgroup memory:
//! measured to be the shape that both kinds of adapters run well (`product`).

use super::batch::{Batch, Rows};
use super::cosines::Cosines;
use super::product::{Tile, dense, weights, weights_but_last_biases};
use super::{Architecture, Margin, Network, Scorer, total};
use crate::Result;
use crate::gpu::{Bindings, Buffer, Kernel, Recording, Source, Threads, View};
use crate::population::{Context, Points};

/// Bytes of a scratch buffer at most.
pub(super) const SCRATCH: u64 = 64 << 20;

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Part {
    pub(super) candidate: u32,
    pub(super) candidates: u32,
    pub(super) row: u32,
    pub(super) rows: u32,
    pub(super) block: u32,
}

pub(super) struct Layered {
    context: Context,
    architecture: Architecture,
    tile: Tile,
    losses: Source,
    /// Where the outputs are cosines.
    margin: Option<Margin>,
    padded_rows: u32,
    staged_size: u32,
    scratch: Option<Scratch>,
}

struct Scratch {
    candidates: u32,
    staged: Buffer<f32>,
    activations: [Buffer<f32>; 2],
    weight_norms: Buffer<f32>,
}

/// The kernels of a forward pass.
struct Kernels {
    stage: Kernel,
    dense: Vec<Kernel>,
    cosines: Option<Cosines>,
}

impl Layered {
    pub(super) fn new(context: &Context, network: &Network, batch: &Batch) -> Result<Self> {
        let gpu = &context.gpu;
        let tile = Tile::new(gpu).for_rows(batch.part_rows);
        let architecture = network.architecture.clone();
        let padded_rows = tile.padded_rows(batch.part_rows);
        let staged_size = architecture.layers().iter().map(|l| (l.inputs + 1) * tile.padded(l.outputs)).sum();
        let losses = Source::new()
            .constant("REDUCE", gpu.reduction_width())
            .constant("OUTPUTS", architecture.outputs)
            .constant("PADDED_OUTPUTS", tile.padded(architecture.outputs))
            .constant("PADDED_ROWS", padded_rows)
            .constant_f32("LOWERED", network.loss.margin().map_or(0.0, Margin::lowered))
            .piece("loss", &network.loss_piece())?
            .piece("layered_loss", include_str!("../../../shaders/objective/network/layered_loss.wgsl"))?;
        let margin = network.loss.margin();
        Ok(Self {
            context: context.clone(),
            architecture,
            tile,
            losses,
            margin,
            padded_rows,
            staged_size,
            scratch: None,
        })
    }

    /// Candidates of a part: as many as the scratch buffers and 100 ms allow.
    fn part_candidates(&self, candidates: u32) -> u32 {
        let gpu = &self.context.gpu;
        let widest = self.architecture.layers().iter().map(|l| self.tile.padded(l.outputs)).max().unwrap_or(4);
        let budget = SCRATCH.min(gpu.binding_limit()) / 4;
        let per_candidate = u64::from(widest * self.padded_rows).max(u64::from(self.staged_size));
        let most = self.architecture.layers().iter().map(|l| f64::from(l.inputs * l.outputs)).fold(1.0, f64::max);
        let by_time = gpu.work_limit() / (2.0 * most * f64::from(self.padded_rows));
        candidates.min((budget / per_candidate) as u32).min(by_time as u32).clamp(1, 65_535)
    }

    fn scratch(&mut self, candidates: u32) -> Result<()> {
        if self.scratch.as_ref().is_some_and(|scratch| scratch.candidates >= candidates) {
            return Ok(());
        }
        let gpu = &self.context.gpu;
        let widest = self.architecture.layers().iter().map(|l| self.tile.padded(l.outputs)).max().unwrap_or(4);
        let size = u64::from(candidates) * u64::from(widest) * u64::from(self.padded_rows);
        let norms = if self.margin.is_some() { self.architecture.outputs } else { 0 };
        self.scratch = Some(Scratch {
            candidates,
            staged: gpu.buffer("staged weights", u64::from(candidates) * u64::from(self.staged_size))?,
            activations: [gpu.buffer("activations", size)?, gpu.buffer("activations", size)?],
            weight_norms: gpu.buffer("norms of weights", u64::from(candidates) * u64::from(norms))?,
        });
        Ok(())
    }

    fn kernels(&self, points: &Points, batch: &Batch) -> Result<Kernels> {
        let (gpu, sizes) = (&self.context.gpu, (self.padded_rows, batch.columns));
        let cosines = |margin| Cosines::new(gpu, &self.architecture, self.tile, sizes, margin);
        Ok(Kernels {
            stage: self.stage_kernel(points)?,
            dense: self.dense_kernels(batch)?,
            cosines: self.margin.map(cosines).transpose()?,
        })
    }

    /// The kernel that lays a candidate's weights out as matrices.
    fn stage_kernel(&self, points: &Points) -> Result<Kernel> {
        let weights = if self.margin.is_some() { weights_but_last_biases } else { weights };
        let source = points
            .source
            .clone()
            .constant("STAGED", self.staged_size)
            .piece("weights", &weights(&self.architecture, self.tile))?
            .piece("layered", include_str!("../../../shaders/objective/network/layered.wgsl"))?;
        self.context.gpu.kernel("stage", &source)
    }

    fn dense_kernels(&self, batch: &Batch) -> Result<Vec<Kernel>> {
        let layers = self.architecture.layers();
        let mut offset = 0;
        let mut kernels = Vec::new();
        for (l, layer) in layers.iter().enumerate() {
            let last = l + 1 == layers.len();
            let source = Source::new()
                .constant("STAGED", self.staged_size)
                .constant("OFFSET", offset)
                .constant("INPUTS", layer.inputs)
                .constant("PADDED_INPUTS", self.tile.padded(layer.inputs))
                .constant("PADDED", self.tile.padded(layer.outputs))
                .constant("PADDED_ROWS", self.padded_rows)
                .constant("COLUMNS", batch.columns)
                .piece("activation", self.architecture.activation.wgsl())?
                .piece("dense", &dense(layer, self.tile, l == 0, last))?;
            kernels.push(self.context.gpu.kernel("dense", &source)?);
            offset += (layer.inputs + 1) * self.tile.padded(layer.outputs);
        }
        Ok(kernels)
    }

    /// Records the forward pass of one part; the logits are then in the view returned.
    fn forward(
        &self,
        kernels: &Kernels,
        bindings: &Bindings,
        part: Part,
        rows: &Rows,
        recording: &mut Recording,
    ) -> Result<View> {
        let gpu = &self.context.gpu;
        let scratch = self.scratch.as_ref().expect("made before any part is recorded");
        let bindings = bindings.clone().with("staged", scratch.staged.view());
        recording.dispatch(gpu, &kernels.stage, &bindings, Threads::Line(part.candidates * self.staged_size))?;
        let mut inputs = rows.inputs.clone();
        let mut features = inputs.clone();
        for (l, (layer, kernel)) in self.architecture.layers().iter().zip(&kernels.dense).enumerate() {
            let outputs = scratch.activations[l % 2].view();
            let padded = self.tile.padded(layer.outputs);
            let bound = bindings.clone().with("inputs", inputs.clone()).with("outputs", outputs.clone());
            let units = self.tile.units_for(padded);
            let rows = part.rows.div_ceil(self.tile.lanes * self.tile.rows_for(units));
            let grid = [rows, padded / units, part.candidates];
            recording.dispatch(gpu, kernel, &bound, Threads::Grid(grid))?;
            features = std::mem::replace(&mut inputs, outputs);
        }
        if let Some(cosines) = &kernels.cosines {
            let bindings = bindings.with("weight_norms", scratch.weight_norms.view());
            cosines.record(gpu, &bindings, (features, inputs.clone()), part, recording)?;
        }
        Ok(inputs)
    }

    /// Outputs of a population of one, row after row.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn logits(&mut self, points: &Points, batch: &Batch) -> Result<Vec<f32>> {
        self.scratch(1)?;
        let gpu = self.context.gpu.clone();
        let kernels = self.kernels(points, batch)?;
        let outputs = self.architecture.outputs as usize;
        let mut all = Vec::with_capacity(outputs * batch.rows as usize);
        for number in 0..batch.parts() {
            let rows = batch.part(number);
            let part = Part { candidate: 0, candidates: 1, row: rows.row, rows: rows.rows, block: 0 };
            let bindings = self.bindings(points.chunks[0].bindings.clone(), part)?;
            let mut recording = Recording::new();
            let view = self.forward(&kernels, &bindings, part, &rows, &mut recording)?;
            let values: Vec<f32> = gpu.run(&recording, &[view])?.values(0);
            for r in 0..part.rows as usize {
                all.extend((0..outputs).map(|o| values[o * self.padded_rows as usize + r]));
            }
        }
        Ok(all)
    }

    fn bindings(&self, chunk: Bindings, part: Part) -> Result<Bindings> {
        Ok(chunk.and(&self.context.clock).with("part", self.context.gpu.uniform("part", &part)?.view()))
    }
}

impl Scorer for Layered {
    fn score(&mut self, points: &Points, batch: &Batch, recording: &mut Recording) -> Result<()> {
        let gpu = self.context.gpu.clone();
        let per_part = self.part_candidates(points.candidates);
        self.scratch(per_part)?;
        let kernels = self.kernels(points, batch)?;
        let losses = gpu.kernel("losses", &points.source.clone().join(&self.losses))?;
        let blocks = batch.parts();
        let partial: Buffer<f32> = gpu.buffer("partial", u64::from(blocks) * u64::from(points.stride))?;
        let partial = Bindings::new().with("partial", partial.view());
        for chunk in &points.chunks {
            recording.append(&chunk.fill);
            for block in 0..blocks {
                let rows = batch.part(block);
                for candidate in (0..chunk.members).step_by(per_part as usize) {
                    let part = Part {
                        candidate,
                        candidates: per_part.min(chunk.members - candidate),
                        row: rows.row,
                        rows: rows.rows,
                        block,
                    };
                    let bindings = self.bindings(chunk.bindings.clone(), part)?.and(&partial);
                    let logits = self.forward(&kernels, &bindings, part, &rows, recording)?;
                    let bindings = bindings.with("logits", logits).with("row_labels", rows.labels.clone());
                    recording.dispatch(&gpu, &losses, &bindings, Threads::Groups(part.candidates))?;
                }
            }
            total(&self.context, points, chunk, &partial, (blocks, batch.rows), recording)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn a_part_is_laid_out_as_in_the_shader() {
        let fields = [
            ("candidate", offset_of!(Part, candidate)),
            ("candidates", offset_of!(Part, candidates)),
            ("row", offset_of!(Part, row)),
            ("rows", offset_of!(Part, rows)),
            ("block", offset_of!(Part, block)),
        ];
        same_layout(
            include_str!("../../../shaders/objective/network/layered_part.wgsl"),
            "Part",
            size_of::<Part>(),
            &fields,
        );
    }
}
