//! import node_noise
@group(2) @binding(2) var<storage, read> pass_losses: array<f32>;   // candidate, slot, row
@group(2) @binding(3) var<storage, read> values: array<f32>;        // candidate, unit, row
@group(2) @binding(4) var<storage, read_write> outputs: array<f32>; // likewise

// One thread per four units and a row of the part: the slopes of the mean loss there, handed through the activation that
// made them; 0 in rows of padding.
@compute @workgroup_size(WORKGROUP)
fn node_slopes(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t % PADDED_ROWS;
    let slot = t / PADDED_ROWS / QUADS;
    let quad = t / PADDED_ROWS % QUADS;
    if slot >= part.candidates || clock.stopped != 0u { return; }
    let losses = slot * SLOTS * PADDED_ROWS + row;
    let inside = row < part.rows;
    let count = select(0u, SLOTS - 1u, inside);
    var before = 0.0;
    if inside { before = pass_losses[losses]; }
    var sum = vec4f(0.0);
    for (var block = 0u; block * 32u < count; block += 1u) {
        let bits = signs(part.candidate + slot, quad, row, block);
        for (var k = block * 32u; k < min(count, block * 32u + 32u); k += 1u) {
            let change = pass_losses[losses + (k + 1u) * PADDED_ROWS] - before;
            let up = ((bits >> vec4u(k & 31u)) & vec4u(1u)) != vec4u(0u);
            sum += select(vec4f(-change), vec4f(change), up);
        }
    }
    for (var u = 0u; u < 4u; u += 1u) {
        let place = (t / PADDED_ROWS * 4u + u) * PADDED_ROWS + row;
        var slope_there = 0.0;
        if inside { slope_there = sum[u] * PER_CHANGE * slope(values[place]); }
        outputs[place] = slope_there;
    }
}
