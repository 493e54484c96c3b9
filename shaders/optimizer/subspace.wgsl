//! import bounds, clock, grid
// A random subspace: theta = theta0 + scale P z. Column j of P is a standard normal for every coordinate, the same in
// all generations: drawn when needed and never stored.
struct Tile {
    first: u32,   // column of the chunk that goes to the first one here
    members: u32, // columns
}
@group(2) @binding(0) var<storage, read_write> lifted: array<vec4f>; // row, column
@group(2) @binding(1) var<uniform> tile: Tile;
@group(2) @binding(2) var<storage, read_write> staged: array<vec4f>; // row of z, column
@group(3) @binding(0) var<uniform> scale_of_space: f32;
@group(3) @binding(1) var<storage, read> inner_best: array<f32>;
@group(3) @binding(2) var<storage, read_write> lifted_best: array<f32>;

// Random words that are the same in all generations.
fn lasting(element: u32, quad: u32, purpose: u32) -> vec4u {
    return threefry(vec4u(element, 0u, quad, purpose), seed_key());
}

// Row i of P, columns 4 quad .. 4 quad + 3; 0 past the last.
fn directions(i: u32, quad: u32) -> vec4f {
    let drawn = normals(lasting(i, quad, PROJECTION));
    return select(vec4f(0.0), drawn, vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u) < vec4u(SUBSPACE_DIMS));
}

// Coordinate i of theta0 + scale P z, from the sum of P z.
fn placed(i: u32, sum: vec4f) -> vec4f {
    return all_walled(first_of(lasting(i, 0u, ORIGIN)).x + scale_of_space * sum);
}

// One thread per coordinate of the subspace and four candidates of the tile: columns of z, read again and again.
@compute @workgroup_size(WORKGROUP)
fn stage_tile(@builtin(global_invocation_id) global: vec3u) {
    let j = global.x;
    if j >= SUBSPACE_DIMS || 4u * global.y >= tile.members || clock.stopped != 0u { return; }
    let last = vec4u(tile.first + tile.members - 1u);
    let c = min(vec4u(tile.first + 4u * global.y) + vec4u(0u, 1u, 2u, 3u), last);
    staged[j * LIFTED_QUADS + global.y] = vec4f(at(c.x, j), at(c.y, j), at(c.z, j), at(c.w, j));
}

// Four coordinates of four candidates times these directions. Without a loop: the software adapter counts the rounds of
// inner loops too.
fn along(candidates: u32, rows: vec4u, p: vec4f) -> vec4f {
    return p.x * staged[rows.x + candidates] + p.y * staged[rows.y + candidates] + p.z * staged[rows.z + candidates]
        + p.w * staged[rows.w + candidates];
}

// One thread per coordinate and, along y, 32 neighbouring candidates, for which it draws its row of P once. All threads
// of a workgroup read the same candidates: loads that are cheap everywhere.
@compute @workgroup_size(WORKGROUP)
fn lift_tile(@builtin(global_invocation_id) global: vec3u, @builtin(workgroup_id) group: vec3u) {
    let i = global.x;
    let first = group.y * 8u;
    if i >= SPACE_DIMS || 4u * first >= tile.members || clock.stopped != 0u { return; }
    var s0 = vec4f(0.0);
    var s1 = vec4f(0.0);
    var s2 = vec4f(0.0);
    var s3 = vec4f(0.0);
    var s4 = vec4f(0.0);
    var s5 = vec4f(0.0);
    var s6 = vec4f(0.0);
    var s7 = vec4f(0.0);
    for (var quad = 0u; quad < (SUBSPACE_DIMS + 3u) / 4u; quad += 1u) {
        let p = directions(i, quad);
        let j = min(vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u), vec4u(SUBSPACE_DIMS - 1u));
        let rows = j * LIFTED_QUADS;
        s0 += along(first + 0u, rows, p);
        s1 += along(first + 1u, rows, p);
        s2 += along(first + 2u, rows, p);
        s3 += along(first + 3u, rows, p);
        s4 += along(first + 4u, rows, p);
        s5 += along(first + 5u, rows, p);
        s6 += along(first + 6u, rows, p);
        s7 += along(first + 7u, rows, p);
    }
    let place = i * LIFTED_QUADS + first;
    lifted[place + 0u] = placed(i, s0);
    lifted[place + 1u] = placed(i, s1);
    lifted[place + 2u] = placed(i, s2);
    lifted[place + 3u] = placed(i, s3);
    lifted[place + 4u] = placed(i, s4);
    lifted[place + 5u] = placed(i, s5);
    lifted[place + 6u] = placed(i, s6);
    lifted[place + 7u] = placed(i, s7);
}

// One thread per coordinate of the best position.
@compute @workgroup_size(WORKGROUP)
fn lift_best(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= SPACE_DIMS || clock.stopped != 0u { return; }
    var sum = 0.0;
    for (var quad = 0u; quad < (SUBSPACE_DIMS + 3u) / 4u; quad += 1u) {
        let j = min(vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u), vec4u(SUBSPACE_DIMS - 1u));
        let z = vec4f(inner_best[j.x], inner_best[j.y], inner_best[j.z], inner_best[j.w]);
        sum += dot(directions(i, quad), z);
    }
    lifted_best[i] = placed(i, vec4f(sum)).x;
}
