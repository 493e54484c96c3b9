//! The text of convolutions: a thread sums a tile of neighbouring pixels by filters of one candidate and row. Lanes run
//! along rows, so weights and edges are the same for all lanes.
//!
//! A line of the picture is loaded once for all pixels of the tile and all columns of the filter. On the software adapter
//! a load is a loop over lanes and costs as much as dozens of sums, of a vector little more than of a number: with four
//! rows, 2 pixels, 16 filters and a side of 5 there are 6 + 3 loads and 80 broadcasts for 640 sums.

use std::fmt::Write as _;

use super::pictures::{Size, Window};
use super::product::{ThreadRows, Tile, shared_operand};
use super::stages::{Operation, Stage};
use crate::gpu::Source;

/// Which way a convolution goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From pictures to sums of filters.
    Forward,
    /// From slopes in these sums to slopes in the pictures.
    Back,
}

/// What becomes of a window of a convolution's sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pool {
    Max,
    Average,
}

/// How a convolution is cut into tiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    way: Way,
    kernel: u32,
    stride: u32,
    padding: u32,
    /// Channels, lines and pixels that come in.
    from: [u32; 3],
    /// And out, pooled where they are.
    to: [u32; 3],
    /// Pixels of a line of a thread, before they are pooled.
    pixels: u32,
    /// What is done to windows of the sums, and their side; 1 where they are stored one by one.
    pool: Pool,
    side: u32,
    /// Channels of a thread.
    units: u32,
    /// Rows of a thread.
    rows: ThreadRows,
}

impl Cut {
    /// None where the step is no convolution.
    pub(super) fn new(tile: Tile, stage: &Stage, way: Way) -> Option<Self> {
        Self::pooled(tile, stage, way, None)
    }

    /// The same for a convolution whose sums are pooled at once; none where the second step is not of this kind.
    pub(super) fn with_pool(tile: Tile, stage: &Stage, next: Option<&Stage>) -> Option<Self> {
        let next = next?;
        let (pool, Window { side, stride }) = match next.operation {
            Operation::Max(window) => (Pool::Max, window),
            Operation::Average(window) => (Pool::Average, window),
            _ => return None,
        };
        if side != stride || side > MOST_SIDE {
            return None;
        }
        Self::pooled(tile, stage, Way::Forward, Some((pool, side, next.to)))
    }

    fn pooled(tile: Tile, stage: &Stage, way: Way, pool: Option<(Pool, u32, Size)>) -> Option<Self> {
        let Operation::Convolution { kernel, stride, padding, .. } = stage.operation else { return None };
        let sizes = |size: Size| [size.channels, size.height, size.width];
        let (pool, side, to) = pool.unwrap_or((Pool::Max, 1, stage.to));
        let (from, to) = match way {
            Way::Forward => (sizes(stage.from), sizes(to)),
            Way::Back => (sizes(stage.to), sizes(stage.from)),
        };
        let even = |count: u32, most: u32| count.div_ceil(count.div_ceil(most));
        let software = tile.broadcast.is_some();
        let rows = tile.thread_rows(tile.most_rows.min(4));
        let wide = if software { 16 } else { tile.units };
        let wide = if rows.wide * side > 8 { wide / 2 } else { wide };
        let units = match to[0] {
            few if few <= wide => few,
            even if even.is_multiple_of(wide) => wide,
            _ => 8,
        };
        // Sums that a thread holds, and sums that the text of a line spells out: compilers are slow past that.
        let (held, spelled) = if software { (MOST_HELD, MOST_SPELLED) } else { (tile.sums, MOST_SPELLED / 2) };
        let most = (held / units).min(spelled / units / kernel) / rows.wide;
        let pixels = side * even(to[2], (most / side).max(1));
        // Tiles of the way back begin at the same place of the stride.
        let pixels = if way == Way::Back { pixels.next_multiple_of(stride) } else { pixels };
        Some(Self { way, kernel, stride, padding, from, to, pixels, pool, side, units, rows })
    }

