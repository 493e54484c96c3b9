// The candidates and the steps of a dispatch. A slot is one trial of one candidate.
struct Part {
    candidate: u32,  // the first, counted in its chunk
    candidates: u32,
    trials: u32,
    quads: u32,      // of neurons: loops up to a number that compilers do not know are not unrolled
    first: u32,      // step
    count: u32,      // steps
    index: u32,      // where states are kept, or the stretch that is walked back
}
@group(2) @binding(0) var<uniform> part: Part;
