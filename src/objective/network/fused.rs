//! Forward pass and loss in one kernel, a thread per candidate: activations never leave the registers.
//!
//! The text is generated, since accumulators must be named to stay in registers. The rows come through a uniform
//! window: a load of 1 ns in place of 6 on the software adapter, a broadcast on GPUs. A population too small to fill
//! the machine is spread over blocks of rows, whose sums a second dispatch adds up.

use std::fmt::Write as _;

use super::batch::{Batch, WINDOW_BYTES};
use super::{Architecture, Form, Layer, Network, Scorer};
use crate::gpu::{Bindings, Buffer, Kernel, Recording, Source, Threads};
use crate::objective::total::total;
use crate::population::{Context, Points};
use crate::{Error, Result};

/// Rows of the smallest block: a multiple of 64, so that a window of labels starts at 256 bytes.
const BLOCK: u32 = 64;

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Slice {
    first: u32,
    block: u32,
}

pub(super) struct Fused {
    context: Context,
    body: Source,
    /// Rows that one pass of the generated loop takes, and its loop iterations for them.
    rows_per_pass: u32,
    iterations: u32,
    operations: f64,
}

/// How the rows of a batch are cut: blocks summed by one thread, slices of whole blocks in one dispatch.
struct Cut {
    block_rows: u32,
    blocks: u32,
    slice_blocks: u32,
}

impl Fused {
    pub(super) fn new(context: &Context, network: &Network, batch: &Batch, form: Form) -> Result<Self> {
        if batch.row_vectors * 16 * BLOCK > WINDOW_BYTES {
            let remedy = format!("at most {} features for the fused forms", WINDOW_BYTES / 4 / BLOCK);
            return Err(Error::setting("form", format!("{form:?}"), remedy));
        }
        let (text, rows_per_pass, iterations) = match form {
            Form::Registers => {
                let rows = context.gpu.tuning().rows_at_once;
                (registers(&network.architecture, rows), rows, 1)
            }
            _ => tiled(&network.architecture),
        };
        let body = Source::new()
            .constant("OUTPUTS", network.architecture.outputs)
            .piece("activation", network.architecture.activation.wgsl())?
            .piece("loss", &network.loss_piece())?
            .constant("ROWS", batch.rows)
            .constant("ROW_VECTORS", batch.row_vectors)
            .piece("fused", &text)?;
        let operations = network.architecture.operations() + 20.0 * f64::from(network.architecture.outputs);
        Ok(Self { context: context.clone(), body, rows_per_pass, iterations, operations })
    }

    /// Enough blocks to fill the machine, no block beyond the loop limit, no slice beyond a window or 100 ms.
    fn cut(&self, points: &Points, batch: &Batch) -> Cut {
        let gpu = &self.context.gpu;
        let wanted = if gpu.is_software() { 2_048 } else { 262_144 };
        let blocks = (wanted / points.candidates.max(1)).clamp(1, batch.rows.div_ceil(BLOCK));
        let window = WINDOW_BYTES / 16 / batch.row_vectors / BLOCK * BLOCK;
        let loops = (gpu.loop_limit() / self.iterations).saturating_mul(self.rows_per_pass);
        let block_rows =
            batch.rows.div_ceil(blocks).next_multiple_of(BLOCK).min(window).min((loops / BLOCK * BLOCK).max(BLOCK));
        let blocks = batch.rows.div_ceil(block_rows);
        let chunk = points.chunks.iter().map(|chunk| chunk.members).max().unwrap_or(1);
        let rows = gpu.work_limit() / self.operations / f64::from(chunk);
        let slice_blocks = ((rows as u32).min(window) / block_rows).clamp(1, blocks);
        Cut { block_rows, blocks, slice_blocks }
    }

    fn kernel(&self, points: &Points, batch: &Batch, cut: &Cut) -> Result<Kernel> {
        let rows = cut.slice_blocks * cut.block_rows;
        let source = points
            .source
            .clone()
            .constant("BLOCK_ROWS", cut.block_rows)
            .constant("WINDOW", rows * batch.row_vectors)
            .constant("WINDOW_LABELS", rows / 4)
            .join(&self.body);
        self.context.gpu.kernel("evaluate", &source)
    }
}

