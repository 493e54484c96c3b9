//! import clock, chunk, threefry
// A draw is a pure function of seed, generation, element, candidates and purpose: no generator state anywhere.

// What a draw is for: the fourth word of the counter.
const START: u32 = 0u;
const COGNITIVE: u32 = 1u;
const SOCIAL: u32 = 2u;
const LEADER: u32 = 3u; // and 4 .. 8
const AXES: u32 = 9u;
const LAUNCH: u32 = 10u;
const DIRECTION: u32 = 11u;
const RADIUS: u32 = 12u;
const INFORM: u32 = 13u;
const BATCH: u32 = 16u;
const TRIAL: u32 = 17u;
const NOISE: u32 = 24u;
const PROJECTION: u32 = 25u; // the same in all generations, like the next
const ORIGIN: u32 = 26u;
const CONTEXT: u32 = 27u;
const ORDER: u32 = 28u;
const OUTPUT_SWARM: u32 = 29u; // the number of the move above it
const NODES: u32 = 30u; // the number of the block of perturbations above it
const OBJECTIVE: u32 = 32u; // and what the objective adds to it

// Words to uniforms in [0, 1).
fn unit(words: vec4u) -> vec4f {
    return vec4f(words >> vec4u(8u)) * 0x1p-24;
}

fn words(element: u32, quad: u32, purpose: u32) -> vec4u {
    let counter = vec4u(element, clock.generation, quad, purpose);
    return threefry(counter, seed_key());
}

// Four uniforms, one for each of the candidates 4 quad .. 4 quad + 3.
fn draw(element: u32, quad: u32, purpose: u32) -> vec4f {
    return unit(words(element, quad, purpose));
}

// Four standard normals, likewise (Box and Muller 1958).
fn draw_normal(element: u32, quad: u32, purpose: u32) -> vec4f {
    return normals(words(element, quad, purpose));
}

fn normals(w: vec4u) -> vec4f {
    let open = (vec4f(w >> vec4u(8u)) + 1.0) * 0x1p-24;
    let radius = sqrt(-2.0 * log(open.xy));
    let angle = 6.2831853 * open.zw;
    return vec4f(radius * cos(angle), radius * sin(angle));
}

// One uniform in [0, 1) for the objective's own use. Candidates are counted in the whole population: in the chunk, two
// would get the same numbers.
fn random_unit(candidate: u32, stream: u32) -> f32 {
    return unit(words(stream, chunk.first + candidate, OBJECTIVE)).x;
}
