//! import node_noise
@group(2) @binding(2) var<storage, read> logits: array<f32>; // candidate, output, pass, row
@group(2) @binding(3) var<storage, read> row_labels: array<u32>;
@group(2) @binding(4) var<storage, read_write> pass_losses: array<f32>; // candidate, slot, row

// One thread per row of a pass: what it costs.
@compute @workgroup_size(WORKGROUP)
fn cost(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let candidate = t / WIDE_ROWS;
    let wide = t % WIDE_ROWS;
    if candidate >= part.candidates || wide >= passes.count * part.rows || clock.stopped != 0u { return; }
    let slot = passes.first + wide / part.rows;
    let row = wide % part.rows;
    var z: array<f32, OUTPUTS>;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        z[o] = logits[(candidate * PADDED_OUTPUTS + o) * WIDE_ROWS + wide];
    }
    pass_losses[(candidate * SLOTS + slot) * PADDED_ROWS + row] = row_loss(&z, row_labels[part.row + row]);
}
