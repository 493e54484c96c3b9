//! The way back through the layers over pictures: slopes handed down, and the gradients of filters and norms.

use super::super::batch::Batch;
use super::super::convolution::{Cut, Way};
use super::super::layered::SCRATCH;
use super::super::part::Part;
use super::super::pictured::{Pictured, Values, check};
use super::super::stages::{Operation, Stage, weighted};
use super::super::{Activation, Layer, pool, sum};
use super::filters::Filters;
use crate::Result;
use crate::gpu::{Bindings, Buffer, Gpu, Kernel, Recording, Source, Threads, View, WORKGROUP};

/// The kernels of the way back, layer by layer.
pub(super) struct Back {
    stages: Vec<StageBack>,
    /// Weighted layers up to each.
    weighted: Vec<usize>,
}

struct StageBack {
    /// Of the buffers of slopes, that with the slopes of what the layer puts out.
    slot: usize,
    pull: Pull,
    /// To the layers that are read, unless nothing below them has weights.
    down: Vec<Down>,
}

/// What sums the gradient of a layer.
enum Pull {
    /// There is none.
    None,
    Filters {
        kernel: Kernel,
        slices: Kernel,
        cut: Filters,
    },
    /// So many channels.
    Norm(Kernel, u32),
}

struct Down {
    /// The layer below.
    to: usize,
    /// None where slopes are told from noise.
    kernel: Option<Kernel>,
    /// Workgroups of a candidate on the rows of one, and these rows; none where threads are counted.
    tiles: Option<[u32; 2]>,
    /// Threads for a row of a candidate.
    threads: u32,
}

/// What tells the slopes in what weighted layer 0 takes in from noise there: it is given that, what the slope of the
/// activation before it is told from, and where slopes go.
pub(super) type Told<'a> = &'a dyn Fn(usize, [View; 3], &mut Recording) -> Result<()>;

/// What the slope of an activation is told from.
pub(super) fn told_from(values: &Values, stage: usize) -> View {
    values.sums[stage].as_ref().unwrap_or(&values.values[stage]).view()
}

/// For every layer, which of some buffers has its slopes: the first for the last layer, and one is free for others as
/// soon as its layer is done.
fn slots(stages: &[Stage]) -> Vec<usize> {
    let mut slots = vec![usize::MAX; stages.len()];
    let mut free = std::collections::BTreeSet::new();
    let mut made = 0;
    let mut take = |free: &mut std::collections::BTreeSet<usize>| {
        free.pop_first().unwrap_or_else(|| {
            made += 1;
            made - 1
        })
    };
    for (number, stage) in stages.iter().enumerate().rev() {
        if slots[number] == usize::MAX {
            slots[number] = take(&mut free);
        }
        for source in stage.sources() {
            if slots[source] == usize::MAX {
                slots[source] = take(&mut free);
            }
        }
        free.insert(slots[number]);
    }
    slots
}

/// Buffers of slopes that the way back takes: at least the two of dense layers.
pub(super) fn delta_buffers(stages: &[Stage]) -> usize {
    slots(stages).into_iter().map(|slot| slot + 1).max().unwrap_or(0).max(2)
}