    /// Tiles of a line.
    fn across(&self) -> u32 {
        self.to[2].div_ceil(self.pixels / self.side)
    }

    /// Tiles of the channels.
    fn deep(&self) -> u32 {
        self.to[0].div_ceil(self.units)
    }

    /// Workgroups of a candidate on the rows of one, and these rows.
    pub(super) fn grid(&self, tile: Tile) -> [u32; 2] {
        [self.tiles(), tile.lanes * self.rows.wide]
    }

    /// Workgroups of a candidate on the rows of one.
    pub(super) fn tiles(&self) -> u32 {
        self.across() * self.deep() * self.to[1]
    }

    /// The most iterations of a thread.
    pub(super) fn loops(&self) -> u32 {
        self.side * self.from[0] * self.kernel
    }

    /// Adds the sizes that the text names; weights of this convolution begin at `offset` of `staged`.
    pub(super) fn constants(&self, source: Source, tile: Tile, (staged, offset): (u32, u32)) -> Source {
        source
            .constant("LANES", tile.lanes)
            .constant("STAGED", staged)
            .constant("OFFSET", offset)
            .constant("CHANNELS", self.from[0])
            .constant("LINES", self.from[1])
            .constant("PIXELS", self.from[2])
            .constant("FROM_VALUES", tile.padded(self.from.iter().product()))
            .constant("TO_CHANNELS", self.to[0])
            .constant("TO_LINES", self.to[1])
            .constant("TO_PIXELS", self.to[2])
            .constant("TO_VALUES", tile.padded(self.to.iter().product()))
            .constant("PADDED", tile.padded(self.to[0]))
            .constant("ACROSS", self.across())
            .constant("DEEP", self.deep())
            .constant("KERNEL", self.kernel)
    }

    /// For pixel `t` of the tile and column `k` of the filter: the pixel that comes in, counted from the tile's first.
    fn source(&self, t: u32, k: u32) -> Option<i32> {
        let (t, k, stride) = (t as i32, k as i32, self.stride as i32);
        match self.way {
            Way::Forward => Some(t * stride + k),
            Way::Back => {
                let apart = t + (self.padding % self.stride) as i32 - k;
                (apart.rem_euclid(stride) == 0).then_some(apart.div_euclid(stride))
            }
        }
    }

    /// The first line of the filter that meets the picture, the first past these, the step, and the line that comes in.
    fn lines(&self) -> [String; 4] {
        let Self { kernel, stride, padding, .. } = self;
        match self.way {
            Way::Forward => [
                format!("u32(max({padding} - i32(y * {stride}u), 0))"),
                format!("u32(clamp(i32(LINES) + {padding} - i32(y * {stride}u), 0, {kernel}))"),
                "1u".into(),
                format!("y * {stride}u + k - {padding}u"),
            ],
            Way::Back => [
                format!(
                    "u32(max(i32((y + {padding}u) % {stride}u), i32(y + {padding}u) - i32((LINES - 1u) * {stride}u)))"
                ),
                format!("min({kernel}u, y + {padding}u + 1u)"),
                format!("{stride}u"),
                format!("(y + {padding}u - k) / {stride}u"),
            ],
        }
    }

