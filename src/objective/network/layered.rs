//! Layer by layer: a candidate's layer is a matrix product in register tiles, activations lie in memory.
//!
//! Lanes run along rows, so the weight is the operand that all lanes share. On software adapters with subgroups one
//! load feeds eight weights by broadcast; elsewhere weights are read four at a time. No barrier, no workgroup memory:
//! measured to be the shape that both kinds of adapters run well.

use std::fmt::Write as _;

use super::batch::{Batch, Rows, TILE_ROWS};
use super::cosines::Cosines;
use super::{Architecture, Layer, Margin, Network, Scorer, total};
use crate::Result;
use crate::gpu::{Bindings, Buffer, Gpu, Kernel, Recording, Source, Threads, View};
use crate::population::{Context, Points};

/// Bytes of a scratch buffer at most.
pub(super) const SCRATCH: u64 = 64 << 20;
/// Rows of a thread at most.
pub(super) const MOST_ROWS: u32 = 16;

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Part {
    pub(super) candidate: u32,
    pub(super) candidates: u32,
    pub(super) row: u32,
    pub(super) rows: u32,
    pub(super) block: u32,
}

/// How a tile is shaped and fetched on this adapter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    /// Lanes along rows: threads of a workgroup.
    pub(super) lanes: u32,
    /// Sums of a thread at most: rows times units.
    pub(super) sums: u32,
    /// Largest number of units of a thread.
    pub(super) units: u32,
    /// Lanes of a subgroup, when weights come by broadcast.
    pub(super) broadcast: Option<u32>,
    /// Rows of a thread at most, a power of two.
    pub(super) most_rows: u32,
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

impl Tile {
    /// The shape that suits the adapter.
    pub(super) fn new(gpu: &Gpu) -> Self {
        match gpu.subgroup().filter(|size| gpu.is_software() && *size == 8) {
            Some(size) => Self { lanes: 8, sums: 128, units: 32, broadcast: Some(size), most_rows: MOST_ROWS },
            None => Self { lanes: 64, sums: 64, units: 8, broadcast: None, most_rows: MOST_ROWS },
        }
    }

    /// The same for so few rows: a thread takes no more of them than it takes to reach the last.
    pub(super) fn for_rows(self, rows: u32) -> Self {
        Self { most_rows: rows.div_ceil(self.lanes).next_power_of_two().clamp(1, self.most_rows), ..self }
    }

    /// So many rows in whole tiles.
    pub(super) fn padded_rows(self, rows: u32) -> u32 {
        debug_assert!(self.lanes * self.most_rows <= TILE_ROWS, "a tile may not read past the padding of the rows");
        rows.next_multiple_of(self.lanes * self.most_rows)
    }

    /// The same for so many columns of weights, which may be no whole number of subgroups.
    pub(super) fn for_columns(self, columns: u32) -> Self {
        match self.broadcast {
            Some(size) if !columns.is_multiple_of(size) => Self { sums: 64, units: 8, broadcast: None, ..self },
            _ => self,
        }
    }

    pub(super) fn padded(self, outputs: u32) -> u32 {
        outputs.next_multiple_of(self.broadcast.unwrap_or(4))
    }

    /// Units of a thread for a layer: the largest allowed number that divides it.
    pub(super) fn units_for(self, padded: u32) -> u32 {
        let step = self.broadcast.unwrap_or(4);
        (1..=self.units / step).rev().map(|n| n * step).find(|n| padded.is_multiple_of(*n)).unwrap_or(step)
    }

    /// Rows of a thread beside so many units, `lanes` apart: a power of two.
    pub(super) fn rows_for(self, units: u32) -> u32 {
        1 << (self.sums / units).clamp(1, self.most_rows).ilog2()
    }
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

/// `weight(candidate, t)`: the t-th staged number of a candidate. Layer after layer, input after input, the biases as
/// one input more; padding is 0.
pub(super) fn weights(architecture: &Architecture, tile: Tile) -> String {
    staged_weights(&architecture.layers(), tile, true)
}

/// The same with 0 for the biases of the last layer.
pub(super) fn weights_but_last_biases(architecture: &Architecture, tile: Tile) -> String {
    staged_weights(&architecture.layers(), tile, false)
}

fn staged_weights(layers: &[Layer], tile: Tile, last_biases: bool) -> String {
    let mut text = String::from("fn weight(candidate: u32, t: u32) -> f32 {\n");
    let mut offset = 0;
    for (l, layer) in layers.iter().enumerate() {
        let biased = last_biases || l + 1 < layers.len();
        let padded = tile.padded(layer.outputs);
        let size = (layer.inputs + 1) * padded;
        let _ = writeln!(
            text,
            "    if t < {end}u {{\n        let input = (t - {offset}u) / {padded}u;\n        let output = (t - {offset}u) % {padded}u;
        if output >= {outputs}u{unbiased} {{ return 0.0; }}
        return {scale:?} * at(candidate, {first}u + output * {width}u + input);\n    }}",
            end = offset + size,
            outputs = layer.outputs,
            unbiased = if biased { String::new() } else { format!(" || input == {}u", layer.inputs) },
            scale = layer.scale,
            first = layer.offset,
            width = layer.inputs + 1,
        );
        offset += size;
    }
    text + "    return 0.0;\n}\n"
}

