//! A population at places that a test knows.

use gradless::gpu::Gpu;
use gradless::population::Points;

/// Writes these positions, one candidate after the other.
pub(crate) fn place(gpu: &Gpu, points: &Points, positions: &[f32]) {
    let (dims, stride) = (points.dims as usize, points.stride as usize);
    for chunk in &points.chunks {
        let mut columns = vec![0.0f32; dims * stride];
        for member in 0..chunk.members as usize {
            for i in 0..dims {
                columns[i * stride + member] = positions[(chunk.first as usize + member) * dims + i];
            }
        }
        gpu.write(&chunk.positions.view(), &columns);
    }
}
