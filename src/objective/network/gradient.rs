//! Backpropagation for a whole population (Rumelhart, Hinton and Williams 1986), layer by layer: the forward pass keeps
//! its activations, slopes at the outputs come from the loss or from a swarm, then every layer hands them down and sums
//! its own gradient over the rows.
//!
//! Lanes run along rows throughout, as in the layered form. A gradient is a product over rows: a thread sums a tile of
//! units by inputs over every eighth (or so) row, then the lanes are added up in a fixed order.

mod registers;
mod slopes;
mod texts;

use self::slopes::Slopes;
use self::texts::{pull, pulled};
use super::batch::{Batch, Rows};
use super::cosines::{CosineSlopes, Cosines};
use super::layered::{Part, SCRATCH};
use super::product::{Tile, back, dense, transposed, weights, weights_but_last_biases};
use super::{Architecture, Layer, Loss, Margin, Network, total};
use crate::Result;
use crate::gpu::{Bindings, Buffer, Kernel, Recording, Source, Threads, WORKGROUP};
use crate::population::{Chunk, Context, Gradient, Points, Slope};
pub(super) use registers::fits;

/// Forward and backward pass of a network over a batch.
pub(super) struct Backprop {
    context: Context,
    network: Network,
    architecture: Architecture,
    tile: Tile,
    padded_rows: u32,
    /// Numbers of a candidate in the weights of the forward and of the backward pass.
    staged: [u32; 2],
    rooms: Vec<Room>,
    used: usize,
}

/// The memory of one part: what the forward pass leaves for the backward pass.
struct Room {
    candidates: u32,
    staged: [Buffer<f32>; 2],
    /// Of every layer; of the last one logits.
    values: Vec<Buffer<f32>>,
    /// Of every hidden layer whose slope is told from its sum.
    sums: Vec<Buffer<f32>>,
    deltas: [Buffer<f32>; 2],
    /// Of a loss by cosines: lengths of class weights, slope times output, share of a feature.
    lengths: Option<[Buffer<f32>; 3]>,
}

/// The kernels of one population.
struct Kernels {
    stage: [Kernel; 2],
    dense: Vec<Kernel>,
    activations: Vec<Kernel>,
    losses: Kernel,
    slopes: Slopes,
    back: Vec<Kernel>,
    pull: Vec<Kernel>,
    cosines: Option<(Cosines, CosineSlopes)>,
}

impl Backprop {
    pub(super) fn new(context: &Context, network: &Network, batch: &Batch) -> Self {
        let tile = Tile::new(&context.gpu).for_rows(batch.part_rows);
        let architecture = network.architecture.clone();
        let layers = architecture.layers();
        let forward = layers.iter().map(|l| (l.inputs + 1) * tile.padded(l.outputs)).sum();
        let backward = layers[1..].iter().map(|l| l.outputs * tile.padded(l.inputs)).sum();
        Self {
            context: context.clone(),
            network: network.clone(),
            architecture,
            tile,
            padded_rows: tile.padded_rows(batch.part_rows),
            staged: [forward, backward],
            rooms: Vec::new(),
            used: 0,
        }
    }

