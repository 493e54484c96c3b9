//! Where optimizer and objective meet: the population's shape, its buffers, and the traits that both sides see.

use crate::gpu::{Bindings, Buffer, Gpu, Recording, Source, View, WORKGROUP};
use crate::{Error, Result};

/// Largest finite `f32`: a fitness that was never measured or was not finite. Same value as in `finite.wgsl`.
pub const WORST: f32 = f32::MAX;

/// How many candidates there are and what each is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Independent swarms, each over its own coordinates (1 for whole-vector search).
    pub blocks: u32,
    /// Candidates in each block.
    pub members: u32,
    /// Coordinates of each block.
    pub width: u32,
}

impl Shape {
    /// Coordinates of all blocks together.
    pub fn coordinates(&self) -> u32 {
        self.blocks * self.width
    }

    /// Members rounded up to whole quads, the unit of the elementwise kernels.
    pub fn padded(&self) -> u32 {
        self.members.next_multiple_of(4)
    }
}

/// Where the search takes place; the same interval for every coordinate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Domain {
    /// Lower end of the starting box.
    pub low: f32,
    /// Upper end of the starting box.
    pub high: f32,
    /// How first positions are drawn.
    pub start: Start,
    /// Whether positions are kept within the box.
    pub bounded: bool,
    /// The largest step per coordinate and generation that suits the objective, if it has an opinion: optimizers with
    /// a velocity take it as their default `vmax`.
    pub step: Option<f32>,
}

/// How first positions are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Uniformly in the box.
    Uniform,
    /// Standard normal, whatever the box.
    Normal,
}

impl Domain {
    /// A box whose walls hold, filled uniformly at the start.
    pub fn boxed(low: f32, high: f32) -> Self {
        Self { low, high, start: Start::Uniform, bounded: true, step: None }
    }

    /// The interval positions are clamped to.
    pub fn walls(&self) -> (f32, f32) {
        if self.bounded { (self.low, self.high) } else { (-WORST, WORST) }
    }
}

/// What everything bound to one run shares.
#[derive(Clone)]
pub struct Context {
    /// The open device.
    pub gpu: Gpu,
    /// `clock`, bound by every kernel that draws random numbers or depends on the generation.
    pub clock: Bindings,
    /// Candidates that one buffer may hold at most; the binding limit may allow fewer.
    pub largest_chunk: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct ChunkUniform {
    first: u32,
    members: u32,
}

/// The candidates that one position buffer holds.
#[derive(Clone)]
pub struct Chunk {
    /// The candidate in column 0.
    pub first: u32,
    /// Candidates in this chunk.
    pub members: u32,
    /// Row i, column c: coordinate i of candidate `first + c`.
    pub positions: Buffer<f32>,
    /// `positions` and `chunk`.
    pub bindings: Bindings,
}

/// Candidates to be scored, and where their fitness goes.
#[derive(Clone)]
pub struct Points {
    /// Defines `fn at(candidate: u32, i: u32) -> f32` over the chunk's bindings.
    pub source: Source,
    /// Columns of a position buffer; the same in all chunks.
    pub stride: u32,
    /// Coordinates of a candidate.
    pub dims: u32,
    /// Candidates altogether.
    pub candidates: u32,
    /// Their buffers, in order.
    pub chunks: Vec<Chunk>,
    /// One value a candidate, padded to whole quads with [`WORST`].
    pub fitness: Buffer<f32>,
}

impl Points {
    /// The members of `shape` in as many chunks as the limits ask for; their fitness goes to `fitness`.
    ///
    /// # Errors
    /// [`Error::Limit`] when even four candidates do not fit into one binding, or memory runs out.
    pub fn direct(context: &Context, label: &str, shape: Shape, fitness: &Buffer<f32>) -> Result<Self> {
        let gpu = &context.gpu;
        let (dims, candidates) = (shape.coordinates(), shape.members);
        let per_chunk = chunk_size(gpu, dims, candidates)?.min((context.largest_chunk / 4 * 4).max(4));
        let stride = stride(per_chunk.min(shape.padded()));
        let mut chunks = Vec::new();
        for first in (0..candidates).step_by(per_chunk as usize) {
            let members = per_chunk.min(candidates - first);
            let positions = gpu.buffer(label, u64::from(dims) * u64::from(stride))?;
            let uniform = gpu.uniform("chunk", &ChunkUniform { first, members })?;
            let bindings = Bindings::new()
                .with("positions", positions.view())
                .with("chunk", uniform.view())
                .with("fitness", fitness.view());
            chunks.push(Chunk { first, members, positions, bindings });
        }
        let source = Source::new()
            .constant("DIMS", dims)
            .constant("STRIDE", stride)
            .constant("WORKGROUP", WORKGROUP)
            .piece("direct", include_str!("../shaders/points/direct.wgsl"))?;
        Ok(Self { source, stride, dims, candidates, chunks, fitness: fitness.clone() })
    }

