//! import clock, chunk, grid
// The gradient of the mean loss in the weights, from those of the trials.
@group(2) @binding(11) var<storage, read> sums: array<f32>;           // weight, slot, neuron of a quad
@group(2) @binding(12) var<storage, read_write> gradient: array<f32>; // coordinate, candidate

// One thread per coordinate, from FROM on, and candidate of the part; trials go by in their order.
@compute @workgroup_size(WORKGROUP)
fn pull_trials(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let coordinate = FROM + t / part.candidates;
    let candidate = t % part.candidates;
    if coordinate >= DIMS || clock.stopped != 0u { return; }
    // As they are staged: row and neuron, and what a weight is multiplied with.
    let synapses = 3u * NEURONS;
    let readout = synapses + NEURONS * NEURONS;
    var row = coordinate % 3u + 1u;
    var i = coordinate / 3u;
    var scale = INPUT_CURRENT;
    if coordinate == DIMS - 1u {
        row = PADDED + 4u;
        i = 0u;
        scale = 1.0;
    } else if coordinate >= readout {
        row = PADDED + 3u;
        i = coordinate - readout;
        scale = READOUT;
    } else if coordinate >= synapses {
        row = 3u + (coordinate - synapses) % NEURONS;
        i = (coordinate - synapses) / NEURONS;
        scale = COUPLING;
    } else if row == 3u {
        row = 0u;
        scale = BIAS_CURRENT;
    }
    let slots = part.candidates * part.trials;
    let first = (row * QUADS + i / 4u) * slots + candidate * part.trials;
    var sum = 0.0;
    for (var trial = 0u; trial < of_thread(part.trials, t); trial += 1u) {
        sum += sums[(first + trial) * 4u + i % 4u];
    }
    let slope = scale * sum;
    // By exponent bits. What grew beyond all numbers tells no direction.
    let grown = (bitcast<u32>(slope) & 0x7f800000u) == 0x7f800000u;
    gradient[coordinate * STRIDE + part.candidate + candidate] = select(slope, 0.0, grown);
}