    /// Records loss and gradient of all candidates.
    pub(super) fn record(
        &mut self,
        points: &Points,
        gradient: &Gradient,
        batch: &Batch,
        recording: &mut Recording,
    ) -> Result<()> {
        let whole = gradient.from == 0 && gradient.moved == 0 && !gradient.keep;
        let plain = *gradient.slope == Slope::Exact && self.network.loss != Loss::Accuracy;
        if whole && plain && registers::suits(&self.network, batch.rows, points.candidates) {
            return self.record_in_registers(points, gradient, batch, recording);
        }
        let kernels = self.kernels(points, gradient.slope, batch)?;
        let per_part = self.part_candidates(points.candidates);
        let blocks = batch.parts();
        let partial: Buffer<f32> = self.context.gpu.buffer("partial", u64::from(blocks) * u64::from(points.stride))?;
        let partial = Bindings::new().with("partial", partial.view());
        self.used = 0;
        for (chunk, into) in points.chunks.iter().zip(gradient.into) {
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
                    let room = self.room(per_part, gradient)?;
                    let bindings = self.bindings(chunk, part, into)?.and(&partial);
                    self.part(&kernels, room, &bindings, part, gradient, &rows, recording)?;
                }
            }
            if gradient.moved == 0 {
                total(&self.context, points, chunk, &partial, (blocks, batch.rows), recording)?;
            }
        }
        Ok(())
    }

    fn record_in_registers(
        &self,
        points: &Points,
        gradient: &Gradient,
        batch: &Batch,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = &self.context.gpu;
        let kernel = registers::kernel(gpu, &self.network, batch, points)?;
        let partial: Buffer<f32> = gpu.buffer("partial", points.stride.into())?;
        let partial = Bindings::new().with("partial", partial.view());
        for (chunk, into) in points.chunks.iter().zip(gradient.into) {
            recording.append(&chunk.fill);
            let bindings = registers::bindings(&self.context, batch, chunk)?.and(&partial);
            let bindings = bindings.with("gradient", into.view());
            recording.dispatch(gpu, &kernel, &bindings, Threads::Plane(chunk.members, 1))?;
            total(&self.context, points, chunk, &partial, (1, batch.rows), recording)?;
        }
        Ok(())
    }

    fn bindings(&self, chunk: &Chunk, part: Part, into: &Buffer<f32>) -> Result<Bindings> {
        let gpu = &self.context.gpu;
        let bindings = chunk
            .bindings
            .clone()
            .and(&self.context.clock)
            .with("part", gpu.uniform("part", &part)?.view())
            .with("gradient", into.view());
        Ok(bindings)
    }

    /// Records one part: some candidates by some rows.
    #[expect(clippy::too_many_arguments, reason = "all of one part, and nothing of it is kept")]
    fn part(
        &self,
        kernels: &Kernels,
        room: usize,
        bindings: &Bindings,
        part: Part,
        gradient: &Gradient,
        rows: &Rows,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = &self.context.gpu;
        let layers = self.architecture.layers();
        let room = &self.rooms[room];
        let staged = |way: usize| bindings.clone().with("staged", room.staged[way].view());
        let numbers = |way: usize| Threads::Line(part.candidates * self.staged[way]);
        recording.dispatch(gpu, &kernels.stage[0], &staged(0), numbers(0))?;
        if layers.len() > 1 {
            recording.dispatch(gpu, &kernels.stage[1], &staged(1), numbers(1))?;
        }
        for (l, layer) in layers.iter().enumerate().skip(gradient.moved) {
            let inputs = if l == 0 { rows.inputs.clone() } else { room.values[l - 1].view() };
            let sums = room.sums.get(l).unwrap_or(&room.values[l]);
            let bound = staged(0).with("inputs", inputs).with("outputs", sums.view());
            recording.dispatch(gpu, &kernels.dense[l], &bound, self.tiles(layer.outputs, part))?;
            if let (Some(sums), Some(kernel)) = (room.sums.get(l), kernels.activations.get(l)) {
                let bound = bindings.clone().with("sums", sums.view()).with("outputs", room.values[l].view());
                let threads = part.candidates * self.tile.padded(layer.outputs) * self.padded_rows;
                recording.dispatch(gpu, kernel, &bound, Threads::Line(threads))?;
            }
        }
        let logits = room.values[layers.len() - 1].view();
        let outer = bindings.clone().with("logits", logits.clone()).with("row_labels", rows.labels.clone());
        let mut bindings = bindings.clone();
        if let (Some((cosines, _)), Some([norms, along, shrinking])) = (&kernels.cosines, &room.lengths) {
            let last = layers.len() - 1;
            let features = if last == 0 { rows.inputs.clone() } else { room.values[last - 1].view() };
            bindings = bindings
                .with("features", features.clone())
                .with("weight_norms", norms.view())
                .with("along", along.view())
                .with("shrinking", shrinking.view());
            let bound = bindings.clone().with("staged", room.staged[0].view());
            cosines.record(gpu, &bound, (features, logits.clone()), part, recording)?;
        }
        if gradient.moved == 0 {
            recording.dispatch(gpu, &kernels.losses, &outer, Threads::Groups(part.candidates))?;
        }
        let mut deltas = [room.deltas[0].view(), room.deltas[1].view()];
        let bound = outer.with("deltas", deltas[0].clone());
        kernels.slopes.record(&self.context, &bound, part, recording)?;
        let lengths = bindings
            .clone()
            .with("staged", room.staged[0].view())
            .with("logits", logits)
            .with("deltas", deltas[0].clone());
        if let Some((_, slopes)) = &kernels.cosines {
            slopes.before(gpu, &lengths, part, recording)?;
        }
        for (l, layer) in layers.iter().enumerate().skip(gradient.from).rev() {
            let inputs = if l == 0 { rows.inputs.clone() } else { room.values[l - 1].view() };
            let bound = bindings.clone().with("deltas", deltas[0].clone()).with("inputs", inputs);
            let (units, inputs) = pulled(self.tile, layer);
            let tiles = [(layer.inputs + 1).div_ceil(inputs), layer.outputs.div_ceil(units), part.candidates];
            recording.dispatch(gpu, &kernels.pull[l], &bound, Threads::Grid(tiles))?;
            if let Some((_, slopes)) = kernels.cosines.as_ref().filter(|_| l + 1 == layers.len()) {
                slopes.after(gpu, &lengths, part, recording)?;
            }
            if l > gradient.from {
                let values = room.sums.get(l - 1).unwrap_or(&room.values[l - 1]);
                let bound = bindings
                    .clone()
                    .with("staged", room.staged[1].view())
                    .with("inputs", deltas[0].clone())
                    .with("values", values.view())
                    .with("outputs", deltas[1].clone());
                recording.dispatch(gpu, &kernels.back[l], &bound, self.tiles(layer.inputs, part))?;
                deltas.swap(0, 1);
            }
        }
        Ok(())
    }

    /// Workgroups of a product with so many units.
    fn tiles(&self, outputs: u32, part: Part) -> Threads {
        let padded = self.tile.padded(outputs);
        let units = self.tile.units_for(padded);
        let rows = part.rows.div_ceil(self.tile.lanes * self.tile.rows_for(units));
        Threads::Grid([rows, padded / units, part.candidates])
    }

    /// Largest number of values that one layer has for a row.
    fn widest(&self) -> u32 {
        self.architecture.layers().iter().map(|l| self.tile.padded(l.outputs)).max().unwrap_or(4)
    }

    /// Candidates of a part: as many as memory and 100 ms allow.
    fn part_candidates(&self, candidates: u32) -> u32 {
        let gpu = &self.context.gpu;
        let budget = SCRATCH.min(gpu.binding_limit()) / 4;
        let per_candidate = u64::from(self.widest()) * u64::from(self.padded_rows);
        let per_candidate = per_candidate.max(self.staged[0].into()).max(self.staged[1].into());
        let most = self.architecture.layers().iter().map(|l| f64::from(l.inputs * l.outputs)).fold(1.0, f64::max);
        let by_time = gpu.work_limit() / (2.0 * most * f64::from(self.padded_rows));
        candidates.min((budget / per_candidate) as u32).min(by_time as u32).clamp(1, 65_535)
    }

    /// The room of the next part. Parts share one unless what it holds is to be come back to.
    fn room(&mut self, candidates: u32, gradient: &Gradient) -> Result<usize> {
        let kept = gradient.keep || gradient.moved > 0;
        let index = if kept { self.used } else { 0 };
        self.used += 1;
        if self.rooms.get(index).is_some_and(|room| room.candidates >= candidates) {
            return Ok(index);
        }
        let gpu = &self.context.gpu;
        let layers = self.architecture.layers();
        let size = |units: u32| u64::from(candidates) * u64::from(units) * u64::from(self.padded_rows);
        let values = |label, layers: &[Layer]| -> Result<Vec<Buffer<f32>>> {
            layers.iter().map(|l| gpu.buffer(label, size(self.tile.padded(l.outputs)))).collect()
        };
        let hidden = if self.architecture.activation.slope_is_of_sum() { layers.len() - 1 } else { 0 };
        let staged =
            |way: usize| gpu.buffer("staged weights", u64::from(candidates) * u64::from(self.staged[way]).max(1));
        let few = |units: u32| u64::from(candidates) * u64::from(units);
        let lengths = match self.network.loss.margin() {
            Some(_) => Some([
                gpu.buffer("norms", few(self.architecture.outputs))?,
                gpu.buffer("along", size(self.widest()))?,
                gpu.buffer("shrinking", few(self.padded_rows))?,
            ]),
            None => None,
        };
        let room = Room {
            candidates,
            lengths,
            staged: [staged(0)?, staged(1)?],
            values: values("activations", &layers)?,
            sums: values("sums", &layers[..hidden])?,
            deltas: [gpu.buffer("deltas", size(self.widest()))?, gpu.buffer("deltas", size(self.widest()))?],
        };
        self.rooms.truncate(index);
        self.rooms.push(room);
        Ok(index)
    }

    fn kernels(&self, points: &Points, slope: &Slope, batch: &Batch) -> Result<Kernels> {
        let gpu = &self.context.gpu;
        let layers = self.architecture.layers();
        let stage = |way: usize, text: &str| {
            let source = points
                .source
                .clone()
                .constant("STAGED", self.staged[way].max(1))
                .piece("weights", text)?
                .piece("layered", include_str!("../../../shaders/objective/network/layered.wgsl"))?;
            gpu.kernel("stage", &source)
        };
        let cosines = match self.network.loss.margin() {
            Some(margin) => {
                let sizes = (self.padded_rows, batch.columns);
                let cosines = Cosines::new(gpu, &self.architecture, self.tile, sizes, margin)?;
                let last = layers.last().map_or(0, |layer| layer.offset);
                let slopes = cosines.slopes(gpu, last, points.stride)?;
                Some((cosines, slopes))
            }
            None => None,
        };
        let forward = if cosines.is_some() { weights_but_last_biases } else { weights };
        let kernels = Kernels {
            cosines,
            stage: [
                stage(0, &forward(&self.architecture, self.tile))?,
                stage(1, &transposed(&self.architecture, self.tile))?,
            ],
            dense: self.dense_kernels(&layers, batch)?,
            activations: self.activation_kernels(&layers)?,
            losses: gpu.kernel("losses", &points.source.clone().join(&self.losses()?))?,
            slopes: Slopes::new(&self.context, &self.network, batch, points, slope, self.padded_rows)?,
            back: self.back_kernels(&layers)?,
            pull: self.pull_kernels(&layers, points, batch)?,
        };
        Ok(kernels)
    }

    fn dense_kernels(&self, layers: &[Layer], batch: &Batch) -> Result<Vec<Kernel>> {
        let gpu = &self.context.gpu;
        let mut offset = 0;
        let mut kernels = Vec::new();
        for (l, layer) in layers.iter().enumerate() {
            let sums = l + 1 == layers.len() || self.architecture.activation.slope_is_of_sum();
            let source = Source::new()
                .constant("STAGED", self.staged[0])
                .constant("OFFSET", offset)
                .constant("INPUTS", layer.inputs)
                .constant("PADDED_INPUTS", self.tile.padded(layer.inputs))
                .constant("PADDED", self.tile.padded(layer.outputs))
                .constant("PADDED_ROWS", self.padded_rows)
                .constant("COLUMNS", batch.columns)
                .piece("activation", self.architecture.activation.wgsl())?
                .piece("dense", &dense(layer, self.tile, l == 0, sums))?;
            kernels.push(gpu.kernel("dense", &source)?);
            offset += (layer.inputs + 1) * self.tile.padded(layer.outputs);
        }
        Ok(kernels)
    }

    /// From sums to values, where both are kept.
    fn activation_kernels(&self, layers: &[Layer]) -> Result<Vec<Kernel>> {
        if !self.architecture.activation.slope_is_of_sum() {
            return Ok(Vec::new());
        }
        let kernel = |layer: &Layer| {
            let source = Source::new()
                .constant("WORKGROUP", WORKGROUP)
                .constant("UNITS", self.tile.padded(layer.outputs))
                .constant("COLUMNS", self.padded_rows)
                .piece("activation", self.architecture.activation.wgsl())?
                .piece("values", include_str!("../../../shaders/objective/network/values.wgsl"))?;
            self.context.gpu.kernel("values_of_sums", &source)
        };
        layers[..layers.len() - 1].iter().map(kernel).collect()
    }

    fn losses(&self) -> Result<Source> {
        Source::new()
            .constant("REDUCE", self.context.gpu.reduction_width())
            .constant("OUTPUTS", self.architecture.outputs)
            .constant("PADDED_OUTPUTS", self.tile.padded(self.architecture.outputs))
            .constant("PADDED_ROWS", self.padded_rows)
            .constant_f32("LOWERED", self.network.loss.margin().map_or(0.0, Margin::lowered))
            .piece("loss", &self.network.loss_piece())?
            .piece("layered_loss", include_str!("../../../shaders/objective/network/layered_loss.wgsl"))
    }

    /// For every layer but the first: its slopes handed down to the layer below.
    fn back_kernels(&self, layers: &[Layer]) -> Result<Vec<Kernel>> {
        let gpu = &self.context.gpu;
        let mut offset = 0;
        let mut kernels = Vec::new();
        for (l, layer) in layers.iter().enumerate() {
            // A place for the first layer, which nothing asks for.
            let of = if l == 0 { layers.get(1).unwrap_or(layer) } else { layer };
            let source = Source::new()
                .constant("STAGED", self.staged[1].max(1))
                .constant("OFFSET", offset)
                .constant("INPUTS", of.outputs)
                .constant("PADDED_INPUTS", self.tile.padded(of.outputs))
                .constant("PADDED", self.tile.padded(of.inputs))
                .constant("PADDED_ROWS", self.padded_rows)
                .piece("activation", self.architecture.activation.wgsl())?
                .piece("back", &back(of, self.tile, self.network.loss.margin().is_some() && l + 1 == layers.len()))?;
            kernels.push(gpu.kernel("back", &source)?);
            if l > 0 {
                offset += layer.outputs * self.tile.padded(layer.inputs);
            }
        }
        Ok(kernels)
    }

    /// For every layer: its gradient.
    fn pull_kernels(&self, layers: &[Layer], points: &Points, batch: &Batch) -> Result<Vec<Kernel>> {
        let kernel = |(l, layer): (usize, &Layer)| {
            let source = Source::new()
                .constant("LANES", self.tile.lanes)
                .constant("INPUTS", layer.inputs)
                .constant("OUTPUTS", layer.outputs)
                .constant("PADDED_INPUTS", self.tile.padded(layer.inputs))
                .constant("PADDED_OUTPUTS", self.tile.padded(layer.outputs))
                .constant("PADDED_ROWS", self.padded_rows)
                .constant("COLUMNS", batch.columns)
                .constant("FIRST", layer.offset)
                .constant("STRIDE", points.stride)
                .piece("pull", &pull(self.tile, layer, l == 0))?;
            self.context.gpu.kernel("pull", &source)
        };
        layers.iter().enumerate().map(kernel).collect()
    }
}
