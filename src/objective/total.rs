//! Fitness from partial sums: how all objectives that go by rows end.

use crate::Result;
use crate::gpu::{Bindings, Recording, Source, Threads, WORKGROUP};
use crate::population::{Chunk, Context, Points};

/// Records the fitness of a chunk's candidates: the sums of blocks of rows, by the number of rows.
///
/// # Errors
/// [`Error::Device`](crate::Error::Device) when `partial` lacks its buffer.
pub(super) fn total(
    context: &Context,
    points: &Points,
    chunk: &Chunk,
    partial: &Bindings,
    (row_blocks, rows): (u32, u32),
    recording: &mut Recording,
) -> Result<()> {
    let source = Source::new()
        .constant("WORKGROUP", WORKGROUP)
        .constant("STRIDE", points.stride)
        .constant("ROW_BLOCKS", row_blocks)
        .constant("ROWS", rows)
        .piece("total", include_str!("../../shaders/objective/total.wgsl"))?;
    let kernel = context.gpu.kernel("total", &source)?;
    let bindings = chunk.bindings.clone().and(&context.clock).and(partial);
    recording.dispatch(&context.gpu, &kernel, &bindings, Threads::Line(chunk.members))
}