    /// Constants that the elementwise kernels over these points need.
    pub fn constants(&self, shape: Shape) -> Source {
        Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("STRIDE", self.stride)
            .constant("QUADS", self.stride / 4)
            .constant("COORDINATES", shape.coordinates())
            .constant("WIDTH", shape.width)
            .constant("BLOCKS", shape.blocks)
            .constant("MEMBERS", shape.members)
            .constant("MEMBER_QUADS", shape.padded() / 4)
    }

    /// The coordinates of every candidate, one after the other, as the host reads them.
    ///
    /// # Errors
    /// [`Error::Device`] when the device fails.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn read(&self, gpu: &Gpu) -> Result<Vec<f32>> {
        let (dims, stride) = (self.dims as usize, self.stride as usize);
        let mut all = Vec::with_capacity(dims * self.candidates as usize);
        for chunk in &self.chunks {
            let rows: Vec<f32> = gpu.read(&chunk.positions.view())?;
            for member in 0..chunk.members as usize {
                all.extend((0..dims).map(|i| rows[i * stride + member]));
            }
        }
        Ok(all)
    }

    /// A fitness buffer for `shape`, filled with [`WORST`].
    ///
    /// # Errors
    /// [`Error::Limit`] when memory runs out.
    pub fn fitness_buffer(gpu: &Gpu, label: &str, shape: Shape) -> Result<Buffer<f32>> {
        gpu.upload(label, &vec![WORST; (shape.blocks * shape.padded()) as usize])
    }

    /// The position buffers under numbered names, for a checkpoint.
    pub fn state(&self, name: &str) -> Vec<(String, View)> {
        self.chunks.iter().enumerate().map(|(i, chunk)| (format!("{name}.{i}"), chunk.positions.view())).collect()
    }
}

/// Columns for `members` candidates: whole quads, and never a multiple of 4 KiB, where the rows of a column would fall
/// into the same few cache sets.
fn stride(members: u32) -> u32 {
    let quads = members.next_multiple_of(4);
    if quads >= 1024 && quads.is_multiple_of(1024) { quads + 16 } else { quads }
}

/// Candidates of `dims` coordinates that one binding carries, at most `wanted`.
fn chunk_size(gpu: &Gpu, dims: u32, wanted: u32) -> Result<u32> {
    let columns = gpu.binding_limit() / 4 / u64::from(dims.max(1));
    if columns < 4 {
        return Err(Error::Limit {
            what: format!("a candidate of {dims} coordinates"),
            needed: crate::gpu::bytes(u64::from(dims) * 16),
            allowed: crate::gpu::bytes(gpu.binding_limit()),
            remedy: "use a smaller model or another --device".into(),
        });
    }
    // Thread and element numbers are 32-bit in the kernels.
    let usable = columns.saturating_sub(16).max(4).min(u64::from(u32::MAX / 2 / dims.max(1)).max(4)) as u32;
    // A row of workgroups is 65,535 long.
    Ok(usable.min(wanted.next_multiple_of(4)).min(65_535 * WORKGROUP) / 4 * 4)
}

