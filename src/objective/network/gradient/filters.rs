//! The text of the kernel that sums the gradient of a convolution. A thread holds all places of some filters on one
//! channel and goes over pixels and rows; lanes, along rows, are added up in a fixed order, and so are slices of lines.
//!
//! On the software adapter a load costs as much as 20 sums: a tile of 4 pixels by 6 filters with a side of 5 is 64 loads
//! for 600 sums.

use std::fmt::Write as _;

use super::super::pictures::Size;
use super::super::product::Tile;
use super::super::stages::{Operation, Stage};
use crate::gpu::Source;

/// Sums of lanes that a workgroup has memory for at a time.
const AT_ONCE: u32 = 16;

/// How the gradient of a convolution is cut into tiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filters {
    from: Size,
    to: Size,
    kernel: u32,
    stride: u32,
    padding: u32,
    bias: bool,
    /// Filters of a thread.
    units: u32,
    /// Lines of a filter of a thread.
    lines: u32,
    /// Neighbouring pixels that a thread takes at a time.
    pixels: u32,
    /// Threads that share the lines of what came out.
    pub(super) slices: u32,
}

impl Filters {
    /// None where the step is no convolution. `rows` of a part by `candidates` are at work at a time.
    pub(super) fn new(tile: Tile, stage: &Stage, (rows, candidates): (u32, u32), loop_limit: u32) -> Option<Self> {
        let Operation::Convolution { kernel, stride, padding, bias } = stage.operation else { return None };
        let filters = stage.to.channels;
        let software = tile.broadcast.is_some();
        // Sums that a thread holds, that the text spells out, and workgroups that keep the machine busy.
        let (held, spelled, wanted) = if software { (160, 600, 8) } else { (64, 200, 1024_u64) };
        let even = |count: u32, most: u32| count.div_ceil(count.div_ceil(most.max(1)));
        let lines = even(kernel, held / kernel / if software { 4 } else { 2 });
        let units = even(filters, (held / kernel / lines).min(16));
        let pixels = even(stage.to.width, (spelled / (units * lines * kernel)).max(1));
        let mut cut =
            Self { from: stage.from, to: stage.to, kernel, stride, padding, bias, units, lines, pixels, slices: 1 };
        let turns = rows.div_ceil(tile.lanes) * (stage.to.width.div_ceil(pixels) + 1);
        let by_turns = (u64::from(turns + 1) * u64::from(stage.to.height)).div_ceil(u64::from(loop_limit / 2));
        let by_groups = wanted.div_ceil(u64::from(cut.tiles()) * u64::from(candidates));
        cut.slices = by_turns.max(by_groups).min(stage.to.height.into()) as u32;
        Some(cut)
    }

    /// Workgroups along filters, channels and lines of a filter.
    pub(super) fn tiles(&self) -> u32 {
        self.to.channels.div_ceil(self.units) * self.from.channels * self.kernel.div_ceil(self.lines)
    }

    /// Weights of a filter, its bias included.
    fn filter(&self) -> u32 {
        self.from.channels * self.kernel * self.kernel + u32::from(self.bias)
    }

    /// Weights and biases.
    pub(super) fn weights(&self) -> u32 {
        self.to.channels * self.filter()
    }

    /// Adds the sizes that the text names.
    pub(super) fn constants(&self, source: Source, tile: Tile) -> Source {
        source
            .constant("LANES", tile.lanes)
            .constant("LINES", self.from.height)
            .constant("PIXELS", self.from.width)
            .constant("FROM_VALUES", tile.padded(self.from.count()))
            .constant("FILTERS", self.to.channels)
            .constant("TO_LINES", self.to.height)
            .constant("TO_PIXELS", self.to.width)
            .constant("TO_VALUES", tile.padded(self.to.count()))
            .constant("KERNEL", self.kernel)
            .constant("UNITS", self.units)
            .constant("TILE_LINES", self.lines)
            .constant("DEEP", self.to.channels.div_ceil(self.units))
            .constant("LINE_TILES", self.kernel.div_ceil(self.lines))
            .constant("SLICES", self.slices)
            .constant("WEIGHTS", self.weights())
            .constant("FILTER", self.filter())
    }

