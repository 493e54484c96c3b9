//! Candidates as a mean plus noise. The noise is a pure function of seed, generation, row and column: it is drawn into
//! a window of bounded size when needed and drawn again when needed again, so that memory does not grow with the
//! population.

use std::fmt::Write as _;

use super::points::{ChunkUniform, stride};
use super::{Chunk, Context, Domain, Group, LowRank, Points, Shape, Structure};
use crate::Result;
use crate::gpu::{Bindings, Buffer, Recording, Source, Threads, View, WORKGROUP};

/// Bytes of the window at most.
const WINDOW: u64 = 32 << 20;
/// Columns of the window at most: Mesa's software adapter ends loops after 65,535 iterations, here of four columns each.
const COLUMNS: u64 = 1 << 17;

/// What kind of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    /// Whether candidates come in pairs, centre plus and minus the same noise.
    pub antithetic: bool,
    /// Rank of the noise of a matrix; none for an independent normal in every coordinate.
    pub rank: Option<u32>,
}

/// A population around a centre; the candidate after the last member is the centre itself.
pub struct Perturbed {
    /// The candidates.
    pub points: Points,
    /// The mean, one value a coordinate.
    pub centre: Buffer<f32>,
    /// Standard deviation of the noise, one value a coordinate.
    pub spread: Buffer<f32>,
    /// Members that share a column of noise: 2 when antithetic, else 1.
    pub shared: u32,
    /// The members' parts of each chunk, in order.
    pub windows: Vec<Window>,
    /// Defines `noise_quad(i, quad) -> vec4f` for coordinate i and four neighbouring columns of the window.
    pub quads: Source,
}

/// The noise of a chunk's members.
pub struct Window {
    /// Its first column.
    pub first: u32,
    /// Its columns.
    pub columns: u32,
    /// The noise of the window, bound as `noise`.
    pub noise: View,
    /// First column and columns, bound as `noise_window`.
    pub uniform: View,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct WindowUniform {
    first: u32,
    columns: u32,
}

impl Perturbed {
    /// `shape.members` candidates and the centre; blocks are not told apart.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] when memory runs out.
    pub fn new(context: &Context, shape: Shape, domain: &Domain, noise: Noise, fitness: &Buffer<f32>) -> Result<Self> {
        let gpu = &context.gpu;
        let (dims, members) = (shape.coordinates(), shape.members);
        let shared = if noise.antithetic { 2 } else { 1 };
        let columns = members / shared;
        let layout = Layout::new(domain, dims, noise.rank);
        let budget = WINDOW.min(gpu.binding_limit()) / 4 / u64::from(layout.rows);
        // A column more than there is noise for: the centre, last of the last chunk, looks there and multiplies by 0.
        let most =
            (budget.saturating_sub(16).clamp(4, COLUMNS) as u32).min(context.largest_chunk / shared).max(4) / 4 * 4;
        let per_window = most.min(columns.next_multiple_of(4));
        let window_stride = stride(per_window + 1);
        let buffer = gpu.buffer::<f32>("noise", u64::from(layout.rows) * u64::from(window_stride))?;
        let centre = gpu.buffer::<f32>("centre", dims.into())?;
        let spread = gpu.buffer::<f32>("spread", dims.into())?;
        let draw = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("NOISE_ROWS", layout.rows)
            .constant("NOISE_QUADS", window_stride / 4)
            .piece("noise", include_str!("../../shaders/points/noise.wgsl"))?;
        let draw = gpu.kernel("draw_noise", &draw)?;

        let (mut chunks, mut windows) = (Vec::new(), Vec::new());
        let firsts: Vec<u32> = (0..columns).step_by(per_window as usize).collect();
        for &first in &firsts {
            let count = per_window.min(columns - first);
            let last = first + count == columns;
            let chunk = ChunkUniform { first: first * shared, members: count * shared + u32::from(last) };
            let uniform = gpu.uniform("chunk", &chunk)?;
            let window = gpu.uniform("window", &WindowUniform { first, columns: count })?;
            let bindings = Bindings::new()
                .with("noise", buffer.view())
                .with("centre", centre.view())
                .with("spread", spread.view())
                .with("chunk", uniform.view())
                .with("fitness", fitness.view());
            let mut fill = Recording::new();
            let drawn = bindings.clone().with("noise_window", window.view()).and(&context.clock);
            fill.dispatch(gpu, &draw, &drawn, Threads::Line(layout.rows * count.div_ceil(4)))?;
            windows.push(Window { first, columns: count, noise: buffer.view(), uniform: window.view() });
            chunks.push(Chunk {
                first: chunk.first,
                members: chunk.members,
                positions: buffer.clone(),
                bindings,
                fill,
            });
        }
        let (wall_low, wall_high) = domain.walls();
        let source = Source::new()
            .constant("DIMS", dims)
            .constant("STRIDE", stride(per_window * shared + 1))
            .constant("WORKGROUP", WORKGROUP)
            .constant("CENTRE", members)
            .constant("SHARED", shared)
            .constant_f32("WALL_LOW", wall_low)
            .constant_f32("WALL_HIGH", wall_high)
            .piece("noise_at", &layout.text("noise_at", "f32", window_stride))?
            .piece("perturbed", include_str!("../../shaders/points/perturbed.wgsl"))?;
        let structure = match layout.rank {
            Some(rank) => Structure::LowRank(LowRank { rank, rows: layout.factors.clone(), stride: window_stride }),
            None => Structure::Noisy,
        };
        let points = Points {
            source,
            structure,
            stride: stride(per_window * shared + 1),
            dims,
            candidates: columns * shared + 1,
            chunks,
            fitness: fitness.clone(),
        };
        let quads = Source::new().piece("noise_quad", &layout.text("noise_quad", "vec4f", window_stride / 4))?;
        Ok(Self { points, centre, spread, shared, windows, quads })
    }
}

/// Rows of the noise.
struct Layout {
    rows: u32,
    rank: Option<u32>,
    groups: Vec<Group>,
    factors: Vec<[u32; 3]>,
}

impl Layout {
    fn new(domain: &Domain, dims: u32, rank: Option<u32>) -> Self {
        let Some(rank) = rank.filter(|_| !domain.groups.is_empty()) else {
            return Self { rows: dims, rank: None, groups: Vec::new(), factors: Vec::new() };
        };
        let mut rows = 0;
        let mut factors = Vec::new();
        for group in &domain.groups {
            let inputs = group.width - u32::from(group.bias);
            let right = rows + rank * group.blocks;
            let biases = right + rank * inputs;
            factors.push([rows, right, biases]);
            rows = biases + if group.bias { group.blocks } else { 0 };
        }
        Self { rows, rank: Some(rank), groups: domain.groups.clone(), factors }
    }

