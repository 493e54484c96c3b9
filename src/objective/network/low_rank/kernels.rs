//! The text of the kernels that score a centre plus low-rank noise. Generated, since accumulators must be named to
//! stay in registers.
//!
//! A thread works on both candidates of a pair. They differ from the centre by a multiple of each unit's left factor,
//! the same for all units of a row: the row times the right factor. Weights are those of the centre, whoever multiplies
//! by them.

use std::fmt::Write as _;

use super::super::product::{Tile, shared_operand};
use super::super::{Architecture, Layer};

/// Where the noise lies.
#[derive(Clone, Debug)]
pub(super) struct Factors {
    pub(super) rank: u32,
    pub(super) stride: u32,
    /// By layer: first rows of left factors, right factors and biases.
    pub(super) rows: Vec<[u32; 3]>,
}

/// Where a layer's inputs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// Activations in memory.
    Memory,
    /// The first layer's units, computed on the spot.
    First,
}

/// Where a layer's sums go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Into {
    /// To memory, activated.
    Activations,
    /// To memory as they are.
    Logits,
    /// Through the loss; nothing is stored.
    Loss,
}

/// A layer's place in the plan: its number, and the tile of a thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Above {
    pub(super) layer: usize,
    pub(super) from: From,
    pub(super) into: Into,
    pub(super) rows: u32,
    pub(super) units: u32,
}

/// Rows of a thread of `first_layer` at most.
const FIRST_ROWS: u32 = 4;
/// Units of a thread of `first_layer`.
pub(super) const FIRST_UNITS: u32 = 8;

/// Columns of noise that a thread takes, so that `columns` of them are covered with little waste.
pub(super) fn thin_units(tile: Tile, columns: u32) -> u32 {
    let step = tile.broadcast.unwrap_or(4);
    let cost = |units: &u32| columns.div_ceil(*units) * (units + 8);
    (1..=tile.units / step).map(|n| n * step).min_by_key(cost).unwrap_or(step)
}

