//! import chunk
// One candidate: the vector itself.
@group(1) @binding(0) var<storage, read> context: array<f32>;
fn at(candidate: u32, i: u32) -> f32 {
    return context[i];
}
