//! import clock, chunk, grid
// Candidates written out, one after the other, for the host.
@group(2) @binding(0) var<storage, read_write> spelt: array<f32>;

// One thread per coordinate of a candidate of the chunk.
@compute @workgroup_size(WORKGROUP)
fn spell(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= chunk.members * DIMS { return; }
    spelt[t] = at(t / DIMS, t % DIMS);
}
