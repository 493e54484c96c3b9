//! import clock, chunk, finite, grid
// What the circuits said, and what that costs. `cost(margin)` stands beside this.
@group(1) @binding(2) var<storage, read_write> fitness: array<f32>;
@group(2) @binding(1) var<storage, read> staged: array<f32>;        // candidate, weight
@group(2) @binding(2) var<storage, read> states: array<f32>;        // row, slot, neuron of a quad
@group(2) @binding(4) var<storage, read> sides: array<f32>;         // trial
@group(2) @binding(6) var<storage, read_write> answers: array<f32>; // slot
@group(2) @binding(7) var<storage, read_write> costs: array<f32>;   // slot

// One thread per slot.
@compute @workgroup_size(WORKGROUP)
fn answer(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let slot = line(global, groups);
    let slots = part.candidates * part.trials;
    if slot >= slots || clock.stopped != 0u { return; }
    let first = slot / part.trials * STAGED;
    let readout = first + (PADDED + 3u) * PADDED;
    var said = staged[readout + PADDED];
    var lost = false;
    for (var i = 0u; i < PADDED; i += 1u) {
        let total = states[((3u * QUADS + i / 4u) * slots + slot) * 4u + i % 4u];
        said += staged[readout + i] * total;
        lost = lost || total < 0.0;
    }
    answers[slot] = select(finite_or_worst(said), WORST, lost);
    costs[slot] = select(finite_or_worst(cost(said * sides[slot % part.trials])), WORST, lost || finite_or_worst(said) == WORST);
}

// One thread per candidate of the part: the mean over its trials, in their order.
@compute @workgroup_size(WORKGROUP)
fn tally(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let candidate = line(global, groups);
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    var sum = 0.0;
    for (var trial = 0u; trial < of_thread(part.trials, candidate); trial += 1u) {
        sum += costs[candidate * part.trials + trial];
    }
    fitness[chunk.first + part.candidate + candidate] = finite_or_worst(sum / f32(part.trials));
}
