//! import clock, chunk, grid, layered_part
@group(2) @binding(1) var<storage, read_write> staged: array<vec4f>; // candidate, input, quad of outputs

// One thread per four staged weights of several candidates, whose coordinates are neighbours in memory: with many weights,
// each would be fetched from afar for every candidate.
@compute @workgroup_size(WORKGROUP)
fn stage(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let first = t / QUADS * SEVERAL;
    if first >= part.candidates || clock.stopped != 0u { return; }
    let quad = t % QUADS;
    let a = place(4u * quad);
    let b = place(4u * quad + 1u);
    let c = place(4u * quad + 2u);
    let d = place(4u * quad + 3u);
    let centre = vec4f(a.centre, b.centre, c.centre, d.centre);
    let scale = vec4f(a.scale, b.scale, c.scale, d.scale);
    for (var candidate = first; candidate < min(first + SEVERAL, part.candidates); candidate += 1u) {
        let member = part.candidate + candidate;
        let moved = vec4f(at(member, a.coordinate), at(member, b.coordinate), at(member, c.coordinate), at(member, d.coordinate));
        staged[candidate * QUADS + quad] = centre + scale * moved;
    }
}
