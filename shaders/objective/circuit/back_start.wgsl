//! import clock, finite, grid
// Where the way back begins: the slope of the loss in what was said, and in the readout. `cost_slope(margin)` stands
// beside this.
@group(2) @binding(2) var<storage, read> states: array<vec4f>;        // row, slot
@group(2) @binding(4) var<storage, read> sides: array<f32>;           // trial
@group(2) @binding(6) var<storage, read> answers: array<f32>;         // slot
@group(2) @binding(10) var<storage, read_write> slopes: array<vec4f>; // row, slot
@group(2) @binding(11) var<storage, read_write> sums: array<vec4f>;   // weight, slot

// One thread per slot.
@compute @workgroup_size(WORKGROUP)
fn start_back(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let slot = line(global, groups);
    let slots = part.candidates * part.trials;
    if slot >= slots || clock.stopped != 0u { return; }
    let side = sides[slot % part.trials];
    let slope = side * cost_slope(side * answers[slot]) / f32(part.trials);
    // A circuit that ceased to be finite said nothing.
    let in_answer = select(slope, 0.0, answers[slot] == WORST);
    for (var i = 0u; i < 3u * QUADS; i += 1u) {
        slopes[i * slots + slot] = vec4f(0.0);
    }
    let readout = QUADS * (PADDED + 3u);
    for (var k = 0u; k < readout; k += 1u) {
        sums[k * slots + slot] = vec4f(0.0);
    }
    for (var i = 0u; i < QUADS; i += 1u) {
        sums[(readout + i) * slots + slot] = in_answer * states[(3u * QUADS + i) * slots + slot];
    }
    sums[(readout + QUADS) * slots + slot] = vec4f(in_answer, 0.0, 0.0, 0.0);
}
