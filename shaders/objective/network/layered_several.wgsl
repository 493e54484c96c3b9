//! import clock, chunk, grid, layered_part
@group(2) @binding(1) var<storage, read_write> staged: array<f32>; // candidate, input, output

// One thread per staged weight of several candidates, whose coordinates are neighbours in memory: with many weights,
// each would be fetched from afar for every candidate.
@compute @workgroup_size(WORKGROUP)
fn stage_several(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let first = t / STAGED * SEVERAL;
    if first >= part.candidates || clock.stopped != 0u { return; }
    let found = place(t % STAGED);
    for (var candidate = first; candidate < min(first + SEVERAL, part.candidates); candidate += 1u) {
        staged[candidate * STAGED + t % STAGED] = found.centre + found.scale * at(part.candidate + candidate, found.coordinate);
    }
}
