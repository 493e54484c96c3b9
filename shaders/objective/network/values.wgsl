//! import clock, grid, layered_part
@group(2) @binding(3) var<storage, read> sums: array<f32>;          // candidate, unit, row
@group(2) @binding(4) var<storage, read_write> outputs: array<f32>; // likewise

// One thread per unit and row of a candidate of the part.
@compute @workgroup_size(WORKGROUP)
fn values_of_sums(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= part.candidates * UNITS * COLUMNS || clock.stopped != 0u { return; }
    outputs[t] = activate(sums[t]);
}
