//! import clock, chunk, finite, grid
// Sums of row blocks to the mean over the batch.
@group(1) @binding(2) var<storage, read_write> fitness: array<f32>;
@group(2) @binding(0) var<storage, read_write> partial: array<f32>; // row block by candidate

// One thread per candidate of a chunk.
@compute @workgroup_size(WORKGROUP)
fn total(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let candidate = line(global, groups);
    if candidate >= chunk.members || clock.stopped != 0u { return; }
    var sum = 0.0;
    for (var block = 0u; block < ROW_BLOCKS; block += 1u) {
        sum += partial[block * STRIDE + candidate];
    }
    // A part that has no value counts as the worst, and so does the whole.
    fitness[chunk.first + candidate] = select(finite_or_worst(sum / f32(ROWS)), WORST, sum >= WORST);
}