    /// The kernel; `rows`: pictures are the rows that all candidates share.
    pub(super) fn text(&self, tile: Tile, rows: bool) -> String {
        let Self { kernel, units, lines, pixels, stride, padding, .. } = *self;
        let subgroup = tile.broadcast.is_some();
        let mut text = format!(
            "//! import clock, layered_part
@group(2) @binding(1) var<storage, read> deltas: array<f32>;
@group(2) @binding(2) var<storage, read> inputs: array<f32>;
@group(2) @binding(3) var<storage, read_write> partial_sums: array<f32>; // slice, candidate, weight
{}
// Stores a sum of the tile: place after place of filter after filter, then the biases.
fn store(group: vec3u, number: u32, sum: f32) {{
    const PLACES = TILE_LINES * KERNEL;
    let block = group.x / DEEP;
    let bias = number >= UNITS * PLACES;
    let filter_number = group.x % DEEP * UNITS + select(number / PLACES, number - UNITS * PLACES, bias);
    let line = block % LINE_TILES * TILE_LINES + number % PLACES / KERNEL;
    let place = (block / LINE_TILES * KERNEL + line) * KERNEL + number % KERNEL;
    let inside = select(line < KERNEL, block == 0u && number < UNITS * (PLACES + 1u), bias);
    if filter_number >= FILTERS || !inside {{ return; }}
    let first = (group.y * part.candidates + group.z) * WEIGHTS + filter_number * FILTER;
    partial_sums[first + select(place, FILTER - 1u, bias)] = sum;
}}

// One workgroup per {units} filters, {lines} of their lines, channel, slice of lines and candidate; lanes along rows.
@compute @workgroup_size(LANES)
fn pull_filters(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {{
    let unit = group.x % DEEP * UNITS;
    let channel = group.x / DEEP / LINE_TILES;
    let first_line = group.x / DEEP % LINE_TILES * TILE_LINES;
    let candidate = group.z;
    // Rows past the last one have slopes of 0.
    let rows = select((part.rows + LANES - 1u) / LANES * LANES, 0u, clock.stopped != 0u);
",
            if subgroup {
                String::new()
            } else {
                format!("var<workgroup> lane_sums: array<f32, {}>;", AT_ONCE * tile.lanes)
            },
        );
        let mut sums = Vec::new();
        for u in 0..units {
            for j in 0..lines {
                sums.extend((0..kernel).map(|i| format!("s{u}_{j}_{i}")));
            }
        }
        sums.extend((0..units).filter(|_| self.bias).map(|u| format!("b{u}")));
        for sum in &sums {
            let _ = writeln!(text, "    var {sum} = 0.0;");
        }
        let _ = write!(
            text,
            "    for (var row = lane; row < rows; row += LANES) {{
    for (var y = group.y; y < TO_LINES; y += SLICES) {{
    for (var x = 0u; x < TO_PIXELS; x += {pixels}u) {{
"
        );
        let single = pixels >= self.to.width;
        let exact = self.to.width.is_multiple_of(pixels);
        for u in 0..units {
            let filter = format!("min(unit + {u}u, FILTERS - 1u)");
            let line = format!("candidate * TO_VALUES + ({filter} * TO_LINES + y) * TO_PIXELS");
            for t in 0..pixels {
                let _ = if single || exact || t == 0 {
                    writeln!(text, "        let d{u}_{t} = deltas[({line} + x + {t}u) * PADDED_ROWS + row];")
                } else {
                    let pixel = format!("min(x + {t}u, TO_PIXELS - 1u)");
                    let slope = format!("deltas[({line} + {pixel}) * PADDED_ROWS + row]");
                    writeln!(text, "        let d{u}_{t} = select(0.0, {slope}, x + {t}u < TO_PIXELS);")
                };
                if self.bias {
                    let _ = writeln!(text, "        b{u} += d{u}_{t};");
                }
            }
        }
        for j in 0..lines {
            let _ = write!(
                text,
                "        {{
        let from_line = i32(y * {stride}u + first_line) + {};
        let line = (channel * LINES + u32(clamp(from_line, 0, i32(LINES) - 1))) * PIXELS;
        let meets = u32(from_line) < LINES;
",
                j as i32 - padding as i32
            );
            for c in 0..(pixels - 1) * stride + kernel {
                let at = c as i32 - padding as i32;
                if single && !(0..self.from.width as i32).contains(&at) {
                    let _ = writeln!(text, "        let x{c} = 0.0;");
                    continue;
                }
                let pixel = format!("i32(x * {stride}u) + {at}");
                let place = format!("line + u32(clamp({pixel}, 0, i32(PIXELS) - 1))");
                let value = if rows {
                    format!("inputs[({place}) * COLUMNS + part.row + row]")
                } else {
                    format!("inputs[(candidate * FROM_VALUES + {place}) * PADDED_ROWS + row]")
                };
                let inside = if single { "meets".into() } else { format!("meets && u32({pixel}) < PIXELS") };
                let _ = writeln!(text, "        let x{c} = select(0.0, {value}, {inside});");
            }
            for u in 0..units {
                for i in 0..kernel {
                    for t in 0..pixels {
                        let sum = format!("s{u}_{j}_{i}");
                        let _ = writeln!(text, "        {sum} = fma(d{u}_{t}, x{}, {sum});", t * stride + i);
                    }
                }
            }
            text.push_str("        }\n");
        }
        text.push_str("    }\n    }\n    }\n");
        if subgroup {
            for (number, sum) in sums.iter().enumerate() {
                let _ = writeln!(text, "    let a{number} = subgroupAdd({sum});");
            }
            text.push_str("    if lane == 0u && clock.stopped == 0u {\n");
            for number in 0..sums.len() {
                let _ = writeln!(text, "        store(group, {number}u, a{number});");
            }
            return text + "    }\n}\n";
        }
        for (number, some) in sums.chunks(AT_ONCE as usize).enumerate() {
            for (place, sum) in some.iter().enumerate() {
                let _ = writeln!(text, "    lane_sums[{place}u * LANES + lane] = {sum};");
            }
            let _ = write!(
                text,
                "    workgroupBarrier();
    if lane < {count}u && clock.stopped == 0u {{
        var sum = 0.0;
        for (var other = 0u; other < LANES; other += 1u) {{
            sum += lane_sums[lane * LANES + (lane + other) % LANES];
        }}
        store(group, {first}u + lane, sum);
    }}
    workgroupBarrier();
",
                count = some.len(),
                first = number as u32 * AT_ONCE,
            );
        }
        text + "}\n"
    }
}