impl Back {
    /// For parts of at most `candidates`; `transposed` weights a candidate, those of pictures first, and `staged` laid out
    /// for the way there. With none of the first, what weighted layers take in has slopes that are told from noise.
    pub(super) fn new(
        gpu: &Gpu,
        pictured: &Pictured,
        (layers, batch): (&[Layer], &Batch),
        (candidates, transposed, staged, stride): (u32, u32, u32, u32),
    ) -> Result<Self> {
        let Pictured { stages, tile, padded_rows, .. } = pictured;
        let (tile, padded_rows) = (*tile, *padded_rows);
        let (slots, weighted) = (slots(stages), weighted(stages));
        let (mut offset, mut staged_offset) = (0, 0);
        let last_reader = last_readers(stages);
        let mut all = Vec::new();
        for (number, stage) in stages.iter().enumerate() {
            let layer = stage.weights().map(|_| &layers[weighted[number] - 1]);
            let mut made = StageBack { slot: slots[number], pull: Pull::None, down: Vec::new() };
            let below = |source: usize| stages[source].activation;
            if let Some(cut) = Filters::new(tile, stage, (batch.part_rows, candidates), gpu.loop_limit())
                && let Some(layer) = layer
            {
                let source = cut
                    .constants(Source::new(), tile)
                    .constant("PADDED_ROWS", padded_rows)
                    .constant("COLUMNS", batch.columns);
                let kernel = source.clone().piece("filters", &cut.text(tile, stage.reads.is_none()))?;
                let slices = source
                    .constant("WORKGROUP", WORKGROUP)
                    .constant("FIRST", layer.offset)
                    .constant("STRIDE", stride)
                    .piece("slices", include_str!("../../../../shaders/objective/network/slices.wgsl"))?;
                let kernels = (gpu.kernel("pull_filters", &kernel)?, gpu.kernel("add_slices", &slices)?);
                made.pull = Pull::Filters { kernel: kernels.0, slices: kernels.1, cut };
            }
            let to_hand = stage.sources().filter(|source| weighted[*source] > 0);
            if stage.operation == Operation::Norm
                && let Some(layer) = layer
            {
                let norm = pictured.norm(number, (staged, staged_offset));
                let activation = stage.reads.map_or(Activation::Identity, below);
                let [pull, kernel] = norm.back(gpu, layer, stride, activation)?;
                made.pull = Pull::Norm(pull, stage.to.channels);
                made.down.extend(to_hand.map(|to| Down {
                    to,
                    kernel: Some(kernel.clone()),
                    tiles: None,
                    threads: norm.values(),
                }));
            } else {
                for to in to_hand {
                    let more = last_reader[to] != number;
                    if transposed == 0 && stage.weights().is_some() {
                        made.down.push(Down { to, kernel: None, tiles: None, threads: 0 });
                        continue;
                    }
                    made.down.push(down(gpu, (pictured, number), (to, more), (transposed, offset))?);
                }
            }
            if let Some((inputs, units)) = stage.weights() {
                staged_offset += (inputs + 1) * tile.padded(units);
                if let Operation::Convolution { kernel, .. } = stage.operation
                    && weighted[number] > 1
                {
                    offset += kernel * kernel * units * tile.padded(stage.from.channels);
                }
            }
            all.push(made);
        }
        Ok(Self { stages: all, weighted })
    }

    /// Records the gradients of the layers from weighted layer `from` on. The slopes of what the last of them puts out
    /// are in the first of `deltas`; `bindings` has the gradient, as `staged` the transposed weights, and as `moments`
    /// those of norms. `staged`: the weights of the way there. `told` is asked for slopes that nothing hands down.
    pub(super) fn record(
        &self,
        gpu: &Gpu,
        (pictured, values): (&Pictured, &Values),
        (bindings, staged): (&Bindings, View),
        (part, rows, from): (Part, View, usize),
        deltas: &[View],
        (told, recording): (Told, &mut Recording),
    ) -> Result<()> {
        for (number, back) in self.stages.iter().enumerate().rev() {
            if self.weighted[number] <= from {
                return Ok(());
            }
            let stage = &pictured.stages[number];
            let pixels = stage.reads.map_or_else(|| rows.clone(), |source| values.values[source].view());
            let slopes = deltas[back.slot].clone();
            let mut bindings = bindings.clone();
            match &back.pull {
                Pull::None => {}
                Pull::Filters { kernel, slices, cut } => {
                    let size = u64::from(cut.slices) * u64::from(part.candidates) * u64::from(cut.weights());
                    let partial: Buffer<f32> = gpu.buffer("slices of a gradient", size)?;
                    let bound = bindings.clone().with("partial_sums", partial.view());
                    let grid = [cut.tiles(), cut.slices, part.candidates];
                    let summed = bound.clone().with("deltas", slopes.clone()).with("inputs", pixels.clone());
                    recording.dispatch(gpu, kernel, &summed, Threads::Grid(grid))?;
                    recording.dispatch(gpu, slices, &bound, Threads::Line(cut.weights() * part.candidates))?;
                }
                Pull::Norm(kernel, channels) => {
                    let channels = part.candidates * channels;
                    let sums: Buffer<[f32; 2]> = gpu.buffer("sums of channels", channels.into())?;
                    bindings = bindings.with("channel_sums", sums.view()).with("staged", staged.clone());
                    let bound = bindings.clone().with("inputs", slopes.clone()).with("pixels", pixels.clone());
                    recording.dispatch(gpu, kernel, &bound, Threads::Groups(channels))?;
                }
            }
            for Down { to, kernel, tiles, threads } in back.down.iter().filter(|down| self.weighted[down.to] > from) {
                let into = deltas[self.stages[*to].slot].clone();
                let Some(kernel) = kernel else {
                    told(self.weighted[number] - 1, [pixels.clone(), told_from(values, *to), into], recording)?;
                    continue;
                };
                let bound = bindings
                    .clone()
                    .with("inputs", slopes.clone())
                    .with("outputs", into)
                    .with("pixels", pixels.clone())
                    .with("values", told_from(values, *to));
                recording.dispatch(gpu, kernel, &bound, pictured.threads(*tiles, *threads, part))?;
            }
        }
        Ok(())
    }
}