/// The operand that all lanes share: `units` neighbouring values of `buffer` from `base` on into w0, w1, ...
pub(super) fn shared_operand(text: &mut String, tile: Tile, buffer: &str, base: &str, units: u32) {
    let step = tile.broadcast.unwrap_or(4);
    for c in 0..units / step {
        let _ = match tile.broadcast {
            Some(size) => writeln!(text, "        let v{c} = {buffer}[{base} + {}u + near];", c * size),
            None => writeln!(text, "        let v{c} = {buffer}[({base}) / 4u + {c}u];"),
        };
        for k in 0..step {
            let unit = c * step + k;
            let _ = match tile.broadcast {
                Some(_) => writeln!(text, "        let w{unit} = subgroupBroadcast(v{c}, {k}u);"),
                None => writeln!(text, "        let w{unit} = v{c}[{k}];"),
            };
        }
    }
}

/// The kernel of one layer: `rows` by `units` sums a thread, as named accumulators.
pub(super) fn dense(layer: &Layer, tile: Tile, first: bool, last: bool) -> String {
    let padded = tile.padded(layer.outputs);
    let units = tile.units_for(padded);
    let (lanes, rows) = (tile.lanes, tile.rows_for(units));
    let subgroup = tile.broadcast.is_some();
    let element = if subgroup { "f32" } else { "vec4f" };
    let mut text = format!(
        "//! import layered_part
@group(2) @binding(1) var<storage, read> staged: array<{element}>;
@group(2) @binding(2) var<storage, read> inputs: array<f32>;
@group(2) @binding(3) var<storage, read_write> outputs: array<f32>;
// One thread per {rows} rows by {units} units of one candidate.
@compute @workgroup_size({lanes})
fn dense(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32{}) {{
    let row = group.x * {}u + lane;
    let unit = group.y * {units}u;
    let candidate = group.z;
",
        if subgroup { ", @builtin(subgroup_invocation_id) near: u32" } else { "" },
        lanes * rows,
    );
    let fetch = |text: &mut String, row: &str| {
        let base = format!("candidate * STAGED + OFFSET + ({row}) * PADDED + unit");
        shared_operand(text, tile, "staged", &base, units);
    };
    for t in 0..rows {
        for u in 0..units {
            let _ = writeln!(text, "    var s{t}_{u} = 0.0;");
        }
    }
    text.push_str("    {\n");
    fetch(&mut text, "INPUTS");
    for t in 0..rows {
        for u in 0..units {
            let _ = writeln!(text, "        s{t}_{u} = w{u};");
        }
    }
    text.push_str("    }\n    for (var i = 0u; i < INPUTS; i += 1u) {\n");
    for t in 0..rows {
        let place = if first {
            format!("i * COLUMNS + part.row + row + {}u", t * lanes)
        } else {
            format!("(candidate * PADDED_INPUTS + i) * PADDED_ROWS + row + {}u", t * lanes)
        };
        let _ = writeln!(text, "        let x{t} = inputs[{place}];");
    }
    fetch(&mut text, "i");
    for u in 0..units {
        for t in 0..rows {
            let _ = writeln!(text, "        s{t}_{u} = fma(x{t}, w{u}, s{t}_{u});");
        }
    }
    text.push_str("    }\n");
    for u in 0..units {
        for t in 0..rows {
            let value = if last { format!("s{t}_{u}") } else { format!("activate(s{t}_{u})") };
            let place = format!("(candidate * PADDED + unit + {u}u) * PADDED_ROWS + row + {}u", t * lanes);
            let _ = writeln!(text, "    outputs[{place}] = {value};");
        }
    }
    text + "}\n"
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
