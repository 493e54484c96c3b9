//! import bounds, chunk, clock, finite, grid, smallest
// What all particle swarms share (Kennedy and Eberhart 1995): first positions, records, the best of the block. How
// members move is the optimizer's own. One thread handles a quad: one coordinate of four neighbouring members. A
// personal best that was beaten is overwritten when its member moves on, so that `tell` touches no position but the
// winner's.
@group(1) @binding(0) var<storage, read_write> positions: array<vec4f>;
@group(1) @binding(2) var<storage, read_write> fitness: array<vec4f>;
@group(3) @binding(0) var<uniform> vmax: f32; // largest step per coordinate
@group(3) @binding(1) var<storage, read_write> velocity: array<vec4f>;
@group(3) @binding(2) var<storage, read_write> personal: array<vec4f>;
@group(3) @binding(3) var<storage, read_write> improved: array<u32>; // one bit a member of the quad
@group(3) @binding(4) var<storage, read_write> own_fitness: array<vec4f>;
@group(3) @binding(5) var<storage, read_write> best: array<f32>;
@group(3) @binding(6) var<storage, read_write> best_fitness: array<f32>;
@group(3) @binding(7) var<storage, read_write> winner: array<u32>;

fn pending(mask: u32) -> vec4<bool> {
    return (vec4u(mask) & vec4u(1u, 2u, 4u, 8u)) != vec4u(0u);
}

// The personal bests of a quad; those that were beaten are overwritten on the way.
fn remembered(t: u32, x: vec4f, mask: u32) -> vec4f {
    let own = select(personal[t], x, pending(mask));
    if mask != 0u {
        personal[t] = own;
    }
    return own;
}

// One thread per quad of a chunk.
@compute @workgroup_size(WORKGROUP)
fn start(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= COORDINATES * QUADS { return; }
    let quad = chunk.first / 4u + t % QUADS;
    let x = first_of(words(t / QUADS, quad, START));
    positions[t] = x;
    personal[t] = x;
    velocity[t] = vec4f(0.0);
}

// One thread per quad of a chunk: personal bests that were beaten are overwritten now, not when their member moves on.
@compute @workgroup_size(WORKGROUP)
fn take_over(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    if t >= COORDINATES * QUADS || column * 4u >= chunk.members || clock.stopped != 0u { return; }
    let mask = improved[t / QUADS / WIDTH * MEMBER_QUADS + chunk.first / 4u + column];
    if mask != 0u {
        personal[t] = select(personal[t], positions[t], pending(mask));
    }
}

// One workgroup per block: who beat its own record, and who holds the best one.
@compute @workgroup_size(REDUCE)
fn tell_own(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_line(group, groups);
    let runs = block < BLOCKS && clock.stopped == 0u;
    var mine = Place(WORST, NOWHERE);
    if runs {
        for (var quad = lane; quad < MEMBER_QUADS; quad += REDUCE) {
            let i = block * MEMBER_QUADS + quad;
            let now = fitness[i];
            let better = now < own_fitness[i];
            let own = select(own_fitness[i], now, better);
            own_fitness[i] = own;
            let bits = select(vec4u(0u), vec4u(1u, 2u, 4u, 8u), better);
            improved[i] = bits.x | bits.y | bits.z | bits.w;
            mine = smaller(mine, Place(own.x, 4u * quad));
            mine = smaller(mine, Place(own.y, 4u * quad + 1u));
            mine = smaller(mine, Place(own.z, 4u * quad + 2u));
            mine = smaller(mine, Place(own.w, 4u * quad + 3u));
        }
    }
    let place = smallest(mine, lane);
    if lane == 0u && runs {
        winner[block] = place.index;
        best_fitness[block] = place.value;
    }
}

// One thread per coordinate of a chunk: copies the winner if it is in this chunk.
@compute @workgroup_size(WORKGROUP)
fn tell_best(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let coordinate = line(global, groups);
    if coordinate >= COORDINATES || clock.stopped != 0u { return; }
    let block = coordinate / WIDTH;
    let member = winner[block];
    if member < chunk.first || member >= chunk.first + chunk.members { return; }
    let i = coordinate * STRIDE + member - chunk.first;
    let fresh = ((improved[block * MEMBER_QUADS + member / 4u] >> (member % 4u)) & 1u) != 0u;
    best[coordinate] = select(personal[i / 4u], positions[i / 4u], vec4<bool>(fresh))[i % 4u];
}
