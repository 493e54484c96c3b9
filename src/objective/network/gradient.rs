//! Backpropagation for a whole population (Rumelhart, Hinton and Williams 1986), layer by layer: the forward pass keeps
//! its activations, slopes at the outputs come from the loss or from a swarm, then every layer hands them down and sums
//! its own gradient over the rows.
//!
//! Lanes run along rows throughout, as in the layered form. A gradient is a product over rows: a thread sums a tile of
//! units by inputs over every eighth (or so) row, then the lanes are added up in a fixed order.

mod registers;

use std::fmt::Write as _;

use super::batch::{Batch, Rows};
use super::layered::{Part, SCRATCH, Tile, dense, shared_operand, weights};
use super::{Architecture, Layer, Loss, Network, total};
use crate::gpu::{Bindings, Buffer, Gpu, Kernel, Recording, Source, Threads, WORKGROUP};
use crate::population::{Chunk, Context, Extent, Gradient, Origin, OutputSwarm, Points, Slope};
use crate::{Error, Result};
pub(super) use registers::fits;

/// Units and inputs of a thread's tile of a gradient.
const PULLED: (u32, u32) = (4, 4);

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

/// Forward and backward pass of a network over a batch.
pub(super) struct Backprop {
    context: Context,
    network: Network,
    architecture: Architecture,
    loss: Loss,
    tile: Tile,
    padded_rows: u32,
    batch_rows: u32,
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
}

/// The kernels of one population.
struct Kernels {
    stage: [Kernel; 2],
    dense: Vec<Kernel>,
    activations: Vec<Kernel>,
    losses: Kernel,
    slopes: Kernel,
    back: Vec<Kernel>,
    pull: Vec<Kernel>,
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
            loss: network.loss,
            tile,
            padded_rows: tile.padded_rows(batch.part_rows),
            batch_rows: batch.rows,
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
        let plain = *gradient.slope == Slope::Exact && self.loss != Loss::Accuracy;
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
                    let bindings = self.bindings(chunk, part, gradient, into)?.and(&partial);
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

