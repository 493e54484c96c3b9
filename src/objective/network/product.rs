//! The matrix products of a population, as text: a thread sums a tile of rows by units of one candidate. Lanes run along
//! rows, so the weight is the operand that all lanes share.

use std::fmt::Write as _;

use super::Layer;
use super::batch::TILE_ROWS;
use crate::gpu::{Dense, Gpu, Tuning};

/// Rows of a thread at most.
const MOST_ROWS: u32 = 16;
/// Inputs that a turn of a product's loop takes.
const AT_ONCE: u32 = 2;

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
    /// Whether a thread with four rows or more takes neighbouring ones, as vectors: on software adapters, whose loads are
    /// loops over lanes, a vector costs little more than a number.
    pub(super) vectors: bool,
}

/// The rows of a thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThreadRows {
    /// Neighbouring rows in a vector: four, or one.
    pub(super) wide: u32,
    /// Vectors.
    pub(super) count: u32,
    /// Rows from one to the next.
    pub(super) apart: u32,
}

impl ThreadRows {
    /// What buffers of values are arrays of.
    pub(super) fn element(self) -> &'static str {
        if self.wide == 4 { "vec4f" } else { "f32" }
    }

    /// The element at this place of a buffer of values, counted in numbers.
    pub(super) fn at(self, place: &str) -> String {
        if self.wide == 4 { format!("({place}) / 4u") } else { place.into() }
    }

    /// As many of a number.
    pub(super) fn splat(self, number: &str) -> String {
        if self.wide == 4 { format!("vec4f({number})") } else { number.into() }
    }

    /// An expression for every row, told how a row's part of a vector is called.
    pub(super) fn each(self, text: impl Fn(&str) -> String) -> String {
        if self.wide == 1 {
            return text("");
        }
        format!("vec4f({})", [".x", ".y", ".z", ".w"].map(text).join(", "))
    }
}

impl Tile {
    /// The shape that suits adapters of this kind; data are laid out for it.
    pub(super) fn new(gpu: &Gpu) -> Self {
        let Dense { lanes, sums, units, broadcast } = Tuning::usual(gpu).dense;
        Self {
            lanes,
            sums,
            units,
            broadcast: gpu.subgroup().filter(|_| broadcast),
            most_rows: MOST_ROWS,
            vectors: gpu.is_software(),
        }
    }

    /// The shape of products of data laid out for this one, as it was measured to be fastest. No workgroup reaches farther
    /// than one of this tile, and every sum stays the same.
    pub(super) fn for_products(self, gpu: &Gpu) -> Self {
        let Dense { lanes, sums, units, broadcast } = gpu.tuning().dense;
        let reach = self.lanes * self.most_rows;
        let lanes = lanes.min(reach);
        let broadcast = self.broadcast.filter(|_| broadcast);
        Self { lanes, sums, units, broadcast, most_rows: (reach / lanes).min(MOST_ROWS), ..self }
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

    /// Rows of a thread beside so many units: a power of two.
    pub(super) fn rows_for(self, units: u32) -> u32 {
        1 << (self.sums / units).clamp(1, self.most_rows).ilog2()
    }

    /// How so many rows of a thread lie.
    pub(super) fn thread_rows(self, rows: u32) -> ThreadRows {
        let wide = if self.vectors && rows.is_multiple_of(4) { 4 } else { 1 };
        ThreadRows { wide, count: rows / wide, apart: self.lanes * wide }
    }
}

/// The operand that all lanes share: `count` neighbouring numbers of `buffer`, an array of vectors, from `base` on, which is a
/// multiple of 4, under these names. By broadcast, lanes past the last of them read what lies behind, which nothing uses.
pub(super) fn shared_operand(
    text: &mut String,
    tile: Tile,
    (buffer, base): (&str, &str),
    count: u32,
    name: &dyn Fn(u32) -> String,
) {
    // By broadcast every lane loads a vector of its own.
    let step = 4 * tile.broadcast.unwrap_or(1);
    for first in (0..count).step_by(step as usize) {
        let vector = format!("of_{}", name(first));
        let own = if tile.broadcast.is_some() { " + near" } else { "" };
        let _ = writeln!(text, "        let {vector} = {buffer}[({base}) / 4u + {}u{own}];", first / 4);
        for k in first..count.min(first + step) {
            let (lane, part) = ((k - first) / 4, ["x", "y", "z", "w"][k as usize % 4]);
            let _ = match tile.broadcast {
                Some(_) => writeln!(text, "        let {} = subgroupBroadcast({vector}.{part}, {lane}u);", name(k)),
                None => writeln!(text, "        let {} = {vector}.{part};", name(k)),
            };
        }
    }
}

/// What is particular to a product.
struct Product<'a> {
    /// Of the kernel.
    name: &'a str,
    /// Numbers that come in, as the constant INPUTS says.
    inputs: u32,
    /// Padded units that come out.
    padded: u32,
    /// Buffers of values beside inputs and outputs, in order.
    beside: &'a [&'a str],
    /// Whether sums begin with the last row of weights, else with 0.
    biased: bool,
    /// Where an input of a row lies, of its number as text, so many rows on.
    input: &'a dyn Fn(&str, u32) -> String,
    /// What is loaded before a sum is written to `place`, so many rows on.
    before: &'a dyn Fn(ThreadRows, u32) -> String,
    /// What is written for the sum of a row, of its name and how the row's part of a vector is called.
    output: &'a dyn Fn(&str, &str) -> String,
}

