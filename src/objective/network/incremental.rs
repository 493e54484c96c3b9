//! Candidates that differ from a network in one neuron, scored by what is kept of that network: the layers below are
//! not run again, nor the neurons beside it (arXiv 2412.05667 leaves the cost of this open).
//!
//! | neuron in | a row of a candidate costs |
//! |---|---|
//! | the last layer | its inputs; one logit is another |
//! | the last hidden layer | its inputs; every logit moves by its weight times the change |
//! | a lower layer | its inputs, the units of the layer above, and the layers above that |

use super::batch::Batch;
use super::product::{Tile, dense};
use super::staging::{stage_kernel, stage_threads, weights};
use super::{Architecture, Layer, Network};
use crate::Result;
use crate::gpu::{Bindings, Buffer, Gpu, Kernel, Recording, Source, Threads, View, WORKGROUP};
use crate::objective::total::total;
use crate::population::{Blocks, Context, Points};

pub(super) struct Incremental {
    context: Context,
    architecture: Architecture,
    layers: Vec<Layer>,
    tile: Tile,
    loss: Source,
    padded_rows: u32,
    /// The network's weights as matrices.
    staged: Buffer<f32>,
    staged_size: u32,
    /// Of every layer on every row; those of the last are the logits.
    sums: Vec<Buffer<f32>>,
    /// Of every hidden layer.
    outputs: Vec<Buffer<f32>>,
    part: Buffer<[u32; 5]>,
    scratch: Vec<(u64, Buffer<f32>)>,
}

impl Incremental {
    pub(super) fn new(context: &Context, network: &Network, batch: &Batch) -> Result<Self> {
        let gpu = &context.gpu;
        // Its kernels read all rows in one go.
        batch.whole()?;
        let tile = Tile::new(gpu).for_rows(batch.rows);
        let architecture = network.architecture.clone();
        let layers = architecture.layers();
        let padded_rows = tile.padded_rows(batch.rows);
        let staged_size: u32 = layers.iter().map(|l| (l.inputs + 1) * tile.padded(l.outputs)).sum();
        let kept = |layer: &Layer| {
            gpu.buffer::<f32>("a layer on every row", u64::from(tile.padded(layer.outputs)) * u64::from(padded_rows))
        };
        let loss = Source::new()
            .constant("REDUCE", gpu.reduction_width())
            .constant("OUTPUTS", architecture.outputs)
            .piece("loss", &network.loss_piece())?;
        Ok(Self {
            sums: layers.iter().map(kept).collect::<Result<_>>()?,
            outputs: layers[..layers.len() - 1].iter().map(kept).collect::<Result<_>>()?,
            staged: gpu.buffer("staged weights", staged_size.into())?,
            part: gpu.uniform("part", &[0, 1, 0, batch.rows, 0])?,
            context: context.clone(),
            architecture,
            layers,
            tile,
            loss,
            padded_rows,
            staged_size,
            scratch: Vec::new(),
        })
    }

    /// The layer whose neurons these blocks are; none when they are something else.
    pub(super) fn layer_of(&self, blocks: &Blocks) -> Option<usize> {
        let group = blocks.group;
        let same = |layer: &Layer| {
            layer.offset == group.offset && layer.inputs + 1 == group.width && layer.outputs == group.blocks
        };
        self.layers.iter().position(same).filter(|_| group.bias)
    }

    /// A buffer for the moment; those of equal size are one.
    fn scratch(&mut self, number: usize, len: u64) -> Result<Buffer<f32>> {
        if self.scratch.len() <= number {
            self.scratch.resize_with(number + 1, || (0, self.staged.clone()));
        }
        if self.scratch[number].0 < len {
            self.scratch[number] = (len, self.context.gpu.buffer("moved neurons", len)?);
        }
        Ok(self.scratch[number].1.clone())
    }

    fn offset(&self, l: usize) -> u32 {
        self.layers[..l].iter().map(|layer| (layer.inputs + 1) * self.tile.padded(layer.outputs)).sum()
    }

