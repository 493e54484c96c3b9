//! import clock, chunk, grid, layered_part
@group(2) @binding(1) var<storage, read_write> staged: array<f32>; // candidate, input, output

// One thread per staged weight: from a column of the population to a matrix of the candidate, biases last, outputs
// padded. A weight is its coordinate times the layer's Xavier deviation.
@compute @workgroup_size(WORKGROUP)
fn stage(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= part.candidates * STAGED || clock.stopped != 0u { return; }
    staged[t] = weight(part.candidate + t / STAGED, t % STAGED);
}
