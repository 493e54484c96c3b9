//! import clock, grid
@group(2) @binding(3) var<storage, read_write> sums: array<f32>;    // unit, row
@group(2) @binding(4) var<storage, read_write> outputs: array<f32>; // likewise

// One thread per unit and row.
@compute @workgroup_size(WORKGROUP)
fn activations(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= UNITS * COLUMNS || clock.stopped != 0u { return; }
    outputs[t] = activate(sums[t]);
}
