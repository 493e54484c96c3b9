//! import swarm
// Swarms whose members follow two points, coordinate by coordinate: their own best and the best of their neighbourhood.
// The velocity rule, `moved`, is the optimizer's own.
@group(3) @binding(8) var<storage, read_write> edges: array<f32>;

// Moves one quad and keeps it within the walls; the velocity is kept when a wall stops it.
fn arrive(t: u32, x: vec4f, before: vec4f, toward_own: vec4f, toward_leader: vec4f) {
    let v = clamp(moved(t, before, toward_own, toward_leader), vec4f(-vmax), vec4f(vmax));
    velocity[t] = v;
    positions[t] = all_walled(x + v);
}

fn advance(t: u32, x: vec4f, own: vec4f, leader: vec4f, coordinate: u32, quad: u32) {
    let before = velocity[t];
    let toward_own = draw(coordinate, quad, COGNITIVE) * (own - x);
    let toward_leader = draw(coordinate, quad, SOCIAL) * (leader - x);
    arrive(t, x, before, toward_own, toward_leader);
}

// Moves one coordinate of a quad towards its own best and the best of the block.
fn follow_best(coordinate: u32, column: u32) {
    let t = coordinate * QUADS + column;
    let quad = chunk.first / 4u + column;
    let x = positions[t];
    let mask = improved[coordinate / WIDTH * MEMBER_QUADS + quad];
    let own = remembered(t, x, mask);
    advance(t, x, own, vec4f(best[coordinate]), coordinate, quad);
}

// One thread per quad of a chunk and two neighbouring coordinates, which share what it costs to start a thread.
@compute @workgroup_size(WORKGROUP)
fn ask(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    let coordinate = t / QUADS * 2u;
    if coordinate >= COORDINATES || column * 4u >= chunk.members || clock.generation == 0u || clock.stopped != 0u { return; }
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
    if t >= COORDINATES * QUADS || column * 4u >= chunk.members || clock.generation == 0u || clock.stopped != 0u { return; }
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
    if t >= COORDINATES * QUADS || column * 4u >= chunk.members || clock.generation == 0u || clock.stopped != 0u { return; }
    let coordinate = t / QUADS;
    let block = coordinate / WIDTH;
    let quad = chunk.first / 4u + column;
    var leader = vec4f(0.0);
    for (var j = 0u; j < 4u; j += 1u) {
        leader[j] = ring_leader(block, coordinate, min(quad * 4u + j, MEMBERS - 1u));
    }
    advance(t, positions[t], personal[t], leader, coordinate, quad);
}
