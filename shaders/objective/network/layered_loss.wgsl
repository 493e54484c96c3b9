//! import clock, grid, layered_part, sum
@group(1) @binding(2) var<storage, read_write> partial: array<f32>;
@group(2) @binding(2) var<storage, read> logits: array<f32>; // candidate, output, row
@group(2) @binding(3) var<storage, read> row_labels: array<u32>;

// One workgroup per candidate of the part: the sum of its losses over the rows of the part.
@compute @workgroup_size(REDUCE)
fn losses(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let candidate = group_line(group, groups);
    let runs = candidate < part.candidates && clock.stopped == 0u;
    let rows = select(0u, part.rows, runs);
    var sum = 0.0;
    for (var row = lane; row < rows; row += REDUCE) {
        var z: array<f32, OUTPUTS>;
        for (var o = 0u; o < OUTPUTS; o += 1u) {
            z[o] = logits[(candidate * PADDED_OUTPUTS + o) * PADDED_ROWS + row];
        }
        sum += row_loss(&z, row_labels[part.row + row]);
    }
    let total = sum_of_lanes(sum, lane);
    if lane == 0u && runs {
        partial[part.block * STRIDE + part.candidate + candidate] = total;
    }
}
