//! import layered_part, random
// What swarms over outputs share: settings, draws, where particles start.
struct OutputSwarm {
    cognitive: f32,
    social: f32,
    beta: f32,   // memory of the averaged velocity
    eta: f32,    // what the slope is divided by
    window: f32, // half the width of the box in which particles start
    low: f32,    // where outputs end
    high: f32,
    origin: u32, // where particles start: 0 around the prediction, 1 anywhere in the box, 2 at the label
}
@group(2) @binding(2) var<storage, read> logits: array<f32>;        // candidate, output, row
@group(2) @binding(3) var<storage, read> row_labels: array<u32>;
@group(2) @binding(4) var<storage, read_write> deltas: array<f32>;  // as the logits
@group(2) @binding(5) var<uniform> output_swarm: OutputSwarm;

// Two uniforms in [0, 1) for one output of one row of a candidate of the part.
fn pulls(candidate: u32, row: u32, output: u32, move_number: u32) -> vec2f {
    let element = (part.block * PART_ROWS + row) * OUTPUTS + output;
    let member = chunk.first + part.candidate + candidate;
    let counter = vec4u(element, clock.generation, member, OUTPUT_SWARM + (move_number << 8u));
    return vec2f(threefry(counter, seed_key()).xy >> vec2u(8u)) * 0x1p-24;
}

// Where a particle starts, of what the network says and the label.
fn started(said: f32, output: u32, label: u32, u: f32) -> f32 {
    let around = said + output_swarm.window * (2.0 * u - 1.0);
    let anywhere = BOX_CENTRE + BOX_HALF * (2.0 * u - 1.0);
    let unlabelled = select(around, anywhere, output_swarm.origin == 1u);
    let start = select(unlabelled, at_label(output, label, u), output_swarm.origin == 2u);
    return clamp(start, output_swarm.low, output_swarm.high);
}