/// What is optimized: a description; [`Objective::bind`] gives it buffers.
pub trait Objective {
    /// Number of coordinates.
    fn dims(&self) -> u32;
    /// Where to search.
    fn domain(&self) -> Domain;
    /// Compiles the kernels and uploads what they read.
    ///
    /// # Errors
    /// Whatever keeps the objective from running on this device.
    fn bind(&self, context: &Context) -> Result<Box<dyn Evaluation>>;
}

/// Scores one candidate on the host.
pub type HostCall<'a> = &'a mut dyn FnMut(&[f32]) -> f32;

/// A bound objective.
pub trait Evaluation {
    /// Records what is to be done once a generation before any scoring (drawing a batch).
    ///
    /// # Errors
    /// [`Error::Device`] when a kernel lacks a buffer.
    fn prepare(&mut self, recording: &mut Recording) -> Result<()> {
        let _ = recording;
        Ok(())
    }

    /// Records "score every candidate": writes one finite fitness for each.
    ///
    /// # Errors
    /// Whatever keeps these points from being scored on this device.
    fn score(&mut self, points: &Points, recording: &mut Recording) -> Result<()>;

    /// Whether a fitness holds only for the generation it was measured in (mini-batches): remembered positions are
    /// then scored again every generation.
    fn changes(&self) -> bool {
        false
    }

    /// A closure that scores one candidate on the host, in place of [`Evaluation::score`].
    fn on_host(&mut self) -> Option<HostCall<'_>> {
        None
    }
}

/// How positions move: a description; [`Optimizer::bind`] gives it buffers.
pub trait Optimizer: std::fmt::Debug {
    /// The name on the command line.
    fn name(&self) -> &'static str;
    /// All settings with their values.
    fn settings(&self) -> serde_json::Value;
    /// Arrays of the population's size that it keeps: the memory it takes.
    fn arrays(&self) -> u32;
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the setting, its value and what is allowed.
    fn check(&self) -> Result<()>;
    /// Allocates the population and compiles the kernels.
    ///
    /// # Errors
    /// Whatever keeps a population of this shape from running on this device.
    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>>;
}

/// A bound optimizer. A generation is `ask`, scoring, `tell`.
pub trait Step {
    /// The candidates to score.
    fn points(&self) -> &Points;
    /// Positions whose fitness is carried from generation to generation.
    fn remembered(&self) -> &Points;
    /// The best position so far, one value a coordinate.
    fn best(&self) -> &Buffer<f32>;
    /// Its fitness, one value a block.
    fn best_fitness(&self) -> &Buffer<f32>;
    /// Draws the first positions.
    fn start(&self) -> &Recording;
    /// Moves to new positions; in generation 0 it leaves the first ones.
    fn ask(&self) -> &Recording;
    /// Draws the conclusions from the fitness of all candidates.
    fn tell(&self) -> &Recording;
    /// Everything a checkpoint must hold, under stable names.
    fn state(&self) -> Vec<(String, View)>;
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn a_chunk_is_laid_out_as_in_the_shader() {
        let fields = [("first", offset_of!(ChunkUniform, first)), ("members", offset_of!(ChunkUniform, members))];
        same_layout(include_str!("../shaders/lib/chunk.wgsl"), "Chunk", size_of::<ChunkUniform>(), &fields);
    }

    #[test]
    fn columns_are_whole_quads_off_the_page_size() {
        for members in [1, 2, 30, 64, 1000, 1024, 16_384, 65_536] {
            let columns = stride(members);
            assert!(
                columns >= members && columns.is_multiple_of(4) && !columns.is_multiple_of(1024),
                "{members}: {columns}"
            );
        }
    }
}