impl Scorer for Fused {
    fn score(&mut self, points: &Points, batch: &Batch, recording: &mut Recording) -> Result<()> {
        let gpu = &self.context.gpu;
        let cut = self.cut(points, batch);
        let kernel = self.kernel(points, batch, &cut)?;
        let partial: Buffer<f32> = gpu.buffer("partial", u64::from(cut.blocks) * u64::from(points.stride))?;
        let partial = Bindings::new().with("partial", partial.view());
        let rows = cut.slice_blocks * cut.block_rows;
        let mut slices = Vec::new();
        for block in (0..cut.blocks).step_by(cut.slice_blocks as usize) {
            let first = block * cut.block_rows;
            let vectors = u64::from(rows * batch.row_vectors);
            let slice = gpu.uniform("slice", &Slice { first, block })?;
            let window = batch.by_row.part(u64::from(first * batch.row_vectors), vectors);
            let bindings = partial
                .clone()
                .with("slice", slice.view())
                .with("window", window)
                .with("labels", batch.labels.part(first.into(), rows.into()));
            slices.push((bindings, cut.slice_blocks.min(cut.blocks - block)));
        }
        for chunk in &points.chunks {
            recording.append(&chunk.fill);
            for (slice, blocks) in &slices {
                let bindings = chunk.bindings.clone().and(&self.context.clock).and(slice);
                recording.dispatch(gpu, &kernel, &bindings, Threads::Plane(chunk.members, *blocks))?;
            }
            total(&self.context, points, chunk, &partial, (cut.blocks, batch.rows), recording)?;
        }
        Ok(())
    }
}