    fn bindings(&self, chunk: &Chunk, part: Part, gradient: &Gradient, into: &Buffer<f32>) -> Result<Bindings> {
        let gpu = &self.context.gpu;
        let bindings = chunk
            .bindings
            .clone()
            .and(&self.context.clock)
            .with("part", gpu.uniform("part", &part)?.view())
            .with("gradient", into.view());
        let Slope::Swarm(swarm) = gradient.slope else { return Ok(bindings) };
        let (low, high) = if self.loss.bounded() { (0.0, 1.0) } else { (-1e30, 1e30) };
        let uniform = SwarmUniform {
            cognitive: swarm.cognitive,
            social: swarm.social,
            beta: swarm.beta,
            eta: swarm.eta,
            window: if self.loss.bounded() { 1.0 } else { swarm.window },
            low,
            high,
            origin: match swarm.origin {
                Origin::Prediction => 0,
                Origin::Uniform => 1,
                Origin::Label => 2,
            },
        };
        Ok(bindings.with("output_swarm", gpu.uniform("output swarm", &uniform)?.view()))
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
        let outer = bindings.clone().with("logits", logits).with("row_labels", rows.labels.clone());
        if gradient.moved == 0 {
            recording.dispatch(gpu, &kernels.losses, &outer, Threads::Groups(part.candidates))?;
        }
        let swarms = match gradient.slope {
            Slope::Swarm(_) => self.swarms(),
            Slope::Exact => 1,
        };
        let mut deltas = [room.deltas[0].view(), room.deltas[1].view()];
        let bound = outer.with("deltas", deltas[0].clone());
        recording.dispatch(gpu, &kernels.slopes, &bound, Threads::Line(part.candidates * swarms * self.padded_rows))?;
        for (l, layer) in layers.iter().enumerate().skip(gradient.from).rev() {
            let inputs = if l == 0 { rows.inputs.clone() } else { room.values[l - 1].view() };
            let bound = bindings.clone().with("deltas", deltas[0].clone()).with("inputs", inputs);
            let tiles = [(layer.inputs + 1).div_ceil(PULLED.1), layer.outputs.div_ceil(PULLED.0), part.candidates];
            recording.dispatch(gpu, &kernels.pull[l], &bound, Threads::Grid(tiles))?;
            if l > gradient.from {
                let values = room.sums.get(l - 1).unwrap_or(&room.values[l - 1]);
                let bound = staged(1)
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

    /// Swarms of a row: one for each output where the loss is a sum over them.
    fn swarms(&self) -> u32 {
        if self.loss.apart() { self.architecture.outputs } else { 1 }
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
        let room = Room {
            candidates,
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
        let kernels = Kernels {
            stage: [
                stage(0, &weights(&self.architecture, self.tile))?,
                stage(1, &transposed(&self.architecture, self.tile))?,
            ],
            dense: self.dense_kernels(&layers, batch)?,
            activations: self.activation_kernels(&layers)?,
            losses: gpu.kernel("losses", &points.source.clone().join(&self.losses()?))?,
            slopes: self.slopes_kernel(points, slope, batch.part_rows)?,
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
            .piece("loss", self.loss.wgsl())?
            .piece("layered_loss", include_str!("../../../shaders/objective/network/layered_loss.wgsl"))
    }

    fn slopes_kernel(&self, points: &Points, slope: &Slope, part_rows: u32) -> Result<Kernel> {
        let gpu = &self.context.gpu;
        let outputs = self.architecture.outputs;
        let source = points
            .source
            .clone()
            .constant("OUTPUTS", outputs)
            .constant("PADDED_OUTPUTS", self.tile.padded(outputs))
            .constant("PADDED_ROWS", self.padded_rows)
            .constant("ROWS", self.batch_rows)
            .piece("loss", self.loss.wgsl())?;
        let swarm = match slope {
            Slope::Swarm(swarm) => swarm,
            Slope::Exact if self.loss == Loss::Accuracy => {
                let remedy = "accuracy has no slope to go down: take another --loss, or -s estimate=swarm";
                return Err(Error::setting("loss", "accuracy", remedy));
            }
            Slope::Exact => {
                let text = include_str!("../../../shaders/objective/network/slopes.wgsl");
                return gpu.kernel("slopes", &source.piece("slopes", text)?);
            }
        };
        if swarm.extent == Extent::Shared {
            return Err(Error::setting("extent", "shared", "not there"));
        }
        let together = outputs / self.swarms();
        self.check_swarm(gpu, swarm, together)?;
        let (apart, share) = (self.loss.apart(), 1.0 / self.batch_rows as f32 / self.swarms() as f32);
        let minimized = if apart {
            include_str!("../../../shaders/objective/loss/outputs_apart.wgsl")
        } else {
            include_str!("../../../shaders/objective/loss/outputs_together.wgsl")
        };
        let source = source
            .constant("PART_ROWS", part_rows)
            .constant("SWARMS", self.swarms())
            .constant("TOGETHER", together)
            .constant("PARTICLES", swarm.particles)
            .constant("ITERATIONS", swarm.iterations)
            .constant("STATES", swarm.particles * together)
            .constant_f32("SHARE", share)
            .constant_f32("BOX_CENTRE", if self.loss.bounded() { 0.5 } else { 0.0 })
            .piece("minimized", minimized)?
            .piece("output_swarm", include_str!("../../../shaders/objective/network/output_swarm.wgsl"))?;
        gpu.kernel("slopes", &source)
    }

    /// Refuses a swarm that one thread cannot carry.
    fn check_swarm(&self, gpu: &Gpu, swarm: &OutputSwarm, together: u32) -> Result<()> {
        swarm.check()?;
        let states = u64::from(swarm.particles) * u64::from(together);
        if states > 1 << 12 {
            let remedy =
                format!("{together} outputs together leave room for {} particles", (1 << 12) / together.max(1));
            return Err(Error::setting("particles", swarm.particles, remedy));
        }
        if (u64::from(swarm.iterations) + 1) * states * 2 > gpu.loop_limit().into() {
            let remedy = "fewer iterations or particles: a thread of this adapter has no more turns";
            return Err(Error::setting("iterations", swarm.iterations, remedy));
        }
        Ok(())
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
                .piece("back", &back(of, self.tile))?;
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
                .piece("pull", &pull(self.tile, l == 0))?;
            self.context.gpu.kernel("pull", &source)
        };
        layers.iter().enumerate().map(kernel).collect()
    }
}

/// `weight(candidate, t)`: the t-th number of a candidate's matrices for the way back. Layer after layer, from the
/// second on: output after output, inputs padded.
fn transposed(architecture: &Architecture, tile: Tile) -> String {
    let mut text = String::from("fn weight(candidate: u32, t: u32) -> f32 {\n");
    let mut offset = 0;
    for layer in &architecture.layers()[1..] {
        let padded = tile.padded(layer.inputs);
        let size = layer.outputs * padded;
        let _ = writeln!(
            text,
            "    if t < {end}u {{\n        let output = (t - {offset}u) / {padded}u;\n        let input = (t - {offset}u) % {padded}u;
        if input >= {inputs}u {{ return 0.0; }}
        return {scale:?} * at(candidate, {first}u + output * {width}u + input);\n    }}",
            end = offset + size,
            inputs = layer.inputs,
            scale = layer.scale,
            first = layer.offset,
            width = layer.inputs + 1,
        );
        offset += size;
    }
    text + "    return 0.0;\n}\n"
}

/// The kernel that hands a layer's slopes down: `rows` by `units` sums a thread, units being the inputs of the layer.
fn back(layer: &Layer, tile: Tile) -> String {
    let padded = tile.padded(layer.inputs);
    let units = tile.units_for(padded);
    let (lanes, rows) = (tile.lanes, tile.rows_for(units));
    let subgroup = tile.broadcast.is_some();
    let element = if subgroup { "f32" } else { "vec4f" };
    let mut text = format!(
        "//! import layered_part
@group(2) @binding(1) var<storage, read> staged: array<{element}>;
@group(2) @binding(2) var<storage, read> inputs: array<f32>;
@group(2) @binding(3) var<storage, read_write> outputs: array<f32>;
@group(2) @binding(4) var<storage, read> values: array<f32>;
// One thread per {rows} rows by {units} units of one candidate.
@compute @workgroup_size({lanes})
fn back(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32{}) {{
    let row = group.x * {}u + lane;
    let unit = group.y * {units}u;
    let candidate = group.z;
",
        if subgroup { ", @builtin(subgroup_invocation_id) near: u32" } else { "" },
        lanes * rows,
    );
    for t in 0..rows {
        for u in 0..units {
            let _ = writeln!(text, "    var s{t}_{u} = 0.0;");
        }
    }
    text.push_str("    for (var i = 0u; i < INPUTS; i += 1u) {\n");
    for t in 0..rows {
        let place = format!("(candidate * PADDED_INPUTS + i) * PADDED_ROWS + row + {}u", t * lanes);
        let _ = writeln!(text, "        let x{t} = inputs[{place}];");
    }
    shared_operand(&mut text, tile, "staged", "candidate * STAGED + OFFSET + i * PADDED + unit", units);
    for u in 0..units {
        for t in 0..rows {
            let _ = writeln!(text, "        s{t}_{u} = fma(x{t}, w{u}, s{t}_{u});");
        }
    }
    text.push_str("    }\n");
    for u in 0..units {
        for t in 0..rows {
            let place = format!("(candidate * PADDED + unit + {u}u) * PADDED_ROWS + row + {}u", t * lanes);
            let _ = writeln!(text, "    outputs[{place}] = s{t}_{u} * slope(values[{place}]);");
        }
    }
    text + "}\n"
}

/// The kernel of a layer's gradient: a tile of units by inputs a workgroup, the bias as one input more that is always 1.
fn pull(tile: Tile, first: bool) -> String {
    let (units, inputs) = PULLED;
    let subgroup = tile.broadcast.is_some();
    let sums = units * inputs;
    let mut text = format!(
        "//! import clock, layered_part
@group(2) @binding(1) var<storage, read> deltas: array<f32>;
@group(2) @binding(2) var<storage, read> inputs: array<f32>;
@group(2) @binding(3) var<storage, read_write> gradient: array<f32>;
{}
// Adds to the gradient, or begins it with the first rows.
fn add(candidate: u32, unit: u32, input: u32, sum: f32) {{
    if unit >= OUTPUTS || input > INPUTS {{ return; }}
    let place = (FIRST + unit * (INPUTS + 1u) + input) * STRIDE + part.candidate + candidate;
    gradient[place] = select(0.0, gradient[place], part.block > 0u) + sum;
}}

// One workgroup per {units} units by {inputs} inputs of one candidate, lanes along rows.
@compute @workgroup_size({lanes})
fn pull(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {{
    let input = group.x * {inputs}u;
    let unit = group.y * {units}u;
    let candidate = group.z;
    // Rows past the last one have slopes of 0.
    let rows = select((part.rows + LANES - 1u) / LANES * LANES, 0u, clock.stopped != 0u);
",
        if subgroup { String::new() } else { format!("var<workgroup> tile_sums: array<f32, {}>;", sums * tile.lanes) },
        lanes = tile.lanes,
    );
    for u in 0..units {
        for i in 0..inputs {
            let _ = writeln!(text, "    var s{u}_{i} = 0.0;");
        }
    }
    text.push_str("    for (var row = lane; row < rows; row += LANES) {\n");
    for u in 0..units {
        let unit = format!("min(unit + {u}u, PADDED_OUTPUTS - 1u)");
        let _ = writeln!(text, "        let d{u} = deltas[(candidate * PADDED_OUTPUTS + {unit}) * PADDED_ROWS + row];");
    }
    for i in 0..inputs {
        let input = format!("min(input + {i}u, INPUTS - 1u)");
        let place = if first {
            format!("{input} * COLUMNS + part.row + row")
        } else {
            format!("(candidate * PADDED_INPUTS + {input}) * PADDED_ROWS + row")
        };
        let _ = writeln!(text, "        let x{i} = select(inputs[{place}], 1.0, input + {i}u == INPUTS);");
    }
    for u in 0..units {
        for i in 0..inputs {
            let _ = writeln!(text, "        s{u}_{i} = fma(d{u}, x{i}, s{u}_{i});");
        }
    }
    text.push_str("    }\n");
    if subgroup {
        for u in 0..units {
            for i in 0..inputs {
                let _ = writeln!(text, "    let a{u}_{i} = subgroupAdd(s{u}_{i});");
            }
        }
        text.push_str("    if lane == 0u && clock.stopped == 0u {\n");
        for u in 0..units {
            for i in 0..inputs {
                let _ = writeln!(text, "        add(candidate, unit + {u}u, input + {i}u, a{u}_{i});");
            }
        }
        return text + "    }\n}\n";
    }
    for u in 0..units {
        for i in 0..inputs {
            let _ = writeln!(text, "    tile_sums[{}u * LANES + lane] = s{u}_{i};", u * inputs + i);
        }
    }
    let _ = write!(
        text,
        "    workgroupBarrier();
    if lane < {sums}u && clock.stopped == 0u {{
        var sum = 0.0;
        for (var other = 0u; other < LANES; other += 1u) {{
            sum += tile_sums[lane * LANES + (lane + other) % LANES];
        }}
        add(candidate, unit + lane / {inputs}u, input + lane % {inputs}u, sum);
    }}
}}
"
    );
    text
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
        let text = include_str!("../../../shaders/objective/network/output_swarm.wgsl");
        same_layout(text, "OutputSwarm", size_of::<SwarmUniform>(), &fields);
    }
}
