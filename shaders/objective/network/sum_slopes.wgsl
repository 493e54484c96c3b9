//! import clock, grid, layered_part
// The way back through a sum, to one of its two terms.
@group(2) @binding(1) var<storage, read> inputs: array<f32>;        // slopes of the sum: candidate, value, row
@group(2) @binding(2) var<storage, read_write> outputs: array<f32>; // slopes of what the term came from, likewise
@group(2) @binding(3) var<storage, read> values: array<f32>;        // what these are told from

// One thread per value and row of a candidate of the part.
@compute @workgroup_size(WORKGROUP)
fn hand_on(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= part.candidates * UNITS * COLUMNS || clock.stopped != 0u { return; }
    outputs[t] = inputs[t] * slope(values[t]);
}