/// What both forms begin with.
const HEAD: &str = "//! import window
// One thread per candidate and block of rows.
@compute @workgroup_size(WORKGROUP)
fn evaluate(@builtin(global_invocation_id) global: vec3u) {
    let candidate = global.x;
    if candidate >= chunk.members || clock.stopped != 0u { return; }
    let first = global.y * BLOCK_ROWS;
    let last = min(first + BLOCK_ROWS, ROWS - slice.first);
    var sum = 0.0;
";

/// What both end with.
const TAIL: &str = "    partial[(slice.block + global.y) * STRIDE + candidate] = sum;\n}\n";

/// A coordinate times its layer's deviation.
fn weight(layer: &Layer, output: u32, input: u32) -> String {
    format!("{:?} * at(candidate, {}u)", layer.scale, layer.coordinate(output, input))
}

/// All weights in named registers, so many rows at once (a multiple of 4: enough independent sums to hide the latency of
/// each), any number of layers. An activation is added to the sums of the next layer as soon as it is there, so that it
/// need not be kept.
fn registers(architecture: &Architecture, rows: u32) -> String {
    let mut text = HEAD.to_string();
    let layers = architecture.layers();
    for (l, layer) in layers.iter().enumerate() {
        for output in 0..layer.outputs {
            for input in 0..=layer.inputs {
                let _ = writeln!(text, "    let w{l}_{output}_{input} = {};", weight(layer, output, input));
            }
        }
    }
    let _ = writeln!(text, "    for (var row = first; row < last; row += {rows}u) {{");
    for t in 0..rows {
        for v in 0..architecture.inputs.div_ceil(4) {
            let _ = writeln!(text, "        let x{t}_{v} = window[(row + {t}u) * ROW_VECTORS + {v}u];");
        }
        for (l, layer) in layers.iter().enumerate() {
            for output in 0..layer.outputs {
                let _ = writeln!(text, "        var s{l}_{t}_{output} = w{l}_{output}_{};", layer.inputs);
            }
        }
    }
    for unit in 0..layers[0].outputs {
        for input in 0..architecture.inputs {
            for t in 0..rows {
                let (value, sum) = (format!("x{t}_{}[{}]", input / 4, input % 4), format!("s0_{t}_{unit}"));
                let _ = writeln!(text, "        {sum} = fma({value}, w0_{unit}_{input}, {sum});");
            }
        }
        spread(&mut text, &layers, (0, unit), rows);
    }
    for l in 1..layers.len() {
        (0..layers[l].outputs).for_each(|unit| spread(&mut text, &layers, (l, unit), rows));
    }
    for t in 0..rows / 4 {
        let _ = writeln!(text, "        let labels{t} = labels[row / 4u + {t}u];");
    }
    for t in 0..rows {
        let outputs: Vec<_> = (0..architecture.outputs).map(|o| format!("s{}_{t}_{o}", layers.len() - 1)).collect();
        let _ = writeln!(text, "        var z{t} = array<f32, OUTPUTS>({});", outputs.join(", "));
        let _ = writeln!(
            text,
            "        sum += select(0.0, row_loss(&z{t}, labels{}[{}]), row + {t}u < last);",
            t / 4,
            t % 4
        );
    }
    text.push_str("    }\n");
    text + TAIL
}

/// What a unit of layer `l` adds to the sums of the layer above, for each of the rows.
fn spread(text: &mut String, layers: &[Layer], (l, unit): (usize, u32), rows: u32) {
    let Some(above) = layers.get(l + 1) else { return };
    for t in 0..rows {
        let _ = writeln!(text, "        let a{l}_{t}_{unit} = activate(s{l}_{t}_{unit});");
    }
    for output in 0..above.outputs {
        for t in 0..rows {
            let sum = format!("s{}_{t}_{output}", l + 1);
            let _ = writeln!(text, "        {sum} = fma(a{l}_{t}_{unit}, w{}_{output}_{unit}, {sum});", l + 1);
        }
    }
}

/// Tiles of rows by hidden units; weights are read once a tile of rows. Returns the text, the rows of a tile and the
/// loop iterations that it takes.
fn tiled(architecture: &Architecture) -> (String, u32, u32) {
    let layers = architecture.layers();
    let (hidden, output) = (layers[0], layers[1]);
    let rows = match output.outputs {
        0..=8 => 16,
        9..=16 => 8,
        _ => 4,
    };
    let units = (2..=5).rev().find(|units| hidden.outputs.is_multiple_of(*units)).unwrap_or(4).min(hidden.outputs);
    let mut text = HEAD.to_string();
    let _ = writeln!(text, "    for (var row = first; row < last; row += {rows}u) {{");
    for o in 0..output.outputs {
        let _ = writeln!(text, "        let b{o} = {};", weight(&output, o, output.inputs));
        for t in 0..rows {
            let _ = writeln!(text, "        var z{t}_{o} = b{o};");
        }
    }
    let whole = hidden.outputs / units * units;
    let _ = writeln!(text, "        for (var unit = 0u; unit < {whole}u; unit += {units}u) {{");
    tile(&mut text, &hidden, &output, rows, units, "unit");
    text.push_str("        }\n");
    if whole < hidden.outputs {
        let _ = writeln!(text, "        {{");
        tile(&mut text, &hidden, &output, rows, hidden.outputs - whole, &format!("{whole}u"));
        let _ = writeln!(text, "        }}");
    }
    for t in 0..rows {
        let _ = writeln!(text, "        if row + {t}u < last {{\n            var z: array<f32, OUTPUTS>;");
        for o in 0..output.outputs {
            let _ = writeln!(text, "            z[{o}] = z{t}_{o};");
        }
        let _ = writeln!(text, "            sum += row_loss(&z, label_of(row + {t}u));\n        }}");
    }
    text.push_str("    }\n");
    let iterations = 1 + hidden.outputs.div_ceil(units) * (1 + hidden.inputs.div_ceil(4));
    (text + TAIL, rows, iterations)
}

/// `rows` by `units` sums of the hidden layer, from unit `first` on, and what they add to the outputs.
fn tile(text: &mut String, hidden: &Layer, output: &Layer, rows: u32, units: u32, first: &str) {
    let width = hidden.inputs + 1;
    let scaled = |layer: &Layer, index: String| format!("{:?} * at(candidate, {index})", layer.scale);
    for u in 0..units {
        let _ = writeln!(text, "            let c{u} = {}u + ({first} + {u}u) * {width}u;", hidden.offset);
        let _ = writeln!(text, "            let d{u} = {};", scaled(hidden, format!("c{u} + {}u", hidden.inputs)));
        for t in 0..rows {
            let _ = writeln!(text, "            var s{t}_{u} = d{u};");
        }
    }
    let vectors = hidden.inputs / 4;
    let inputs = |text: &mut String, vector: &str, count: u32| {
        for t in 0..rows {
            let _ = writeln!(text, "            let x{t} = window[(row + {t}u) * ROW_VECTORS + {vector}];");
        }
        for i in 0..count {
            for u in 0..units {
                let index = format!("c{u} + 4u * ({vector}) + {i}u");
                let _ = writeln!(text, "            let w{u}_{i} = {};", scaled(hidden, index));
                for t in 0..rows {
                    let _ = writeln!(text, "            s{t}_{u} = fma(x{t}[{i}], w{u}_{i}, s{t}_{u});");
                }
            }
        }
    };
    if vectors > 0 {
        let _ = writeln!(text, "            for (var v = 0u; v < {vectors}u; v += 1u) {{");
        inputs(text, "v", 4);
        let _ = writeln!(text, "            }}");
    }
    if !hidden.inputs.is_multiple_of(4) {
        inputs(text, &format!("{vectors}u"), hidden.inputs % 4);
    }
    for u in 0..units {
        for o in 0..output.outputs {
            let index = format!("{}u + {}u + {first} + {u}u", output.offset, o * (output.inputs + 1));
            let _ = writeln!(text, "            let v{u}_{o} = {};", scaled(output, index));
        }
        for t in 0..rows {
            let _ = writeln!(text, "            let a{t}_{u} = activate(s{t}_{u});");
            for o in 0..output.outputs {
                let _ = writeln!(text, "            z{t}_{o} = fma(a{t}_{u}, v{u}_{o}, z{t}_{o});");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn a_slice_is_laid_out_as_in_the_shader() {
        let fields = [("first", offset_of!(Slice, first)), ("block", offset_of!(Slice, block))];
        same_layout(
            include_str!("../../../shaders/objective/network/window.wgsl"),
            "Slice",
            size_of::<Slice>(),
            &fields,
        );
    }
}
