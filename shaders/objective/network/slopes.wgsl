//! import clock, grid, layered_part
@group(2) @binding(2) var<storage, read> logits: array<f32>;        // candidate, output, row
@group(2) @binding(3) var<storage, read> row_labels: array<u32>;
@group(2) @binding(4) var<storage, read_write> deltas: array<f32>;  // as the logits

// One thread per candidate and row of the part: the slope of the mean loss in each output; 0 in rows of padding.
@compute @workgroup_size(WORKGROUP)
fn slopes(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let candidate = t / PADDED_ROWS;
    let row = t % PADDED_ROWS;
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    var z: array<f32, OUTPUTS>;
    let inside = row < part.rows;
    if inside {
        for (var o = 0u; o < OUTPUTS; o += 1u) {
            z[o] = logits[(candidate * PADDED_OUTPUTS + o) * PADDED_ROWS + row];
        }
        row_slope(&z, row_labels[part.row + row]);
    }
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        deltas[(candidate * PADDED_OUTPUTS + o) * PADDED_ROWS + row] = select(0.0, z[o] / f32(ROWS), inside);
    }
}
