// Some candidates by some rows: what one round of layer after layer works on.
struct Part {
    candidate: u32,  // first candidate of this part, counted in the chunk
    candidates: u32, // how many
    row: u32,        // first row
    rows: u32,       // how many
    block: u32,      // number of the row block that the sums go to
}
@group(2) @binding(0) var<uniform> part: Part;