    /// What layer `l` takes in, and the number of its columns.
    fn inputs(&self, l: usize, batch: &Batch) -> (View, u32) {
        match l.checked_sub(1) {
            None => (batch.by_column[0].view(), batch.columns),
            Some(below) => (self.outputs[below].view(), self.padded_rows),
        }
    }

    /// The product of layer `l`, without its activation.
    fn product(&self, l: usize, input_columns: u32) -> Result<Kernel> {
        let layer = self.layers[l];
        let padded = self.tile.padded(layer.outputs);
        let source = Source::new()
            .constant("STAGED", 0)
            .constant("OFFSET", self.offset(l))
            .constant("INPUTS", layer.inputs)
            .constant("PADDED", padded)
            .constant("PADDED_ROWS", self.padded_rows)
            .constant("COLUMNS", input_columns)
            .piece("dense", &dense(&layer, (self.tile, self.tile), true, true))?;
        self.context.gpu.kernel("dense", &source)
    }

    fn grid(&self, tile: Tile, rows: u32, units: u32, padded: u32, candidates: u32) -> Threads {
        let per_thread = tile.units_for(padded);
        let rows = rows.div_ceil(tile.lanes * tile.rows_for(per_thread));
        Threads::Grid([rows, units.div_ceil(per_thread), candidates])
    }

    /// Records the sums of layer `l` of the network and, if it is hidden, its activations.
    fn run_layer(&self, l: usize, batch: &Batch, recording: &mut Recording) -> Result<()> {
        let (inputs, columns) = self.inputs(l, batch);
        let bindings = self.bindings().with("inputs", inputs).with("outputs", self.sums[l].view());
        let padded = self.tile.padded(self.layers[l].outputs);
        let threads = self.grid(self.tile, batch.rows, padded, padded, 1);
        recording.dispatch(&self.context.gpu, &self.product(l, columns)?, &bindings, threads)?;
        self.activate(l, recording)
    }

    fn activate(&self, l: usize, recording: &mut Recording) -> Result<()> {
        let Some(outputs) = self.outputs.get(l) else { return Ok(()) };
        let gpu = &self.context.gpu;
        let units = self.tile.padded(self.layers[l].outputs);
        let source = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("UNITS", units)
            .constant("COLUMNS", self.padded_rows)
            .piece("activation", self.architecture.activation.wgsl())?
            .piece("activations", include_str!("../../../shaders/objective/network/activations.wgsl"))?;
        let bindings = self.context.clock.clone().with("sums", self.sums[l].view()).with("outputs", outputs.view());
        let threads = Threads::Line(units * self.padded_rows);
        recording.dispatch(gpu, &gpu.kernel("activations", &source)?, &bindings, threads)
    }

    fn bindings(&self) -> Bindings {
        self.context.clock.clone().with("staged", self.staged.view()).with("part", self.part.view())
    }

    /// Records the network's fitness and what changed of what is kept.
    pub(super) fn refresh(
        &mut self,
        vector: &Points,
        changed: Option<&Points>,
        batch: &Batch,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = self.context.gpu.clone();
        let neurons = changed.and_then(|points| match &points.structure {
            crate::population::Structure::Blocks(blocks) => Some((points, *blocks, self.layer_of(blocks)?)),
            _ => None,
        });
        let first = match neurons {
            Some((points, blocks, l)) => {
                self.run_columns(points, (l, blocks), batch, recording)?;
                l + 1
            }
            None => {
                let places = weights(&self.architecture, self.tile);
                let stage = stage_kernel(&gpu, &vector.source, self.staged_size, &places)?;
                let bindings = vector.chunks[0].bindings.clone().and(&self.bindings());
                recording.dispatch(&gpu, &stage, &bindings, stage_threads(1, self.staged_size))?;
                0
            }
        };
        for l in first..self.layers.len() {
            self.run_layer(l, batch, recording)?;
        }
        let logits = self.sums[self.layers.len() - 1].view();
        self.losses(vector, (&logits, 1), batch, recording)
    }

