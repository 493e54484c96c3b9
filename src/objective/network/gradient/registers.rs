//! Loss and gradient in one kernel, a thread per candidate, for networks of a few hundred weights: weights, activations
//! and gradient have names, rows go by. One dispatch in place of a dozen.

use std::fmt::Write as _;

use super::super::batch::{Batch, WINDOW_BYTES};
use super::super::{Activation, Architecture, Layer, Network};
use crate::Result;
use crate::gpu::{Bindings, Gpu, Kernel};
use crate::population::{Chunk, Context, Points};

/// Weights up to which all of them and their gradient have names.
const MOST_WEIGHTS: u64 = 320;
/// Rows up to which a few members are not too few for a thread each.
const FEW_ROWS: u32 = 128;

/// Whether a batch of such a network is looked at by one thread in one go.
pub(in super::super) fn fits(network: &Network, rows: u32) -> bool {
    let vectors = network.architecture.inputs.div_ceil(4);
    network.loss.margin().is_none()
        && network.architecture.pictures.is_none()
        && network.architecture.parameters() <= MOST_WEIGHTS
        && rows.next_multiple_of(64) * vectors * 16 <= WINDOW_BYTES
}

/// Whether so many candidates keep the machine busy this way.
pub(super) fn suits(network: &Network, rows: u32, candidates: u32) -> bool {
    fits(network, rows) && (rows <= FEW_ROWS || candidates >= rows / 8)
}

/// The kernel for these points.
pub(super) fn kernel(gpu: &Gpu, network: &Network, batch: &Batch, points: &Points) -> Result<Kernel> {
    let rows = batch.rows.next_multiple_of(4);
    let source = points
        .source
        .clone()
        .constant("OUTPUTS", network.architecture.outputs)
        .constant("ROWS", batch.rows)
        .constant("ROW_VECTORS", batch.row_vectors)
        .constant("WINDOW", rows * batch.row_vectors)
        .constant("WINDOW_LABELS", rows / 4)
        .piece("activation", network.architecture.activation.wgsl())?
        .piece("loss", &network.loss_piece())?
        .piece("registers", &text(&network.architecture))?;
    gpu.kernel("differentiate", &source)
}

/// What it reads, beside where the loss and the gradient go.
pub(super) fn bindings(context: &Context, batch: &Batch, chunk: &Chunk) -> Result<Bindings> {
    let rows = u64::from(batch.rows.next_multiple_of(4));
    Ok(chunk
        .bindings
        .clone()
        .and(&context.clock)
        .with("slice", context.gpu.uniform("slice", &[0u32; 2])?.view())
        .with("window", batch.by_row.part(0, rows * u64::from(batch.row_vectors)))
        .with("labels", batch.labels.part(0, rows)))
}

fn weight(l: usize, output: u32, input: u32) -> String {
    format!("w{l}_{output}_{input}")
}

/// The name of what comes into a layer.
fn value(l: usize, input: u32) -> String {
    if l == 0 { format!("x{}[{}]", input / 4, input % 4) } else { format!("a{}_{input}", l - 1) }
}

fn text(architecture: &Architecture) -> String {
    let layers = architecture.layers();
    let mut text = String::from(
        "//! import grid, window
@group(2) @binding(3) var<storage, read_write> gradient: array<f32>;
// One thread per candidate.
@compute @workgroup_size(WORKGROUP)
fn differentiate(@builtin(global_invocation_id) global: vec3u) {
    let candidate = global.x;
    if candidate >= chunk.members || clock.stopped != 0u { return; }
    var sum = 0.0;
",
    );
    for (l, layer) in layers.iter().enumerate() {
        for (output, input) in places(layer) {
            let at = layer.coordinate(output, input);
            let _ = writeln!(text, "    let {} = {:?} * at(candidate, {at}u);", weight(l, output, input), layer.scale);
            let _ = writeln!(text, "    var g{l}_{output}_{input} = 0.0;");
        }
    }
    text.push_str("    for (var row = of_thread(slice.first, candidate); row < ROWS; row += 1u) {\n");
    for v in 0..architecture.inputs.div_ceil(4) {
        let _ = writeln!(text, "        let x{v} = window[row * ROW_VECTORS + {v}u];");
    }
    for (l, layer) in layers.iter().enumerate() {
        forward(&mut text, l, layer, l + 1 == layers.len());
    }
    let last = layers.len() - 1;
    let sums: Vec<_> = (0..architecture.outputs).map(|o| format!("s{last}_{o}")).collect();
    let _ = writeln!(text, "        let label = label_of(row);");
    let _ = writeln!(text, "        var z = array<f32, OUTPUTS>({});", sums.join(", "));
    let _ = writeln!(text, "        sum += row_loss(&z, label);\n        row_slope(&z, label);");
    for output in 0..architecture.outputs {
        let _ = writeln!(text, "        let d{last}_{output} = z[{output}];");
    }
    for (l, layer) in layers.iter().enumerate().rev() {
        backward(&mut text, l, layer, architecture.activation);
    }
    text.push_str("    }\n    partial[slice.block * STRIDE + candidate] = sum;\n");
    for (l, layer) in layers.iter().enumerate() {
        for (output, input) in places(layer) {
            let at = layer.coordinate(output, input);
            let _ = writeln!(text, "    gradient[{at}u * STRIDE + candidate] = g{l}_{output}_{input} / f32(ROWS);");
        }
    }
    text + "}\n"
}

/// Units and inputs of a layer, the bias as the last input.
fn places(layer: &Layer) -> impl Iterator<Item = (u32, u32)> + use<> {
    let inputs = layer.inputs;
    (0..layer.outputs).flat_map(move |output| (0..=inputs).map(move |input| (output, input)))
}

fn forward(text: &mut String, l: usize, layer: &Layer, last: bool) {
    for output in 0..layer.outputs {
        let mut sum = weight(l, output, layer.inputs);
        for input in 0..layer.inputs {
            sum = format!("fma({}, {}, {sum})", value(l, input), weight(l, output, input));
        }
        let _ = writeln!(text, "        let s{l}_{output} = {sum};");
        if !last {
            let _ = writeln!(text, "        let a{l}_{output} = activate(s{l}_{output});");
        }
    }
}

fn backward(text: &mut String, l: usize, layer: &Layer, activation: Activation) {
    for (output, input) in places(layer) {
        let name = format!("g{l}_{output}_{input}");
        let _ = if input == layer.inputs {
            writeln!(text, "        {name} += d{l}_{output};")
        } else {
            writeln!(text, "        {name} = fma(d{l}_{output}, {}, {name});", value(l, input))
        };
    }
    if l == 0 {
        return;
    }
    let told = if activation.slope_is_of_sum() { 's' } else { 'a' };
    for input in 0..layer.inputs {
        let mut sum = String::from("0.0");
        for output in 0..layer.outputs {
            sum = format!("fma(d{l}_{output}, {}, {sum})", weight(l, output, input));
        }
        let below = l - 1;
        let _ = writeln!(text, "        let d{below}_{input} = {sum} * slope({told}{below}_{input});");
    }
}
