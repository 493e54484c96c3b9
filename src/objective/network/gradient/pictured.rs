//! The way back through the layers over pictures: slopes handed down, and the gradients of filters.

use super::super::batch::Batch;
use super::super::convolution::{Cut, Way};
use super::super::layered::{Part, SCRATCH};
use super::super::pictured::{Pictured, Values, check};
use super::super::{Activation, Layer, pool};
use super::filters::Filters;
use crate::Result;
use crate::gpu::{Bindings, Buffer, Gpu, Kernel, Recording, Source, Threads, View, WORKGROUP};

/// The kernels of the way back, layer by layer.
pub(super) struct Back {
    stages: Vec<StageBack>,
}

struct StageBack {
    /// Weighted layers below.
    below: usize,
    pull: Option<Pull>,
    /// None for the first layer, below which there is nothing.
    down: Option<Down>,
}

struct Pull {
    kernel: Kernel,
    slices: Kernel,
    cut: Filters,
}

struct Down {
    kernel: Kernel,
    /// Workgroups of a candidate; none where threads are counted.
    tiles: Option<u32>,
    /// Threads for a row of a candidate.
    threads: u32,
}

/// What the slope of an activation is told from.
pub(super) fn told_from(values: &Values, stage: usize) -> View {
    values.sums[stage].as_ref().unwrap_or(&values.values[stage]).view()
}

impl Back {
    /// For parts of at most `candidates`; `transposed` weights a candidate, those of pictures first.
    pub(super) fn new(
        gpu: &Gpu,
        pictured: &Pictured,
        (layers, batch): (&[Layer], &Batch),
        (candidates, transposed, stride): (u32, u32, u32),
    ) -> Result<Self> {
        let Pictured { stages, tile, padded_rows } = pictured;
        let (tile, padded_rows) = (*tile, *padded_rows);
        let (mut below, mut offset) = (0, 0);
        let mut all = Vec::new();
        for (number, stage) in stages.iter().enumerate() {
            let activation = number.checked_sub(1).map_or(Activation::Identity, |n| stages[n].step.activation());
            let mut made = StageBack { below, pull: None, down: None };
            if let Some(cut) = Filters::new(tile, stage, (batch.part_rows, candidates), gpu.loop_limit()) {
                let source = cut
                    .constants(Source::new(), tile)
                    .constant("PADDED_ROWS", padded_rows)
                    .constant("COLUMNS", batch.columns);
                let kernel = source.clone().piece("filters", &cut.text(tile, number == 0))?;
                let slices = source
                    .constant("WORKGROUP", WORKGROUP)
                    .constant("FIRST", layers[below].offset)
                    .constant("STRIDE", stride)
                    .piece("slices", include_str!("../../../../shaders/objective/network/slices.wgsl"))?;
                let kernels = (gpu.kernel("pull_filters", &kernel)?, gpu.kernel("add_slices", &slices)?);
                made.pull = Some(Pull { kernel: kernels.0, slices: kernels.1, cut });
            }
            if below > 0 {
                made.down = Some(match Cut::new(tile, stage, Way::Back) {
                    Some(cut) => {
                        check(gpu, stage, &cut)?;
                        let source = cut
                            .constants(Source::new(), tile, (transposed, offset))
                            .constant("PADDED_ROWS", padded_rows)
                            .piece("activation", activation.wgsl())?;
                        let values = "@group(2) @binding(4) var<storage, read> values: array<f32>;\n";
                        let written = |sum: &str, place: &str| format!("{sum} * slope(values[{place}])");
                        let source = source.piece("hand_down", &cut.text(tile, false, values, &written))?;
                        let kernel = gpu.kernel("hand_down", &source)?;
                        Down { kernel, tiles: Some(cut.tiles()), threads: 0 }
                    }
                    None => {
                        let (kernel, threads) = pool::back(gpu, stage, tile, padded_rows, activation.wgsl())?;
                        Down { kernel, tiles: None, threads }
                    }
                });
                let (inputs, filters) = stage.weights().unwrap_or((0, 0));
                offset += inputs / stage.from.channels * filters * tile.padded(stage.from.channels);
            }
            below += usize::from(stage.weights().is_some());
            all.push(made);
        }
        Ok(Self { stages: all })
    }

    /// Records the gradients of the layers from weighted layer `from` on. The slopes of what the last of them puts out
    /// are in the first of `deltas`; `bindings` has the gradient, and as `staged` the transposed weights.
    pub(super) fn record(
        &self,
        gpu: &Gpu,
        (pictured, values): (&Pictured, &Values),
        bindings: &Bindings,
        (part, rows, from): (Part, View, usize),
        mut deltas: [View; 2],
        recording: &mut Recording,
    ) -> Result<()> {
        for (number, back) in self.stages.iter().enumerate().rev() {
            let inputs = if number == 0 { rows.clone() } else { values.values[number - 1].view() };
            if let Some(pull) = back.pull.as_ref().filter(|_| back.below >= from) {
                let size = u64::from(pull.cut.slices) * u64::from(part.candidates) * u64::from(pull.cut.weights());
                let partial: Buffer<f32> = gpu.buffer("slices of a gradient", size)?;
                let bound = bindings.clone().with("partial_sums", partial.view());
                let grid = [pull.cut.tiles(), pull.cut.slices, part.candidates];
                let summed = bound.clone().with("deltas", deltas[0].clone()).with("inputs", inputs.clone());
                recording.dispatch(gpu, &pull.kernel, &summed, Threads::Grid(grid))?;
                let weights = Threads::Line(pull.cut.weights() * part.candidates);
                recording.dispatch(gpu, &pull.slices, &bound, weights)?;
            }
            let Some(down) = back.down.as_ref().filter(|_| back.below > from) else { return Ok(()) };
            let bound = bindings
                .clone()
                .with("inputs", deltas[0].clone())
                .with("outputs", deltas[1].clone())
                .with("pixels", inputs)
                .with("values", told_from(values, number - 1));
            recording.dispatch(gpu, &down.kernel, &bound, pictured.threads(down.tiles, down.threads, part))?;
            deltas.swap(0, 1);
        }
        Ok(())
    }
}

/// Candidates of a part so that the slices of every gradient fit into memory.
pub(super) fn part_candidates(pictured: &Pictured, gpu: &Gpu, rows: u32) -> u32 {
    let cut = |stage| Filters::new(pictured.tile, stage, (rows, 1), gpu.loop_limit());
    let sizes = pictured.stages.iter().filter_map(cut).map(|cut| u64::from(cut.slices) * u64::from(cut.weights()));
    let most = SCRATCH.min(gpu.binding_limit()) / 4;
    most.checked_div(sizes.max().unwrap_or(0)).unwrap_or(u64::MAX).clamp(1, 65_535) as u32
}
