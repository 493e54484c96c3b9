//! import clock, chunk, layered_part
// A population around a centre, two candidates at a time: the centre plus and minus the same noise of low rank. The
// last candidate of all is the centre itself: it moves by nothing, and nobody looks at its counterpart. Walls are not
// looked at either: the optimizer keeps the centre within them, and they are many deviations of a weight away.
@group(1) @binding(2) var<storage, read_write> partial: array<f32>;
@group(1) @binding(4) var<storage, read> spread: array<f32>;
@group(2) @binding(2) var<storage, read> inputs: array<f32>;        // candidate, input, row
@group(2) @binding(3) var<storage, read_write> outputs: array<f32>; // candidate, unit, row
@group(3) @binding(1) var<storage, read> base: array<f32>;          // unit, row: first sums of the centre
@group(3) @binding(2) var<storage, read_write> thin: array<f32>;    // factor, pair, row: rows times right factors
@group(3) @binding(3) var<storage, read> row_labels: array<u32>;

// What a layer's noise is multiplied by: from coordinates of unit deviation to weights.
fn reach(pair: u32, coordinate: u32, scale: f32) -> f32 {
    let first = chunk.first + part.candidate + 2u * pair;
    return select(scale * spread[coordinate], 0.0, first == CENTRE);
}
