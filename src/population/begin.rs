//! A run that begins at a known position, such as a network that was trained before.

use super::Points;
use crate::Result;
use crate::gpu::{Bindings, Buffer, Gpu, Recording, Source, Threads, WORKGROUP};

/// A first position that is given, in the coordinates of the objective. An optimizer records it behind the drawing of
/// its first positions, in the place of one of them or of all.
#[derive(Clone)]
pub struct Begin {
    gpu: Gpu,
    position: Buffer<f32>,
}

impl Begin {
    /// At `position`, one value a coordinate.
    ///
    /// # Errors
    /// [`Error::Limit`](crate::Error::Limit) when memory runs out.
    pub fn new(gpu: &Gpu, position: &[f32]) -> Result<Self> {
        Ok(Self { gpu: gpu.clone(), position: gpu.upload("first position", position)? })
    }

    /// Records it into a vector of one value a coordinate.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) when a kernel lacks a buffer.
    pub fn vector(&self, into: &Buffer<f32>, recording: &mut Recording) -> Result<()> {
        self.columns(into, (1, 1), recording)
    }

    /// Records it as the first candidate.
    ///
    /// # Errors
    /// As [`Begin::vector`].
    pub fn first(&self, points: &Points, recording: &mut Recording) -> Result<()> {
        self.columns(&points.chunks[0].positions, (points.stride, 1), recording)
    }

    /// Records it as every candidate.
    ///
    /// # Errors
    /// As [`Begin::vector`].
    pub fn everyone(&self, points: &Points, recording: &mut Recording) -> Result<()> {
        let mut chunks = points.chunks.iter();
        chunks.try_for_each(|chunk| self.columns(&chunk.positions, (points.stride, chunk.members), recording))
    }

    fn columns(&self, into: &Buffer<f32>, (stride, columns): (u32, u32), recording: &mut Recording) -> Result<()> {
        let dims = self.position.len() as u32;
        let source = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("DIMS", dims)
            .constant("STRIDE", stride)
            .constant("COLUMNS", columns)
            .piece("begin", include_str!("../../shaders/points/begin.wgsl"))?;
        let bindings = Bindings::new().with("given", self.position.view()).with("positions", into.view());
        let kernel = self.gpu.kernel("begin", &source)?;
        recording.dispatch(&self.gpu, &kernel, &bindings, Threads::Line(dims * columns))
    }
}