    /// `fn name(i, column) -> kind`: the noise of coordinate i, from rows of `stride` columns.
    fn text(&self, name: &str, kind: &str, stride: u32) -> String {
        let mut text = format!("fn {name}(i: u32, column: u32) -> {kind} {{\n");
        let Some(rank) = self.rank else {
            return text + &format!("    return noise[i * {stride}u + column];\n}}\n");
        };
        for (group, [left, right, biases]) in self.groups.iter().zip(&self.factors) {
            let (width, blocks) = (group.width, group.blocks);
            let inputs = width - u32::from(group.bias);
            let end = group.offset + blocks * width;
            let _ = writeln!(text, "    if i < {end}u {{");
            let _ = writeln!(text, "        let unit = (i - {}u) / {width}u;", group.offset);
            let _ = writeln!(text, "        let input = (i - {}u) % {width}u;", group.offset);
            if group.bias {
                let _ = writeln!(
                    text,
                    "        if input == {inputs}u {{ return noise[({biases}u + unit) * {stride}u + column]; }}"
                );
            }
            let product = |r: u32| {
                format!(
                    "noise[({}u + unit) * {stride}u + column] * noise[({}u + input) * {stride}u + column]",
                    left + r * blocks,
                    right + r * inputs
                )
            };
            let sum = (0..rank).map(product).collect::<Vec<_>>().join("\n            + ");
            let _ = writeln!(text, "        return {:?} * ({sum});\n    }}", 1.0 / f64::from(rank).sqrt());
        }
        text + &format!("    return {kind}();\n}}\n")
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn a_window_is_laid_out_as_in_the_shader() {
        let fields = [("first", offset_of!(WindowUniform, first)), ("columns", offset_of!(WindowUniform, columns))];
        same_layout(include_str!("../../shaders/points/noise.wgsl"), "Window", size_of::<WindowUniform>(), &fields);
    }
}