    /// The kernel. `shared`: it reads the rows that all candidates share. Before a sum is stored at `place`, or pooled where
    /// they are, `before` is done; `written` says what is stored or pooled for a row, of the name of its sum and of its part
    /// of a vector.
    pub(super) fn text(
        &self,
        tile: Tile,
        shared: bool,
        (values, before): (bool, &str),
        written: &dyn Fn(&str, &str) -> String,
    ) -> String {
        let Self { way, units, pixels, kernel, side, rows, .. } = *self;
        let fetched = tile.padded(units);
        let element = rows.element();
        let mut text = format!(
            "//! import layered_part
@group(2) @binding(1) var<storage, read> staged: array<vec4f>;
@group(2) @binding(2) var<storage, read> inputs: array<{element}>;
@group(2) @binding(3) var<storage, read_write> outputs: array<{element}>;
{}// One thread per {} rows, {pixels} pixels of a line and {units} channels of one candidate.
@compute @workgroup_size(LANES)
fn {}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32{}) {{
    let row = group.x * {}u + lane * {}u;
    let unit = group.y % DEEP * {units}u;
    let x = group.y / DEEP % ACROSS * {pixels}u;
    let window = group.y / DEEP / ACROSS;
    let candidate = group.z;
",
            if values {
                format!("@group(2) @binding(4) var<storage, read> values: array<{element}>;\n")
            } else {
                String::new()
            },
            rows.wide,
            if way == Way::Forward { "convolve" } else { "hand_down" },
            if tile.broadcast.is_some() { ", @builtin(subgroup_invocation_id) near: u32" } else { "" },
            tile.lanes * rows.wide,
            rows.wide,
        );
        let first = rows.splat(if self.pool == Pool::Max { "-3.4e38" } else { "0.0" });
        for t in (0..pixels / side).filter(|_| side > 1) {
            for u in 0..units {
                let _ = writeln!(text, "    var pooled{t}_{u} = {first};");
            }
        }
        let _ = writeln!(text, "    for (var y = window * {side}u; y < (window + 1u) * {side}u; y += 1u) {{");
        for t in 0..pixels {
            for u in 0..units {
                let _ = writeln!(text, "    var s{t}_{u} = {};", rows.splat("0.0"));
            }
        }
        if way == Way::Forward {
            text.push_str("    {\n");
            let base = "candidate * STAGED + OFFSET + CHANNELS * KERNEL * KERNEL * PADDED + unit";
            shared_operand(&mut text, tile, ("staged", base), fetched, &|u| format!("w{u}"));
            for t in 0..pixels {
                for u in 0..units {
                    let _ = writeln!(text, "        s{t}_{u} = {};", rows.splat(&format!("w{u}")));
                }
            }
            text.push_str("    }\n");
        }
        let [first, past, step, line] = self.lines();
        let _ = write!(
            text,
            "    let first = {first};
    let past = {past};
    for (var c = 0u; c < CHANNELS; c += 1u) {{
    for (var k = first; k < past; k += {step}) {{
        let line = (c * LINES + {line}) * PIXELS;
",
        );
        self.load_line(&mut text, shared);
        // All columns of a sum one after the other, so that it stays in a register meanwhile.
        let base = |k: u32| format!("candidate * STAGED + OFFSET + ((c * KERNEL + k) * KERNEL + {k}u) * PADDED + unit");
        if self.deep() == 1 {
            // A line of filters is in one piece.
            let name = |k: u32| format!("w{}_{}", k % fetched, k / fetched);
            shared_operand(&mut text, tile, ("staged", &base(0)), kernel * fetched, &name);
        } else {
            for k in 0..kernel {
                shared_operand(&mut text, tile, ("staged", &base(k)), fetched, &|u| format!("w{u}_{k}"));
            }
        }
        for t in 0..pixels {
            for u in 0..units {
                let columns = (0..kernel).filter_map(|k| Some((k, self.source(t, k)?)));
                let sum = columns.fold(format!("s{t}_{u}"), |sum, (k, at)| {
                    format!("fma({}, {}, {sum})", named(at), rows.splat(&format!("w{u}_{k}")))
                });
                let _ = writeln!(text, "        s{t}_{u} = {sum};");
            }
        }
        text.push_str("    }\n    }\n");
        if side == 1 {
            let value = |sum: &str| rows.each(|part| written(&format!("{sum}{part}"), part));
            self.store(&mut text, "s", before, &value);
            return text + "    }\n}\n";
        }
        for t in 0..pixels {
            for u in 0..units {
                let sum = rows.each(|part| written(&format!("s{t}_{u}{part}"), part));
                let pooled = format!("pooled{}_{u}", t / side);
                let _ = match self.pool {
                    Pool::Max => writeln!(text, "    {pooled} = max({pooled}, {sum});"),
                    Pool::Average => writeln!(text, "    {pooled} += {sum};"),
                };
            }
        }
        text.push_str("    }\n");
        self.store(&mut text, "pooled", "", &|sum| match self.pool {
            Pool::Max => sum.into(),
            Pool::Average => format!("{sum} / {}.0", side * side),
        });
        text + "}\n"
    }

    /// Stores what is there.
    fn store(&self, text: &mut String, name: &str, before: &str, value: &dyn Fn(&str) -> String) {
        let Self { units, pixels, side, .. } = *self;
        let (cut_x, cut_u) = (!self.to[2].is_multiple_of(pixels / side), !self.to[0].is_multiple_of(units));
        for t in 0..pixels / side {
            for u in 0..units {
                let line = format!("candidate * TO_VALUES + ((unit + {u}u) * TO_LINES + window) * TO_PIXELS");
                let place = self.rows.at(&format!("({line} + x / {side}u + {t}u) * PADDED_ROWS + row"));
                let value = value(&format!("{name}{t}_{u}"));
                let mut inside = Vec::new();
                if cut_x && t > 0 {
                    inside.push(format!("x / {side}u + {t}u < TO_PIXELS"));
                }
                if cut_u && u > 0 {
                    inside.push(format!("unit + {u}u < TO_CHANNELS"));
                }
                let inside = if inside.is_empty() { String::new() } else { format!("if {} ", inside.join(" && ")) };
                let _ = writeln!(text, "    {inside}{{ let place = {place}; {before}outputs[place] = {value}; }}");
            }
        }
    }

    /// Loads what the tile sees of a line; 0 beyond its ends.
    fn load_line(&self, text: &mut String, shared: bool) {
        let all = (0..self.pixels).flat_map(|t| (0..self.kernel).filter_map(move |k| self.source(t, k)));
        let (low, high) = all.fold((i32::MAX, i32::MIN), |(low, high), at| (low.min(at), high.max(at)));
        let origin = match self.way {
            Way::Forward => format!("i32(x * {}u) - {}", self.stride, self.padding),
            Way::Back => format!("i32((x + {}u) / {}u)", self.padding, self.stride),
        };
        let single = self.across() == 1;
        let first = if self.way == Way::Forward { -(self.padding as i32) } else { (self.padding / self.stride) as i32 };
        // The last tile reaches farthest.
        let past = match self.way {
            Way::Forward => first + ((self.across() - 1) * self.pixels * self.stride) as i32 + high,
            Way::Back => (((self.across() - 1) * self.pixels + self.padding) / self.stride) as i32 + high,
        };
        let safe = first + low >= 0 && past < self.from[2] as i32;
        let place = |pixel: &str| {
            let place = if shared {
                format!("(line + {pixel}) * COLUMNS + part.row + row")
            } else {
                format!("(candidate * FROM_VALUES + line + {pixel}) * PADDED_ROWS + row")
            };
            format!("inputs[{}]", self.rows.at(&place))
        };
        let none = self.rows.splat("0.0");
        let _ = writeln!(text, "        let origin = {origin};");
        for at in low..=high {
            let name = named(at);
            let _ = if single && !(0..self.from[2] as i32).contains(&(first + at)) {
                writeln!(text, "        let {name} = {none};")
            } else if single || safe {
                writeln!(text, "        let {name} = {};", place(&format!("u32(origin + {at})")))
            } else {
                let inside = format!("u32(origin + {at}) < PIXELS");
                let pixel = format!("u32(clamp(origin + {at}, 0, i32(PIXELS) - 1))");
                writeln!(text, "        let {name} = select({none}, {}, {inside});", place(&pixel))
            };
        }
    }
}

/// Side of windows that are pooled at once, at most.
const MOST_SIDE: u32 = 4;
/// Sums that a thread holds at most where loads are dear: they need not all fit into registers.
const MOST_HELD: u32 = 176;
/// Sums that the text of one line of a filter spells out at most.
const MOST_SPELLED: u32 = 880;

fn named(at: i32) -> String {
    if at < 0 { format!("below{}", -at) } else { format!("x{at}") }
}
