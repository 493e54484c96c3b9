//! import clock, chunk
// Rows of the batch as the fused kernels read them: a window of 64 KiB at most, uniform, so that every thread takes
// the same row from the same place.
struct Slice {
    first: u32,  // first row of the window, counted in the batch
    block: u32,  // number of its first row block
}
@group(1) @binding(2) var<storage, read_write> partial: array<f32>;
@group(2) @binding(0) var<uniform> slice: Slice;
@group(2) @binding(1) var<uniform> window: array<vec4f, WINDOW>;
@group(2) @binding(2) var<uniform> labels: array<vec4u, WINDOW_LABELS>;

fn label_of(row: u32) -> u32 {
    return labels[row / 4u][row % 4u];
}
