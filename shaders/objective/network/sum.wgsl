//! import clock, grid, layered_part
@group(2) @binding(1) var<storage, read> inputs: array<f32>;        // candidate, value, row
@group(2) @binding(2) var<storage, read> beside: array<f32>;        // likewise
@group(2) @binding(3) var<storage, read_write> outputs: array<f32>; // likewise

// One thread per value and row of a candidate of the part.
@compute @workgroup_size(WORKGROUP)
fn add(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= part.candidates * UNITS * COLUMNS || clock.stopped != 0u { return; }
    outputs[t] = activate(inputs[t] + beside[t]);
}
