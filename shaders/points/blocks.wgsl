//! import chunk
// A candidate is the context with one block replaced by a member's.
@group(1) @binding(0) var<storage, read> positions: array<f32>; // row slot BLOCK_WIDTH + i, column member
@group(1) @binding(3) var<storage, read> context: array<f32>;
@group(1) @binding(4) var<storage, read> chosen: array<u32>;    // the block that a slot stands for
fn at(candidate: u32, i: u32) -> f32 {
    let slot = candidate / PADDED_MEMBERS;
    // Below the block it wraps to a large number.
    let k = i - GROUP_OFFSET - chosen[slot] * BLOCK_WIDTH;
    if k < BLOCK_WIDTH {
        return positions[(slot * BLOCK_WIDTH + k) * COLUMNS_OF_MEMBERS + candidate % PADDED_MEMBERS];
    }
    return context[i];
}
