//! import clock, chunk, grid, random, layered_part
// Passes of a part's rows in which what a layer takes in is moved up or down.
struct Passes {
    first: u32, // slot of the first in `pass_losses`; slot 0 is the network as it is, slot k + 1 its k-th perturbation
    count: u32,
}
@group(2) @binding(1) var<uniform> passes: Passes;

// Of four units of a row, one bit for each of the perturbations 32 block .. 32 block + 31. Rows are counted in the batch.
fn signs(candidate: u32, quad: u32, row: u32, block: u32) -> vec4u {
    let place = (part.block * PART_ROWS + row) * ALL_QUADS + FIRST_QUAD + quad;
    let counter = vec4u(place, clock.generation, chunk.first + candidate, NODES + (block << 8u));
    return threefry(counter, seed_key());
}
