//! import clock, chunk, grid
// Weights of candidates in the units and in the order in which neurons take them, neurons padded to whole quads: resting
// current, two inputs, synapses by the neuron they come from, readout, its bias.
@group(2) @binding(1) var<storage, read_write> staged: array<f32>;

// Current through a synapse that is all open, or its conductance.
fn strength(weight: f32) -> f32 {
    if CONDUCTANCE != 0u {
        // No synapse changes its sign: softplus.
        return COUPLING * (max(weight, 0.0) + log(1.0 + exp(-abs(weight))));
    }
    return COUPLING * weight;
}

fn staged_weight(candidate: u32, k: u32) -> f32 {
    let row = k / PADDED;
    let i = k % PADDED;
    if row == PADDED + 4u {
        return select(0.0, READOUT_SCALE * at(candidate, DIMS - 1u), i == 0u);
    }
    if i >= NEURONS { return 0.0; }
    if row == 0u {
        return RESTING + BIAS_CURRENT * INPUT_SCALE * at(candidate, 3u * i + 2u);
    }
    if row < 3u {
        return INPUT_CURRENT * INPUT_SCALE * at(candidate, 3u * i + row - 1u);
    }
    let synapses = 3u * NEURONS;
    if row < 3u + PADDED {
        if row - 3u >= NEURONS { return 0.0; }
        return strength(SYNAPSE_SCALE * at(candidate, synapses + i * NEURONS + row - 3u));
    }
    return READOUT * READOUT_SCALE * at(candidate, synapses + NEURONS * NEURONS + i);
}

// One thread per weight of a candidate of the part.
@compute @workgroup_size(WORKGROUP)
fn stage(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= part.candidates * STAGED || clock.stopped != 0u { return; }
    staged[t] = staged_weight(part.candidate + t / STAGED, t % STAGED);
}
