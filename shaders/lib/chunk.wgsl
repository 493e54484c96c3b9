// The part of a population that one buffer holds.
struct Chunk {
    first: u32,   // candidate in column 0
    members: u32, // candidates in it; further columns are padding
}
@group(1) @binding(1) var<uniform> chunk: Chunk;
