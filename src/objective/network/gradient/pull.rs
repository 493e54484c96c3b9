//! The text of the kernel that sums a layer's gradient.

use std::fmt::Write as _;

use super::super::Layer;
use super::super::product::Tile;

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
