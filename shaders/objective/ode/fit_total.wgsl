//! import chunk, clock, finite, grid
// The mean gradient over segments.
@group(2) @binding(7) var<storage, read_write> slope_rows: array<f32>; // row coordinate of a segment, column candidate
@group(2) @binding(8) var<storage, read_write> slope_out: array<f32>; // row coordinate, column candidate

// One thread per coordinate and candidate of a chunk.
@compute @workgroup_size(WORKGROUP)
fn total_slope(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let candidate = t % STRIDE;
    if t >= DIMS * STRIDE || candidate >= chunk.members || clock.stopped != 0u { return; }
    var sum = 0.0;
    for (var segment = 0u; segment < SEGMENTS; segment += 1u) {
        sum += slope_rows[segment * DIMS * STRIDE + t];
    }
    let mean = sum / COUNTED;
    // By exponent bits: WGSL lets drivers assume that NaN and infinity do not occur.
    slope_out[t] = select(mean, 0.0, (bitcast<u32>(mean) & 0x7f800000u) == 0x7f800000u);
}
