//! import clock, feature_length, grid, layered_part
// From the products of the last layer to scaled cosines between features and class weights.
@group(2) @binding(1) var<storage, read> staged: array<f32>;         // candidate, input, output
@group(2) @binding(3) var<storage, read_write> outputs: array<f32>;  // candidate, output, row
@group(2) @binding(4) var<storage, read_write> weight_norms: array<f32>; // candidate, output

// One thread per candidate and class.
@compute @workgroup_size(WORKGROUP)
fn norms(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= part.candidates * OUTPUTS || clock.stopped != 0u { return; }
    let first = t / OUTPUTS * STAGED + OFFSET + t % OUTPUTS;
    var sum = 0.0;
    for (var i = 0u; i < INPUTS; i += 1u) {
        let weight = staged[first + i * PADDED];
        sum = fma(weight, weight, sum);
    }
    weight_norms[t] = max(sqrt(sum), SHORTEST);
}

// One thread per candidate and row, in place.
@compute @workgroup_size(WORKGROUP)
fn cosines(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let candidate = t / PADDED_ROWS;
    let row = t % PADDED_ROWS;
    if candidate >= part.candidates || row >= part.rows || clock.stopped != 0u { return; }
    let norm = feature_length(candidate, row);
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        let place = (candidate * PADDED + o) * PADDED_ROWS + row;
        outputs[place] = SCALE * (outputs[place] / norm / weight_norms[candidate * OUTPUTS + o]);
    }
}
