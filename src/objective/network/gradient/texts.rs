//! The texts of the kernels that go back: weights the other way round, slopes handed down, gradients summed.

use std::fmt::Write as _;

use super::super::layered::{Tile, shared_operand};
use super::super::{Architecture, Layer};

/// Units and inputs of a thread's tile of a gradient. With subgroups a load costs a software adapter much more than a sum
/// that finds no register, so tiles are large; elsewhere the lanes' sums must fit into the memory of a workgroup.
pub(super) fn pulled(tile: Tile, layer: &Layer) -> (u32, u32) {
    const MOST: u32 = 10;
    if tile.broadcast.is_none() {
        return (4, 4);
    }
    let even = |count: u32| count.div_ceil(count.div_ceil(MOST));
    (even(layer.outputs), even(layer.inputs + 1))
}

/// `weight(candidate, t)`: the t-th number of a candidate's matrices for the way back. Layer after layer, from the
/// second on: output after output, inputs padded.
pub(super) fn transposed(architecture: &Architecture, tile: Tile) -> String {
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

/// The kernel that hands a layer's slopes down: `rows` by `units` sums a thread, units being the inputs of the layer. Where
/// it goes by cosines, the length of the features takes its share off.
pub(super) fn back(layer: &Layer, tile: Tile, cosines: bool) -> String {
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
@group(2) @binding(5) var<storage, read> features: array<f32>;
@group(2) @binding(6) var<storage, read> shrinking: array<f32>;
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
            let shrunk = if cosines {
                let share = format!("shrinking[candidate * PADDED_ROWS + row + {}u]", t * lanes);
                format!("(s{t}_{u} - features[{place}] * {share})")
            } else {
                format!("s{t}_{u}")
            };
            let _ = writeln!(text, "    outputs[{place}] = {shrunk} * slope(values[{place}]);");
        }
    }
    text + "}\n"
}

/// The kernel of a layer's gradient: a tile of units by inputs a workgroup, the bias as one input more that is always 1.
pub(super) fn pull(tile: Tile, layer: &Layer, first: bool) -> String {
    let (units, inputs) = pulled(tile, layer);
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
