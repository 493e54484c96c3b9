//! import clock, chunk, grid
// Candidates written out as columns, for kernels that read a coordinate more than once.
@group(2) @binding(0) var<storage, read_write> lifted: array<f32>;

// One thread per coordinate of a candidate of the chunk.
@compute @workgroup_size(WORKGROUP)
fn lift(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let i = t / STRIDE;
    let candidate = t % STRIDE;
    if i >= DIMS || candidate >= chunk.members || clock.stopped != 0u { return; }
    lifted[t] = at(candidate, i);
}
