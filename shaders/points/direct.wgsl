// Coordinate i of candidate c is in row i, column c; STRIDE columns.
@group(1) @binding(0) var<storage, read> positions: array<f32>;
fn at(candidate: u32, i: u32) -> f32 {
    return positions[i * STRIDE + candidate];
}
