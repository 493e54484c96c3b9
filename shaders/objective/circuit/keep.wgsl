//! import clock, grid
// States set aside: for pictures, and for the way back.
@group(2) @binding(2) var<storage, read> states: array<vec4f>;     // row, slot
@group(2) @binding(8) var<storage, read_write> kept: array<vec4f>; // index, row, slot

// One thread per row but the totals, and slot.
@compute @workgroup_size(WORKGROUP)
fn keep_states(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let values = 3u * QUADS * part.candidates * part.trials;
    if t >= values || clock.stopped != 0u { return; }
    kept[part.index * values + t] = states[t];
}