    /// Records the columns of the chosen neurons of a layer, in sums and activations.
    fn run_columns(
        &self,
        points: &Points,
        (l, blocks): (usize, Blocks),
        batch: &Batch,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = &self.context.gpu;
        let layer = self.layers[l];
        let (inputs, columns) = self.inputs(l, batch);
        let source = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("SLOTS", blocks.slots)
            .constant("INPUTS", layer.inputs)
            .constant("INPUT_COLUMNS", columns)
            .constant("OFFSET", self.offset(l))
            .constant("PADDED", self.tile.padded(layer.outputs))
            .constant("FIRST", layer.offset)
            .constant("ROWS", batch.rows)
            .constant("COLUMNS", self.padded_rows)
            .constant_f32("SCALE", layer.scale)
            .piece("column", include_str!("../../../shaders/objective/network/column.wgsl"))?;
        let bindings = points.chunks[0]
            .bindings
            .clone()
            .and(&self.bindings())
            .with("inputs", inputs)
            .with("sums", self.sums[l].view());
        let weights = Threads::Line(blocks.slots * (layer.inputs + 1));
        recording.dispatch(gpu, &gpu.kernel("stage_column", &source)?, &bindings, weights)?;
        let rows = Threads::Line(blocks.slots * batch.rows);
        recording.dispatch(gpu, &gpu.kernel("add_up", &source)?, &bindings, rows)?;
        self.activate(l, recording)
    }

    /// Records the mean loss of so many candidates' logits.
    fn losses(
        &self,
        points: &Points,
        (logits, candidates): (&View, u32),
        batch: &Batch,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = &self.context.gpu;
        let source = Source::new()
            .constant("STRIDE", points.stride)
            .constant("PADDED_OUTPUTS", self.tile.padded(self.architecture.outputs))
            .constant("PADDED_ROWS", self.padded_rows)
            .constant("WORKGROUP", WORKGROUP)
            .join(&self.loss)
            .piece("layered_loss", include_str!("../../../shaders/objective/network/layered_loss.wgsl"))?;
        let partial: Buffer<f32> = gpu.buffer("partial", points.stride.into())?;
        let partial = Bindings::new().with("partial", partial.view());
        let part = gpu.uniform("part", &[0, candidates, 0, batch.rows, 0])?;
        let bindings = self
            .context
            .clock
            .clone()
            .and(&partial)
            .with("part", part.view())
            .with("logits", logits.clone())
            .with("row_labels", batch.labels.view());
        recording.dispatch(gpu, &gpu.kernel("losses", &source)?, &bindings, Threads::Groups(candidates))?;
        total(&self.context, points, &points.chunks[0], &partial, (1, batch.rows), recording)
    }