/// The last layer that reads each, which is the first to hand slopes down to it.
fn last_readers(stages: &[Stage]) -> Vec<usize> {
    let mut readers = vec![usize::MAX; stages.len()];
    for (number, stage) in stages.iter().enumerate() {
        stage.sources().for_each(|source| readers[source] = number);
    }
    readers
}

/// What hands the slopes of a layer down to another one, in place of what is there or, where there is `more`, beside it.
fn down(
    gpu: &Gpu,
    (pictured, number): (&Pictured, usize),
    (to, more): (usize, bool),
    transposed: (u32, u32),
) -> Result<Down> {
    let Pictured { stages, tile, padded_rows, .. } = pictured;
    let (stage, activation) = (&stages[number], stages[to].activation);
    if let Some(cut) = Cut::new(*tile, stage, Way::Back) {
        check(gpu, stage, &cut)?;
        let source = cut
            .constants(Source::new(), *tile, transposed)
            .constant("PADDED_ROWS", *padded_rows)
            .piece("activation", activation.wgsl())?;
        let before = if more {
            "let value = values[place]; let there = outputs[place]; "
        } else {
            "let value = values[place]; "
        };
        let there = |part: &str| if more { format!("there{part} + ") } else { String::new() };
        let written = |sum: &str, part: &str| format!("{}{sum} * slope(value{part})", there(part));
        let kernel =
            gpu.kernel("hand_down", &source.piece("hand_down", &cut.text(*tile, false, (true, before), &written))?)?;
        return Ok(Down { to, kernel: Some(kernel), tiles: Some(cut.grid(*tile)), threads: 0 });
    }
    // In a block a convolution is the last to hand anything to what came in.
    debug_assert!(!more, "only convolutions add to what is there");
    if matches!(stage.operation, Operation::Sum(_)) {
        let kernel = sum::back(gpu, stage, *tile, *padded_rows, activation.wgsl())?;
        return Ok(Down { to, kernel: Some(kernel), tiles: None, threads: tile.padded(stage.to.count()) });
    }
    let (kernel, threads) = pool::back(gpu, stage, *tile, *padded_rows, activation.wgsl())?;
    Ok(Down { to, kernel: Some(kernel), tiles: None, threads })
}

/// Candidates of a part so that the slices of every gradient fit into memory.
pub(super) fn part_candidates(pictured: &Pictured, gpu: &Gpu, rows: u32) -> u32 {
    let cut = |stage| Filters::new(pictured.tile, stage, (rows, 1), gpu.loop_limit());
    let sizes = pictured.stages.iter().filter_map(cut).map(|cut| u64::from(cut.slices) * u64::from(cut.weights()));
    let most = SCRATCH.min(gpu.binding_limit()) / 4;
    most.checked_div(sizes.max().unwrap_or(0)).unwrap_or(u64::MAX).clamp(1, 65_535) as u32
}
