// The centre of a population as its only candidate.
@group(1) @binding(3) var<storage, read> centre: array<f32>;
fn at(candidate: u32, i: u32) -> f32 {
    return centre[i];
}