/// `thin_products`: the rows times the right factors of the first layer.
pub(super) fn thin_products(layer: &Layer, factors: &Factors, tile: Tile, units: u32) -> String {
    let (lanes, rows) = (tile.lanes, rows_for(tile, units));
    let mut text = noise(true);
    let _ = write!(
        text,
        "// One thread per {rows} rows by {units} pairs; a factor in each plane.
@compute @workgroup_size({lanes})
fn thin_products({}) {{
    let row = group.x * {}u + lane;
    let pair = group.y * {units}u;
    let right = {}u + group.z * {inputs}u;
",
        arguments(tile),
        lanes * rows,
        factors.rows[0][1],
        inputs = layer.inputs,
    );
    for (t, u) in grid(rows, units) {
        let _ = writeln!(text, "    var s{t}_{u} = 0.0;");
    }
    let _ = writeln!(text, "    for (var i = 0u; i < {}u; i += 1u) {{", layer.inputs);
    for t in 0..rows {
        let _ = writeln!(text, "        let x{t} = inputs[i * COLUMNS + part.row + row + {}u];", t * lanes);
    }
    let place = format!("(right + i) * {}u + part.candidate / 2u + pair", factors.stride);
    shared_operand(&mut text, tile, ("noise", &place), units, &|u| format!("w{u}"));
    for u in 0..units {
        for t in 0..rows {
            let _ = writeln!(text, "        s{t}_{u} = fma(x{t}, w{u}, s{t}_{u});");
        }
    }
    text.push_str("    }\n");
    for (t, u) in grid(rows, units) {
        let place = format!("(group.z * PAIRS + pair + {u}u) * PADDED_ROWS + row + {}u", t * lanes);
        let _ = writeln!(text, "    thin[{place}] = s{t}_{u};");
    }
    text + "}\n"
}

/// `first_layer`: the units of the first layer, stored; activated unless it is the last.
pub(super) fn first_layer(architecture: &Architecture, factors: &Factors, tile: Tile) -> String {
    let layer = architecture.layers()[0];
    let (lanes, rows) = (tile.lanes, first_rows(tile));
    let mut text = noise(false);
    let _ = write!(
        text,
        "// One thread per {rows} rows by {FIRST_UNITS} units of a pair.
@compute @workgroup_size({lanes})
fn first_layer({}) {{
    let row = group.x * {}u + lane;
    let pair = group.z;
    let column = part.candidate / 2u + pair;
",
        arguments(tile),
        lanes * rows,
    );
    reaches(&mut text, &layer, factors, 0);
    thin_values(&mut text, factors, rows, lanes);
    let _ = writeln!(text, "    let end = min((group.y + 1u) * {FIRST_UNITS}u, {}u);", layer.outputs);
    let _ = writeln!(text, "    for (var i = group.y * {FIRST_UNITS}u; i < end; i += 1u) {{");
    let activate = !architecture.hidden.is_empty();
    first_values(&mut text, factors, rows, lanes, activate);
    for (t, s) in grid(rows, 2) {
        let place = format!("((2u * pair + {s}u) * PADDED + i) * PADDED_ROWS + row + {}u", t * lanes);
        let _ = writeln!(text, "        outputs[{place}] = x{t}_{s};");
    }
    text + "    }\n}\n"
}

/// `layer_above`: a layer past the first. The product with the right factors is taken along the way.
pub(super) fn layer_above(architecture: &Architecture, factors: &Factors, tile: Tile, above: Above) -> String {
    let layers = architecture.layers();
    let layer = layers[above.layer];
    let Above { rows, units, .. } = above;
    let (lanes, rank) = (tile.lanes, factors.rank);
    let [left, right, biases] = factors.rows[above.layer];
    // Units behind the last need no sums when nothing is stored of them.
    let summed = if above.into == Into::Loss { layer.outputs } else { units };
    let mut text = noise(false);
    if above.into == Into::Loss {
        let _ = writeln!(text, "var<workgroup> losses: array<vec2f, {lanes}>;");
    }
    let _ = write!(
        text,
        "@group(2) @binding(1) var<storage, read> staged: array<vec4f>;
// One thread per {rows} rows by {units} units of a pair.
@compute @workgroup_size({lanes})
fn layer_above({}) {{
    let row = group.x * {}u + lane;
    let unit = group.y * {units}u;
    let pair = group.z;
    let column = part.candidate / 2u + pair;
",
        arguments(tile),
        lanes * rows,
    );
    if above.from == From::First {
        reaches(&mut text, &layers[0], factors, 0);
        thin_values(&mut text, factors, rows, lanes);
    }
    for (t, s) in grid(rows, 2) {
        for u in 0..summed {
            let _ = writeln!(text, "    var s{t}_{s}_{u} = 0.0;");
        }
        for r in 0..rank {
            let _ = writeln!(text, "    var q{t}_{s}_{r} = 0.0;");
        }
    }
    let weights = |text: &mut String, input: &str| {
        let base = format!("OFFSET + ({input}) * PADDED + unit");
        shared_operand(text, tile, ("staged", &base), units, &|u| format!("w{u}"));
    };
    text.push_str("    {\n");
    weights(&mut text, "INPUTS");
    for (t, s) in grid(rows, 2) {
        for u in 0..summed {
            let _ = writeln!(text, "        s{t}_{s}_{u} = w{u};");
        }
    }
    text.push_str("    }\n    for (var i = 0u; i < INPUTS; i += 1u) {\n");
    match above.from {
        From::First => first_values(&mut text, factors, rows, lanes, true),
        From::Memory => {
            for (t, s) in grid(rows, 2) {
                let place = format!("((2u * pair + {s}u) * PADDED_INPUTS + i) * PADDED_ROWS + row + {}u", t * lanes);
                let _ = writeln!(text, "        let x{t}_{s} = inputs[{place}];");
            }
        }
    }
    weights(&mut text, "i");
    for u in 0..summed {
        for (t, s) in grid(rows, 2) {
            let _ = writeln!(text, "        s{t}_{s}_{u} = fma(x{t}_{s}, w{u}, s{t}_{s}_{u});");
        }
    }
    for r in 0..rank {
        let row = right + r * layer.inputs;
        let _ = writeln!(text, "        let b{r} = noise[({row}u + i) * {}u + column];", factors.stride);
        for (t, s) in grid(rows, 2) {
            let _ = writeln!(text, "        q{t}_{s}_{r} = fma(x{t}_{s}, b{r}, q{t}_{s}_{r});");
        }
    }
    text.push_str("    }\n");
    reaches(&mut text, &layer, factors, above.layer);
    let reach = above.layer;
    for u in 0..summed {
        // Padding takes the noise of the last unit, wherever its own would lie.
        let _ = writeln!(text, "    let unit{u} = min(unit + {u}u, {}u);", layer.outputs - 1);
        let stride = factors.stride;
        let _ = writeln!(text, "    let d{u} = reach{reach} * noise[({biases}u + unit{u}) * {stride}u + column];");
        for r in 0..rank {
            let row = left + r * layer.outputs;
            let _ = writeln!(text, "    let a{u}_{r} = slope{reach} * noise[({row}u + unit{u}) * {stride}u + column];");
        }
        for (t, s) in grid(rows, 2) {
            let mut sum = format!("d{u}");
            for r in 0..rank {
                sum = format!("fma(q{t}_{s}_{r}, a{u}_{r}, {sum})");
            }
            let sign = if s == 0 { '+' } else { '-' };
            let _ = writeln!(text, "    s{t}_{s}_{u} {sign}= {sum};");
        }
    }
    match above.into {
        Into::Loss => loss(&mut text, rows, lanes, summed),
        Into::Activations => stored(&mut text, above, lanes, |sum| format!("activate({sum})")),
        Into::Logits => stored(&mut text, above, lanes, |sum| sum),
    }
    text + "}\n"
}

/// The end of `layer_above` that stores its sums.
fn stored(text: &mut String, above: Above, lanes: u32, value: impl Fn(String) -> String) {
    for u in 0..above.units {
        for (t, s) in grid(above.rows, 2) {
            let place = format!("((2u * pair + {s}u) * PADDED + unit + {u}u) * PADDED_ROWS + row + {}u", t * lanes);
            let _ = writeln!(text, "    outputs[{place}] = {};", value(format!("s{t}_{s}_{u}")));
        }
    }
}

/// The end of `layer_above` that takes the loss of its sums and adds up the rows of the workgroup.
fn loss(text: &mut String, rows: u32, lanes: u32, outputs: u32) {
    text.push_str("    var sum = vec2f(0.0);\n");
    for t in 0..rows {
        let _ = writeln!(text, "    if row + {}u < part.rows {{", t * lanes);
        let _ = writeln!(text, "        let label = row_labels[part.row + row + {}u];", t * lanes);
        for s in 0..2 {
            let values: Vec<_> = (0..outputs).map(|u| format!("s{t}_{s}_{u}")).collect();
            let _ = writeln!(text, "        var z{s} = array<f32, OUTPUTS>({});", values.join(", "));
        }
        text.push_str("        sum += vec2f(row_loss(&z0, label), row_loss(&z1, label));\n    }\n");
    }
    let _ = write!(
        text,
        "    losses[lane] = sum;
    workgroupBarrier();
    for (var step = {}u; step > 0u; step /= 2u) {{
        if lane < step {{
            losses[lane] += losses[lane + step];
        }}
        workgroupBarrier();
    }}
    if lane < 2u && 2u * pair + lane < part.candidates && clock.stopped == 0u {{
        partial[(part.block * TILES + group.x) * STRIDE + part.candidate + 2u * pair + lane] = losses[0][lane];
    }}
",
        lanes / 2,
    );
}

/// `reach{number}`, by which a layer's bias noise is multiplied, and `slope{number}`, by which products of factors are.
fn reaches(text: &mut String, layer: &Layer, factors: &Factors, number: usize) {
    let _ = writeln!(text, "    let reach{number} = reach(pair, {}u, {:?});", layer.offset, layer.scale);
    let _ = writeln!(text, "    let slope{number} = reach{number} * {:?};", 1.0 / f64::from(factors.rank).sqrt());
}

/// `t{row}_{factor}`: the thread's rows times the right factors of the first layer.
fn thin_values(text: &mut String, factors: &Factors, rows: u32, lanes: u32) {
    for (t, r) in grid(rows, factors.rank) {
        let place = format!("({r}u * PAIRS + pair) * PADDED_ROWS + row + {}u", t * lanes);
        let _ = writeln!(text, "    let t{t}_{r} = thin[{place}];");
    }
}

/// `x{row}_{candidate}`: unit `i` of the first layer, for both candidates of the pair.
fn first_values(text: &mut String, factors: &Factors, rows: u32, lanes: u32, activate: bool) {
    let [left, _, biases] = factors.rows[0];
    let stride = factors.stride;
    let _ = writeln!(text, "        let bias = reach0 * noise[({biases}u + i) * {stride}u + column];");
    for r in 0..factors.rank {
        let _ = writeln!(text, "        let a{r} = slope0 * noise[({left}u + {r}u * FIRST + i) * {stride}u + column];");
    }
    for t in 0..rows {
        let mut off = String::from("bias");
        for r in 0..factors.rank {
            off = format!("fma(t{t}_{r}, a{r}, {off})");
        }
        let _ = writeln!(text, "        let m{t} = base[i * PADDED_ROWS + row + {}u];", t * lanes);
        let _ = writeln!(text, "        let d{t} = {off};");
        for (s, sign) in ['+', '-'].into_iter().enumerate() {
            let value = format!("m{t} {sign} d{t}");
            let value = if activate { format!("activate({value})") } else { value };
            let _ = writeln!(text, "        let x{t}_{s} = {value};");
        }
    }
}

/// The noise, read one by one or four at a time.
fn noise(vectors: bool) -> String {
    let kind = if vectors { "vec4f" } else { "f32" };
    format!("@group(1) @binding(0) var<storage, read> noise: array<{kind}>; // row, column\n")
}

fn arguments(tile: Tile) -> String {
    let near = if tile.broadcast.is_some() { ", @builtin(subgroup_invocation_id) near: u32" } else { "" };
    format!("@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32{near}")
}

fn grid(rows: u32, columns: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}

/// Rows of a thread that keeps `sums` values of each row. Twice as many as elsewhere on software adapters: what is read
/// for all rows, mostly one by one, weighs more here.
pub(super) fn rows_for(tile: Tile, sums: u32) -> u32 {
    let most = if tile.broadcast.is_some() { 2 * tile.sums } else { tile.sums };
    1 << (most / sums).clamp(1, tile.most_rows).ilog2()
}

/// Rows of a thread of `first_layer`.
pub(super) fn first_rows(tile: Tile) -> u32 {
    FIRST_ROWS.min(tile.most_rows)
}

/// Rows of a thread with so many units of both candidates of a pair. The sums of a few factors go beside the tile, so
/// that a tile of the usual size is not halved for them.
pub(super) fn pair_rows(tile: Tile, units: u32, rank: u32) -> u32 {
    rows_for(tile, 2 * (units + rank.saturating_sub(4)))
}
