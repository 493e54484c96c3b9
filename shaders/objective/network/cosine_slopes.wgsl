//! import clock, feature_length, grid, layered_part
// The way back through cosines, z = SCALE W f / (|W| |f|): what is handed to the plain product, and what the lengths
// take off the gradients of the weights and of the features.
@group(2) @binding(1) var<storage, read> staged: array<f32>;         // candidate, input, output
@group(2) @binding(3) var<storage, read> logits: array<f32>;         // candidate, output, row
@group(2) @binding(4) var<storage, read_write> deltas: array<f32>;   // likewise
@group(2) @binding(5) var<storage, read> weight_norms: array<f32>;   // candidate, output
@group(2) @binding(6) var<storage, read_write> along: array<f32>;    // slope times output: candidate, output, row
@group(2) @binding(7) var<storage, read_write> shrinking: array<f32>; // share of a feature: candidate, row
@group(2) @binding(8) var<storage, read_write> gradient: array<f32>;

// One thread per candidate and row: slopes in cosines to slopes in products.
@compute @workgroup_size(WORKGROUP)
fn slopes_of_products(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let candidate = t / PADDED_ROWS;
    let row = t % PADDED_ROWS;
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    let inside = row < part.rows;
    let norm = feature_length(candidate, row);
    var all = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        let place = (candidate * PADDED + o) * PADDED_ROWS + row;
        let slope = select(0.0, deltas[place], inside);
        let product = slope * select(0.0, logits[place], inside);
        along[place] = product;
        all += product;
        deltas[place] = SCALE * (slope / norm / weight_norms[candidate * OUTPUTS + o]);
    }
    shrinking[candidate * PADDED_ROWS + row] = all / (norm * norm);
}

// One thread per candidate and class, after its gradient was summed: what the length of the class weights takes off.
// There is no bias.
@compute @workgroup_size(WORKGROUP)
fn take_off(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let candidate = t / OUTPUTS;
    let class_number = t % OUTPUTS;
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    var sum = 0.0;
    for (var row = 0u; row < of_thread(part.rows, t); row += 1u) {
        sum += along[(candidate * PADDED + class_number) * PADDED_ROWS + row];
    }
    let norm = weight_norms[t];
    let column = part.candidate + candidate;
    let unit = FIRST + class_number * (INPUTS + 1u);
    for (var i = 0u; i < INPUTS; i += 1u) {
        let weight = staged[candidate * STAGED + OFFSET + i * PADDED + class_number];
        gradient[(unit + i) * STRIDE + column] -= weight / norm * (sum / norm);
    }
    gradient[(unit + INPUTS) * STRIDE + column] = 0.0;
}
