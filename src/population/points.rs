//! Candidates as objectives see them: a WGSL function `at(candidate, i)` over some buffers, and the structure behind it.

use super::{Context, Group, Shape, WORST};
use crate::gpu::{Bindings, Buffer, Gpu, Recording, Source, Threads, View, WORKGROUP};
use crate::{Error, Result};

/// Bytes of the columns that chunks share, at most.
const COLUMNS: u64 = 128 << 20;

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct ChunkUniform {
    pub(super) first: u32,
    pub(super) members: u32,
}

/// The candidates that one position buffer holds.
#[derive(Clone)]
pub struct Chunk {
    /// The candidate in column 0.
    pub first: u32,
    /// Candidates in this chunk.
    pub members: u32,
    /// Row i, column c: coordinate i of candidate `first + c`; noise, where candidates are a mean plus noise.
    pub positions: Buffer<f32>,
    /// What `at` reads, and `chunk`, and `fitness`.
    pub bindings: Bindings,
    /// Brings the candidates into the buffer, where several chunks share one; to be recorded before a chunk is read.
    pub fill: Recording,
}

/// Columns of bounded size in which candidates are written out before they are read; as many chunks as need be share
/// them.
#[derive(Clone)]
pub struct Columns {
    /// Coordinates of a candidate.
    pub dims: u32,
    /// Columns, padded.
    pub stride: u32,
    width: u32,
    buffer: Buffer<f32>,
}

impl Columns {
    /// Columns for up to `candidates` candidates of `dims` coordinates, a multiple of `together` of them.
    ///
    /// # Errors
    /// [`Error::Limit`] when so many do not fit into one binding, or memory runs out.
    pub fn new(context: &Context, dims: u32, candidates: u32, together: u32) -> Result<Self> {
        let bytes = COLUMNS.min(context.gpu.binding_limit());
        let usable = (bytes / 4 / u64::from(dims.max(1))).saturating_sub(16).min(1 << 20) as u32;
        let wanted = candidates.next_multiple_of(together).min(context.largest_chunk);
        let width = (usable.min(wanted) / together).max(1) * together;
        let stride = stride(width);
        let buffer = context.gpu.buffer::<f32>("lifted", u64::from(dims) * u64::from(stride))?;
        Ok(Self { dims, stride, width, buffer })
    }
}

/// What an objective may know of its candidates beyond [`Points::source`], to score them faster.
#[derive(Clone)]
pub enum Structure {
    /// Nothing: coordinates lie in memory.
    Free,
    /// A mean plus independent noise.
    Noisy,
    /// A mean plus noise of low rank.
    LowRank(LowRank),
    /// A vector of which some blocks are searched, each by members of its own.
    Blocks(Blocks),
}

/// Candidate `slot padded + m` is the context with one block replaced: block `chosen[slot]` of the group by member m.
#[derive(Clone, Copy)]
pub struct Blocks {
    /// Blocks of equal width, one of which a candidate replaces.
    pub group: Group,
    /// Blocks that are searched now.
    pub slots: u32,
    /// Members of each.
    pub members: u32,
    /// Members padded to whole quads.
    pub padded: u32,
    /// Columns of the members' positions: row `slot width + i`, column m is coordinate i of member m.
    pub columns: u32,
}

/// Candidate c is `centre + sign(c) spread noise(c)`. The noise of a group's matrix is a product of two thin ones, that
/// of its biases is their own.
#[derive(Clone)]
pub struct LowRank {
    /// Columns of the thin matrices.
    pub rank: u32,
    /// For each group of the domain, the first row of its left factors, its right factors and its biases in the noise.
    /// Factor r of unit o is row `left + r blocks + o`, of input k row `right + r inputs + k`.
    pub rows: Vec<[u32; 3]>,
    /// Columns of the noise; candidates 2p and 2p + 1 share column p.
    pub stride: u32,
}