    /// Records the fitness of members of neurons of layer `l`.
    pub(super) fn score(
        &mut self,
        points: &Points,
        (l, blocks): (usize, Blocks),
        batch: &Batch,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = self.context.gpu.clone();
        let layer = self.layers[l];
        let moved = self.moved(points, (l, blocks), batch, recording)?;
        let next = self.layers.get(l + 1);
        let next_padded = next.map_or(1, |next| self.tile.padded(next.outputs));
        let mut source = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("SLOTS", blocks.slots)
            .constant("MEMBER_COUNT", blocks.members)
            .constant("MEMBER_COLUMNS", blocks.columns)
            .constant("PADDED_MEMBERS", blocks.padded)
            .constant("ROWS", batch.rows)
            .constant("COLUMNS", self.padded_rows)
            .constant("NEXT_OFFSET", self.offset(l + 1).min(self.staged_size))
            .constant("NEXT_PADDED", next_padded)
            .constant_f32("SCALE", layer.scale)
            .join(&self.loss);
        source = source
            .piece("activation", self.architecture.activation.wgsl())?
            .piece("neuron", include_str!("../../../shaders/objective/network/neuron.wgsl"))?;
        let last = self.layers.len() - 1;
        let mut bindings = points.chunks[0]
            .bindings
            .clone()
            .and(&self.bindings())
            .with("moved", moved.view())
            .with("logits", self.sums[last].view())
            .with("row_labels", batch.labels.view());
        if let Some(outputs) = self.outputs.get(l) {
            bindings = bindings.with("layer_outputs", outputs.view()).with("next_sums", self.sums[l + 1].view());
        }
        let candidates = Threads::Groups(blocks.slots * blocks.members);
        if l == last {
            return recording.dispatch(&gpu, &gpu.kernel("score_output", &source)?, &bindings, candidates);
        }
        if l + 1 == last {
            return recording.dispatch(&gpu, &gpu.kernel("score_hidden", &source)?, &bindings, candidates);
        }
        let all = blocks.slots * blocks.padded;
        let width = |l: usize| u64::from(self.tile.padded(self.layers[l].outputs));
        let widest = (l + 1..=last).map(width).max().unwrap_or(1);
        let len = u64::from(all) * widest * u64::from(self.padded_rows);
        let (mut from, mut to) = (self.scratch(1, len)?, self.scratch(2, len)?);
        let raised = bindings.with("raised", from.view());
        let threads = Threads::Line(all * next_padded * self.padded_rows);
        recording.dispatch(&gpu, &gpu.kernel("raise", &source)?, &raised, threads)?;
        for above in l + 2..=last {
            let kernel = self.shared_product(above)?;
            let bindings = self.bindings().with("inputs", from.view()).with("outputs", to.view());
            let padded = self.tile.padded(self.layers[above].outputs);
            let threads = self.grid(self.tile, batch.rows, padded, padded, all);
            recording.dispatch(&gpu, &kernel, &bindings, threads)?;
            std::mem::swap(&mut from, &mut to);
        }
        self.losses(points, (&from.view(), all), batch, recording)
    }

    /// The product of layer `l` with the network's weights for the rows of many candidates.
    fn shared_product(&self, l: usize) -> Result<Kernel> {
        let layer = self.layers[l];
        let source = Source::new()
            .constant("STAGED", 0)
            .constant("OFFSET", self.offset(l))
            .constant("INPUTS", layer.inputs)
            .constant("PADDED_INPUTS", self.tile.padded(layer.inputs))
            .constant("PADDED", self.tile.padded(layer.outputs))
            .constant("PADDED_ROWS", self.padded_rows)
            .piece("activation", self.architecture.activation.wgsl())?
            .piece("dense", &dense(&layer, (self.tile, self.tile), false, l + 1 == self.layers.len()))?;
        self.context.gpu.kernel("dense", &source)
    }

    /// Records the sums of the members' neurons on every row: a product of the rows with the members' positions.
    fn moved(
        &mut self,
        points: &Points,
        (l, blocks): (usize, Blocks),
        batch: &Batch,
        recording: &mut Recording,
    ) -> Result<Buffer<f32>> {
        let len = u64::from(blocks.slots) * u64::from(blocks.columns) * u64::from(self.padded_rows);
        let moved = self.scratch(0, len)?;
        let gpu: &Gpu = &self.context.gpu;
        let (inputs, columns) = self.inputs(l, batch);
        let width = blocks.group.width;
        // Members in the place of units.
        let layer = Layer { outputs: blocks.columns, ..self.layers[l] };
        let tile = self.tile.for_columns(blocks.columns);
        let source = Source::new()
            .constant("STAGED", width * blocks.columns)
            .constant("OFFSET", 0)
            .constant("INPUTS", layer.inputs)
            .constant("PADDED", blocks.columns)
            .constant("PADDED_ROWS", self.padded_rows)
            .constant("COLUMNS", columns)
            .piece("dense", &dense(&layer, (tile, tile), true, true))?;
        let bindings = self
            .context
            .clock
            .clone()
            .with("part", self.part.view())
            .with("staged", points.chunks[0].positions.view())
            .with("inputs", inputs)
            .with("outputs", moved.view());
        let threads = self.grid(tile, batch.rows, blocks.members, blocks.columns, blocks.slots);
        recording.dispatch(gpu, &gpu.kernel("dense", &source)?, &bindings, threads)?;
        Ok(moved)
    }
}
