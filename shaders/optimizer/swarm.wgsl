//! import clock, chunk, random, finite, grid, smallest
// What PSO, MPSO and EMPSO share (Kennedy and Eberhart 1995). The velocity rule, `moved`, is the optimizer's own.
// One thread handles a quad: one coordinate of four neighbouring members. A personal best that was beaten is
// overwritten when its member moves on, so that `tell` touches no position but the winner's.
struct Swarm {
    low: f32,
    high: f32,
    wall_low: f32,
    wall_high: f32,
    vmax: f32,   // largest step per coordinate
    normal: u32, // first positions: 0 uniform in the box, 1 standard normal
}
@group(1) @binding(0) var<storage, read_write> positions: array<vec4f>;
@group(1) @binding(2) var<storage, read_write> fitness: array<vec4f>;
@group(3) @binding(0) var<uniform> swarm: Swarm;
@group(3) @binding(1) var<storage, read_write> velocity: array<vec4f>;
@group(3) @binding(2) var<storage, read_write> personal: array<vec4f>;
@group(3) @binding(3) var<storage, read_write> improved: array<u32>; // one bit a member of the quad
@group(3) @binding(4) var<storage, read_write> own_fitness: array<vec4f>;
@group(3) @binding(5) var<storage, read_write> best: array<f32>;
@group(3) @binding(6) var<storage, read_write> best_fitness: array<f32>;
@group(3) @binding(7) var<storage, read_write> winner: array<u32>;
@group(3) @binding(8) var<storage, read_write> edges: array<f32>;

fn pending(mask: u32) -> vec4<bool> {
    return (vec4u(mask) & vec4u(1u, 2u, 4u, 8u)) != vec4u(0u);
}

// One thread per quad of a chunk.
@compute @workgroup_size(WORKGROUP)
fn start(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= COORDINATES * QUADS { return; }
    let quad = chunk.first / 4u + t % QUADS;
    var x = mix(vec4f(swarm.low), vec4f(swarm.high), draw(t / QUADS, quad, START));
    if swarm.normal != 0u {
        x = draw_normal(t / QUADS, quad, START);
    }
    positions[t] = x;
    personal[t] = x;
    velocity[t] = vec4f(0.0);
}

// Moves one quad and keeps it within the walls; the velocity is kept when a wall stops it.
fn advance(t: u32, x: vec4f, own: vec4f, leader: vec4f, coordinate: u32, quad: u32) {
    let before = velocity[t];
    let toward_own = draw(coordinate, quad, COGNITIVE) * (own - x);
    let toward_leader = draw(coordinate, quad, SOCIAL) * (leader - x);
    let v = clamp(moved(t, before, toward_own, toward_leader), vec4f(-swarm.vmax), vec4f(swarm.vmax));
    velocity[t] = v;
    positions[t] = clamp(x + v, vec4f(swarm.wall_low), vec4f(swarm.wall_high));
}

// Moves one coordinate of a quad towards its own best and the best of the block.
fn follow_best(coordinate: u32, column: u32) {
    let t = coordinate * QUADS + column;
    let quad = chunk.first / 4u + column;
    let x = positions[t];
    let mask = improved[coordinate / WIDTH * MEMBER_QUADS + quad];
    let own = select(personal[t], x, pending(mask));
    if mask != 0u {
        personal[t] = own;
    }
    advance(t, x, own, vec4f(best[coordinate]), coordinate, quad);
}

// One thread per quad of a chunk and two neighbouring coordinates, which share the first rounds of the random numbers
// and what it costs to start a thread.
@compute @workgroup_size(WORKGROUP)
fn ask(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    let coordinate = t / QUADS * 2u;
    if coordinate >= COORDINATES || column * 4u >= chunk.members { return; }
    if clock.generation == 0u || clock.stopped != 0u { return; }
    follow_best(coordinate, column);
    if coordinate + 1u < COORDINATES {
        follow_best(coordinate + 1u, column);
    }
}

// One thread per quad of a chunk: the pending personal bests, so that neighbours can read them.
@compute @workgroup_size(WORKGROUP)
fn settle(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    if t >= COORDINATES * QUADS || column * 4u >= chunk.members { return; }
    if clock.generation == 0u || clock.stopped != 0u { return; }
    let quad = chunk.first / 4u + column;
    let mask = improved[t / QUADS / WIDTH * MEMBER_QUADS + quad];
    if mask != 0u {
        personal[t] = select(personal[t], positions[t], pending(mask));
    }
    if column == 0u {
        edges[2u * (t / QUADS) * CHUNKS + 2u * (chunk.first / CHUNK_MEMBERS)] = personal[t].x;
    }
    if column == (chunk.members - 1u) / 4u {
        let last = personal[t][(chunk.members - 1u) % 4u];
        edges[2u * (t / QUADS) * CHUNKS + 2u * (chunk.first / CHUNK_MEMBERS) + 1u] = last;
    }
}

// Personal best of any member of the swarm, as seen from this chunk: its own columns, or the edge of the next chunk.
fn neighbour(coordinate: u32, member: u32) -> f32 {
    if member >= chunk.first && member < chunk.first + chunk.members {
        let i = coordinate * STRIDE + member - chunk.first;
        return personal[i / 4u][i % 4u];
    }
    let other = member / CHUNK_MEMBERS;
    return edges[2u * coordinate * CHUNKS + 2u * other + u32(member != other * CHUNK_MEMBERS)];
}

// The best of a member and its two neighbours on the ring (Kennedy 1999); the member itself wins ties.
fn ring_leader(block: u32, coordinate: u32, member: u32) -> f32 {
    let left = select(member - 1u, MEMBERS - 1u, member == 0u);
    let right = select(member + 1u, 0u, member + 1u == MEMBERS);
    let base = block * MEMBER_QUADS;
    var leader = member;
    var value = own_fitness[base + member / 4u][member % 4u];
    let left_value = own_fitness[base + left / 4u][left % 4u];
    if left_value < value {
        leader = left;
        value = left_value;
    }
    if own_fitness[base + right / 4u][right % 4u] < value {
        leader = right;
    }
    return neighbour(coordinate, leader);
}

// One thread per quad of a chunk: everyone follows the best of three on a ring.
@compute @workgroup_size(WORKGROUP)
fn ask_ring(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    if t >= COORDINATES * QUADS || column * 4u >= chunk.members { return; }
    if clock.generation == 0u || clock.stopped != 0u { return; }
    let coordinate = t / QUADS;
    let block = coordinate / WIDTH;
    let quad = chunk.first / 4u + column;
    var leader = vec4f(0.0);
    for (var j = 0u; j < 4u; j += 1u) {
        leader[j] = ring_leader(block, coordinate, min(quad * 4u + j, MEMBERS - 1u));
    }
    advance(t, positions[t], personal[t], leader, coordinate, quad);
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