/// Candidates to be scored, and where their fitness goes.
#[derive(Clone)]
pub struct Points {
    /// Defines `fn at(candidate: u32, i: u32) -> f32` over the chunk's bindings.
    pub source: Source,
    /// What is behind it.
    pub structure: Structure,
    /// Candidates of a chunk, padded; the same in all chunks.
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
            chunks.push(Chunk { first, members, positions, bindings, fill: Recording::new() });
        }
        let source = direct(dims, stride)?;
        Ok(Self { source, structure: Structure::Free, stride, dims, candidates, chunks, fitness: fitness.clone() })
    }

    /// The same; but a population of one lies in a single column where four would not fit into a binding. Kernels that go
    /// by quads of candidates do not take that.
    ///
    /// # Errors
    /// As [`Points::direct`].
    pub fn unpadded(context: &Context, label: &str, shape: Shape, fitness: &Buffer<f32>) -> Result<Self> {
        let (gpu, dims) = (&context.gpu, shape.coordinates());
        if shape.members > 1 || u64::from(dims) * 16 <= gpu.binding_limit() {
            return Self::direct(context, label, shape, fitness);
        }
        let positions = gpu.buffer(label, dims.into())?;
        let uniform = gpu.uniform("chunk", &ChunkUniform { first: 0, members: 1 })?;
        let bindings = Bindings::new()
            .with("positions", positions.view())
            .with("chunk", uniform.view())
            .with("fitness", fitness.view());
        let chunks = vec![Chunk { first: 0, members: 1, positions, bindings, fill: Recording::new() }];
        let (source, structure) = (direct(dims, 1)?, Structure::Free);
        Ok(Self { source, structure, stride: 1, dims, candidates: 1, chunks, fitness: fitness.clone() })
    }

    /// A population of one, at this position.
    ///
    /// # Errors
    /// [`Error::Setting`] when the position has not `dims` coordinates; [`Error::Limit`] when memory runs out.
    pub fn alone(context: &Context, position: &[f32], dims: u32) -> Result<Self> {
        if position.len() != dims as usize {
            return Err(Error::setting(
                "position",
                format!("{} values", position.len()),
                format!("{dims} coordinates"),
            ));
        }
        let shape = Shape { blocks: 1, members: 1, width: dims };
        let fitness = Self::fitness_buffer(&context.gpu, "fitness", shape)?;
        let points = Self::unpadded(context, "position", shape, &fitness)?;
        points.place(context, position);
        Ok(points)
    }

    /// Brings a population of one to this position.
    pub(crate) fn place(&self, context: &Context, position: &[f32]) {
        let stride = self.stride as usize;
        let mut columns = vec![0.0f32; position.len() * stride];
        for (i, value) in position.iter().enumerate() {
            columns[i * stride] = *value;
        }
        context.gpu.write(&self.chunks[0].positions.view(), &columns);
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
    pub fn read(&self, context: &Context) -> Result<Vec<f32>> {
        pollster::block_on(self.read_async(context))
    }

    /// [`Points::read`] for callers that may not block.
    ///
    /// # Errors
    /// As [`Points::read`].
    pub async fn read_async(&self, context: &Context) -> Result<Vec<f32>> {
        let gpu = &context.gpu;
        let source = self.source.clone().piece("spell", include_str!("../../shaders/points/spell.wgsl"))?;
        let kernel = gpu.kernel("spell", &source)?;
        let mut all = Vec::with_capacity(self.dims as usize * self.candidates as usize);
        for chunk in &self.chunks {
            let spelt = gpu.buffer::<f32>("coordinates", u64::from(self.dims) * u64::from(chunk.members))?;
            let bindings = chunk.bindings.clone().and(&context.clock).with("spelt", spelt.view());
            let mut recording = chunk.fill.clone();
            recording.dispatch(gpu, &kernel, &bindings, Threads::Line(self.dims * chunk.members))?;
            all.extend(gpu.run_async(&recording, &[spelt.view()]).await?.values::<f32>(0));
        }
        Ok(all)
    }

    /// The same candidates, written out as columns before a chunk is read. Chunks share the columns.
    ///
    /// # Errors
    /// [`Error::Limit`] when memory runs out.
    pub fn lifted(&self, context: &Context) -> Result<Self> {
        let gpu = &context.gpu;
        let positions = gpu.buffer::<f32>("lifted", u64::from(self.dims) * u64::from(self.stride))?;
        let source = self.source.clone().piece("lift", include_str!("../../shaders/points/lift.wgsl"))?;
        let kernel = gpu.kernel("lift", &source)?;
        let mut chunks = Vec::new();
        for chunk in &self.chunks {
            let bindings = chunk.bindings.clone().and(&context.clock).with("lifted", positions.view());
            let mut fill = chunk.fill.clone();
            fill.dispatch(gpu, &kernel, &bindings, Threads::Line(self.dims * self.stride))?;
            let bindings = chunk.bindings.clone().with("positions", positions.view());
            chunks.push(Chunk { positions: positions.clone(), bindings, fill, ..chunk.clone() });
        }
        let source = direct(self.dims, self.stride)?;
        Ok(Self { source, structure: Structure::Free, chunks, ..self.clone() })
    }

    /// A single candidate: the vector itself.
    ///
    /// # Errors
    /// [`Error::Limit`] when memory runs out.
    pub fn vector(gpu: &Gpu, vector: &Buffer<f32>, dims: u32, fitness: &Buffer<f32>) -> Result<Self> {
        let uniform = gpu.uniform("chunk", &ChunkUniform { first: 0, members: 1 })?;
        let bindings = Bindings::new()
            .with("context", vector.view())
            .with("chunk", uniform.view())
            .with("fitness", fitness.view());
        let fill = Recording::new();
        let chunk = Chunk { first: 0, members: 1, positions: vector.clone(), bindings, fill };
        let source = Source::new()
            .constant("DIMS", dims)
            .constant("STRIDE", 4)
            .constant("WORKGROUP", WORKGROUP)
            .piece("vector", include_str!("../../shaders/points/vector.wgsl"))?;
        let (structure, fitness) = (Structure::Free, fitness.clone());
        Ok(Self { source, structure, stride: 4, dims, candidates: 1, chunks: vec![chunk], fitness })
    }

    /// These candidates, whose fitness goes to a buffer of its own, and one more after the last: the first column of a
    /// chunk of its own.
    ///
    /// # Errors
    /// [`Error::Limit`] when memory runs out.
    pub fn and_one(&self, context: &Context, label: &str) -> Result<Self> {
        let gpu = &context.gpu;
        let candidates = self.candidates + 1;
        let fitness = Self::fitness_buffer(gpu, "fitness", Shape { blocks: 1, members: candidates, width: self.dims })?;
        let positions = gpu.buffer(label, u64::from(self.dims) * u64::from(self.stride))?;
        let uniform = gpu.uniform("chunk", &ChunkUniform { first: self.candidates, members: 1 })?;
        let bindings =
            self.chunks[0].bindings.clone().with("positions", positions.view()).with("chunk", uniform.view());
        let one = Chunk { first: self.candidates, members: 1, positions, bindings, fill: Recording::new() };
        let all = self.chunks.iter().cloned().chain(std::iter::once(one));
        let told = |chunk: Chunk| Chunk { bindings: chunk.bindings.clone().with("fitness", fitness.view()), ..chunk };
        Ok(Self { chunks: all.map(told).collect(), candidates, fitness: fitness.clone(), ..self.clone() })
    }

    /// Members of blocks of `group`, each block in the place of the context's: those of a population of `slots` blocks.
    ///
    /// # Errors
    /// [`Error::Limit`] when they do not fit one buffer.
    pub fn blocks(
        gpu: &Gpu,
        members: &Self,
        group: Group,
        slots: u32,
        (context, chosen, dims): (&View, &View, u32),
    ) -> Result<Self> {
        let [arena] = &members.chunks[..] else {
            return Err(Error::Limit {
                what: format!("{} members of {} coordinates each", members.candidates, slots * group.width),
                needed: "several buffers".into(),
                allowed: "one".into(),
                remedy: "use a smaller --population".into(),
            });
        };
        let padded = members.candidates.next_multiple_of(4);
        let blocks = Blocks { group, slots, members: members.candidates, padded, columns: members.stride };
        let candidates = slots * padded;
        let uniform = gpu.uniform("chunk", &ChunkUniform { first: 0, members: candidates })?;
        let bindings = arena
            .bindings
            .clone()
            .with("chunk", uniform.view())
            .with("context", context.clone())
            .with("chosen", chosen.clone());
        let chunk = Chunk { first: 0, members: candidates, bindings, ..arena.clone() };
        let source = Source::new()
            .constant("DIMS", dims)
            .constant("STRIDE", stride(candidates))
            .constant("WORKGROUP", WORKGROUP)
            .constant("PADDED_MEMBERS", padded)
            .constant("COLUMNS_OF_MEMBERS", members.stride)
            .constant("BLOCK_WIDTH", group.width)
            .constant("GROUP_OFFSET", group.offset)
            .piece("blocks", include_str!("../../shaders/points/blocks.wgsl"))?;
        let stride = stride(candidates);
        let (structure, fitness) = (Structure::Blocks(blocks), members.fitness.clone());
        Ok(Self { source, structure, stride, dims, candidates, chunks: vec![chunk], fitness })
    }

    /// The same candidates in other coordinates, those of `columns`. `write` records what brings a part of a chunk
    /// there: from the bindings, which are the chunk's, `lifted` and `tile` (its first column, its columns), and the
    /// number of columns.
    ///
    /// # Errors
    /// Those of `write`, and [`Error::Limit`] when memory runs out.
    pub fn written(
        &self,
        gpu: &Gpu,
        columns: &Columns,
        mut write: impl FnMut(Bindings, u32, &mut Recording) -> Result<()>,
    ) -> Result<Self> {
        let mut chunks = Vec::new();
        for chunk in &self.chunks {
            for column in (0..chunk.members).step_by(columns.width as usize) {
                let members = columns.width.min(chunk.members - column);
                let tile = gpu.uniform("tile", &ChunkUniform { first: column, members })?;
                let mut fill = chunk.fill.clone();
                let lifted = columns.buffer.view();
                let from = chunk.bindings.clone().with("lifted", lifted.clone()).with("tile", tile.view());
                write(from, members, &mut fill)?;
                let first = chunk.first + column;
                let uniform = gpu.uniform("chunk", &ChunkUniform { first, members })?;
                let bindings = Bindings::new()
                    .with("positions", lifted)
                    .with("chunk", uniform.view())
                    .with("fitness", self.fitness.view());
                chunks.push(Chunk { first, members, positions: columns.buffer.clone(), bindings, fill });
            }
        }
        let (structure, fitness) = (Structure::Free, self.fitness.clone());
        let (dims, stride, candidates) = (columns.dims, columns.stride, self.candidates);
        Ok(Self { source: direct(dims, stride)?, structure, stride, dims, candidates, chunks, fitness })
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

/// `at` for candidates that are columns.
fn direct(dims: u32, stride: u32) -> Result<Source> {
    Source::new()
        .constant("DIMS", dims)
        .constant("STRIDE", stride)
        .constant("WORKGROUP", WORKGROUP)
        .piece("direct", include_str!("../../shaders/points/direct.wgsl"))
}

/// Columns for `members` candidates: whole octets, as the matrix products of the software adapter take them, and never a multiple of 4 KiB, where the rows of a column would fall
/// into the same few cache sets.
pub(super) fn stride(members: u32) -> u32 {
    let quads = if members <= 4 { 4 } else { members.next_multiple_of(8) };
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

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn a_chunk_is_laid_out_as_in_the_shader() {
        let fields = [("first", offset_of!(ChunkUniform, first)), ("members", offset_of!(ChunkUniform, members))];
        same_layout(include_str!("../../shaders/lib/chunk.wgsl"), "Chunk", size_of::<ChunkUniform>(), &fields);
        same_layout(include_str!("../../shaders/optimizer/subspace.wgsl"), "Tile", size_of::<ChunkUniform>(), &fields);
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
