//! import node_noise
@group(2) @binding(2) var<storage, read> inputs: array<f32>;        // candidate, unit, row
@group(2) @binding(3) var<storage, read_write> outputs: array<f32>; // candidate, unit, pass, row

// One thread per four units and a row of the part: what they are in each of the passes.
@compute @workgroup_size(WORKGROUP)
fn spread(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t % PADDED_ROWS;
    let candidate = part.candidate + t / PADDED_ROWS / QUADS;
    let quad = t / PADDED_ROWS % QUADS;
    if t >= part.candidates * QUADS * PADDED_ROWS || row >= part.rows || clock.stopped != 0u { return; }
    let source = t / PADDED_ROWS * 4u * PADDED_ROWS + row;
    let to = t / PADDED_ROWS * 4u * WIDE_ROWS + row;
    let values = vec4f(
        inputs[source],
        inputs[source + PADDED_ROWS],
        inputs[source + 2u * PADDED_ROWS],
        inputs[source + 3u * PADDED_ROWS],
    );
    let first = passes.first - 1u;
    let end = first + passes.count;
    for (var block = first / 32u; block * 32u < end; block += 1u) {
        let bits = signs(candidate, quad, row, block);
        for (var k = max(first, block * 32u); k < min(end, block * 32u + 32u); k += 1u) {
            let up = ((bits >> vec4u(k & 31u)) & vec4u(1u)) != vec4u(0u);
            let moved = values + select(vec4f(-SIGMA), vec4f(SIGMA), up);
            let place = to + (k - first) * part.rows;
            outputs[place] = moved.x;
            outputs[place + WIDE_ROWS] = moved.y;
            outputs[place + 2u * WIDE_ROWS] = moved.z;
            outputs[place + 3u * WIDE_ROWS] = moved.w;
        }
    }
}