impl Product<'_> {
    /// The kernel: `rows` by `units` sums a thread, as named accumulators.
    fn text(&self, tile: Tile) -> String {
        let Self { name, padded, .. } = *self;
        let units = tile.units_for(padded);
        let (lanes, all) = (tile.lanes, tile.rows_for(units));
        let rows = tile.thread_rows(all);
        let element = rows.element();
        let mut text = format!(
            "//! import layered_part
@group(2) @binding(1) var<storage, read> staged: array<vec4f>;
@group(2) @binding(2) var<storage, read> inputs: array<{element}>;
@group(2) @binding(3) var<storage, read_write> outputs: array<{element}>;
"
        );
        for (number, buffer) in self.beside.iter().enumerate() {
            let binding = number + 4;
            let _ = writeln!(text, "@group(2) @binding({binding}) var<storage, read> {buffer}: array<{element}>;");
        }
        let _ = write!(
            text,
            "// One thread per {all} rows by {units} units of one candidate.
@compute @workgroup_size({lanes})
fn {name}(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32{}) {{
    let row = group.x * {}u + lane * {}u;
    let unit = group.y * {units}u;
    let candidate = group.z;
",
            if tile.broadcast.is_some() { ", @builtin(subgroup_invocation_id) near: u32" } else { "" },
            lanes * all,
            rows.wide,
        );
        let fetch = |text: &mut String, row: &str, mark: &str| {
            let base = format!("candidate * STAGED + OFFSET + ({row}) * PADDED + unit");
            shared_operand(text, tile, ("staged", &base), units, &|u| format!("w{u}{mark}"));
        };
        for t in 0..rows.count {
            for u in 0..units {
                let _ = writeln!(text, "    var s{t}_{u} = {};", rows.splat("0.0"));
            }
        }
        if self.biased {
            text.push_str("    {\n");
            fetch(&mut text, "INPUTS", "");
            for t in 0..rows.count {
                for u in 0..units {
                    let _ = writeln!(text, "        s{t}_{u} = {};", rows.splat(&format!("w{u}")));
                }
            }
            text.push_str("    }\n");
        }
        // Adds so many inputs from `i` on, in this order: what a turn of the loop costs a sum is shared by them.
        let add = |text: &mut String, count: u32| {
            for k in 0..count {
                for t in 0..rows.count {
                    let place = rows.at(&(self.input)(&format!("(i + {k}u)"), t * rows.apart));
                    let _ = writeln!(text, "        let x{t}_{k} = inputs[{place}];");
                }
                fetch(text, &format!("i + {k}u"), &format!("_{k}"));
            }
            for u in 0..units {
                for t in 0..rows.count {
                    let sum = (0..count).fold(format!("s{t}_{u}"), |sum, k| {
                        format!("fma(x{t}_{k}, {}, {sum})", rows.splat(&format!("w{u}_{k}")))
                    });
                    let _ = writeln!(text, "        s{t}_{u} = {sum};");
                }
            }
        };
        let whole = self.inputs / AT_ONCE * AT_ONCE;
        let _ = writeln!(text, "    for (var i = 0u; i < {whole}u; i += {AT_ONCE}u) {{");
        add(&mut text, AT_ONCE);
        text.push_str("    }\n");
        if whole < self.inputs {
            let _ = writeln!(text, "    {{\n        let i = {whole}u;");
            add(&mut text, self.inputs - whole);
            text.push_str("    }\n");
        }
        for u in 0..units {
            for t in 0..rows.count {
                let on = t * rows.apart;
                let place = rows.at(&format!("(candidate * PADDED + unit + {u}u) * PADDED_ROWS + row + {on}u"));
                let before = (self.before)(rows, on);
                let value = rows.each(|part| (self.output)(&format!("s{t}_{u}{part}"), part));
                let _ = writeln!(text, "    {{ let place = {place}; {before}outputs[place] = {value}; }}");
            }
        }
        text + "}\n"
    }
}

/// Where an input lies that a layer left.
fn of_layer(input: &str, rows: u32) -> String {
    format!("(candidate * PADDED_INPUTS + {input}) * PADDED_ROWS + row + {rows}u")
}

/// The kernel of a layer of data laid out for `tile`, cut as `shape` says. The first reads the rows that all candidates
/// share; `sums` leaves out the activation.
pub(super) fn dense(layer: &Layer, (tile, shape): (Tile, Tile), first: bool, sums: bool) -> String {
    let of_rows = |input: &str, rows: u32| format!("{input} * COLUMNS + part.row + row + {rows}u");
    let product = Product {
        name: "dense",
        inputs: layer.inputs,
        padded: tile.padded(layer.outputs),
        beside: &[],
        biased: true,
        input: if first { &of_rows } else { &of_layer },
        before: &|_, _| String::new(),
        output: &|sum, _| if sums { sum.into() } else { format!("activate({sum})") },
    };
    product.text(shape)
}

/// The kernel that hands a layer's slopes down to what came into it. Where the layer goes by cosines, the length of the
/// features takes its share off.
pub(super) fn back(layer: &Layer, (tile, shape): (Tile, Tile), cosines: bool) -> String {
    let shares = |rows: ThreadRows, on: u32| {
        let share = rows.at(&format!("candidate * PADDED_ROWS + row + {on}u"));
        format!("let feature = features[place]; let share = shrinking[{share}]; ")
    };
    let product = Product {
        name: "back",
        inputs: layer.outputs,
        padded: tile.padded(layer.inputs),
        beside: if cosines { &["values", "features", "shrinking"] } else { &["values"] },
        biased: false,
        input: &of_layer,
        before: &|rows, on| {
            let shares = if cosines { shares(rows, on) } else { String::new() };
            format!("let value = values[place]; {shares}")
        },
        output: &|sum, part| {
            let left = if cosines { format!("({sum} - feature{part} * share{part})") } else { sum.into() };
            format!("{left} * slope(value{part})")
        },
    };
    product.text(shape)
}
