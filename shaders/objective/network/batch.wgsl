//! import clock, random, grid, shuffle
// A mini-batch, drawn on the device: the same for the whole population. Every epoch visits the rows in a new random
// order, each once; the order is a permutation computed from the seed and the epoch, nothing is stored.
@group(2) @binding(0) var<storage, read> some_rows: array<vec4f>;
@group(2) @binding(1) var<storage, read> all_labels: array<u32>;
@group(2) @binding(2) var<storage, read_write> batch_rows: array<vec4f>;
@group(2) @binding(3) var<storage, read_write> batch_columns: array<f32>;
@group(2) @binding(4) var<storage, read_write> batch_labels: array<u32>;

// The row at a place of the shuffled data.
fn drawn(place: u32) -> u32 {
    let epoch = place / ALL_ROWS;
    let keys = threefry(vec4u(epoch, 0u, 0u, BATCH), seed_key());
    return shuffled(place % ALL_ROWS, ALL_ROWS, HALF, keys);
}

// One thread per row of the batch and four vec4s of it. Rows too many for one binding come in several dispatches: each
// fills in what was drawn from its own, FIRST_ROW and those after it.
@compute @workgroup_size(WORKGROUP)
fn gather(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t % ROWS;
    let first = 4u * (t / ROWS);
    if first >= ROW_VECTORS || clock.stopped != 0u { return; }
    let place = clock.generation * ROWS + row;
    let origin = drawn(place);
    // Below the first it wraps to a large number.
    let near = origin - FIRST_ROW;
    if near >= SOME_ROWS { return; }
    if first == 0u {
        batch_labels[row] = all_labels[origin];
    }
    for (var v = first; v < min(first + 4u, ROW_VECTORS); v += 1u) {
        let value = some_rows[near * ROW_VECTORS + v];
        if IN_ROWS != 0u {
            batch_rows[row * ROW_VECTORS + v] = value;
        }
        // The layered form reads columns: one input of all rows after the other.
        for (var j = 0u; j < select(4u, 0u, COLUMNS == 0u); j += 1u) {
            batch_columns[(4u * v + j) * COLUMNS + row] = value[j];
        }
    }
}
