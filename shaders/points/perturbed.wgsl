//! import chunk
// A candidate is the centre plus or minus the spread times noise; the last one is the centre itself.
@group(1) @binding(0) var<storage, read> noise: array<f32>; // row, column; see `noise_at`
@group(1) @binding(3) var<storage, read> centre: array<f32>;
@group(1) @binding(4) var<storage, read> spread: array<f32>;

// +1 or -1; 0 for the centre. Neighbours share a column, with opposite signs, when SHARED is 2.
fn sign_of(candidate: u32) -> f32 {
    let c = chunk.first + candidate;
    return select(select(1.0, -1.0, (c & (SHARED - 1u)) == 1u), 0.0, c == CENTRE);
}

fn at(candidate: u32, i: u32) -> f32 {
    let moved = centre[i] + sign_of(candidate) * spread[i] * noise_at(i, candidate / SHARED);
    return clamp(moved, WALL_LOW, WALL_HIGH);
}
