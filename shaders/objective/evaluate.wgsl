//! import clock, chunk, finite, grid
@group(1) @binding(2) var<storage, read_write> fitness: array<f32>;

// One thread per candidate of a chunk.
@compute @workgroup_size(WORKGROUP)
fn evaluate(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let candidate = line(global, groups);
    if candidate >= chunk.members || clock.stopped != 0u { return; }
    fitness[chunk.first + candidate] = finite_or_worst(objective(candidate));
}
