//! import swarm
// Standard particle swarm 2011 (Clerc 2012): members jump to a random point of a ball around the centre of their own
// position, their own best and the best they were told of. Distances are sums over all coordinates of a block, in two
// steps: over spans of them, then over the spans.
struct Spso {
    inertia: f32,
    pull: f32,
    informants: u32,
    span: u32,  // coordinates in a span
    spans: u32, // in a block
}
@group(3) @binding(9) var<uniform> settings: Spso;
@group(3) @binding(10) var<storage, read_write> offset: array<vec4f>; // from each member to its centre
@group(3) @binding(11) var<storage, read_write> sums: array<vec4f>;
@group(3) @binding(12) var<storage, read_write> reach: array<vec4f>; // of each block
@group(3) @binding(13) var<storage, read_write> lowest: array<atomic<u32>>;
@group(3) @binding(14) var<storage, read_write> elected: array<atomic<u32>>;
@group(3) @binding(15) var<storage, read> leaders: array<u32>; // `elected`, to be read only: 0 is the member itself
@group(3) @binding(16) var<storage, read> own: array<vec4f>; // personal bests of this chunk
@group(3) @binding(17) var<storage, read> others: array<f32>; // those of the chunk that is looked at
@group(3) @binding(18) var<uniform> teller: Chunk; // that chunk
@group(3) @binding(19) var<storage, read_write> former: array<f32>; // best fitness of the generation before
@group(3) @binding(20) var<storage, read_write> epoch: array<u32>; // generation of the last draw of informants

// One thread per quad of a chunk: the first velocity leads to another point of the box.
@compute @workgroup_size(WORKGROUP)
fn launch(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= COORDINATES * QUADS { return; }
    let quad = chunk.first / 4u + t % QUADS;
    let there = first_of(words(t / QUADS, quad, LAUNCH));
    velocity[t] = clamp(there - positions[t], vec4f(-vmax), vec4f(vmax));
}

fn waiting() -> bool {
    return (clock.generation == 0u) | (clock.stopped != 0u);
}

// One thread per quad of a chunk: the pending personal bests, so that others can read them.
@compute @workgroup_size(WORKGROUP)
fn settle(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    if t >= COORDINATES * QUADS || column * 4u >= chunk.members || waiting() { return; }
    let mask = improved[t / QUADS / WIDTH * MEMBER_QUADS + chunk.first / 4u + column];
    if mask != 0u {
        personal[t] = select(personal[t], positions[t], pending(mask));
    }
}

// Own record of a member of the whole swarm as an integer of the same order; both zeros are one.
fn rank(t: u32) -> u32 {
    let value = own_fitness[t / MEMBERS * MEMBER_QUADS + t % MEMBERS / 4u][t % MEMBERS % 4u];
    let bits = select(bitcast<u32>(value), 0u, value == 0.0);
    return select(bits | 0x80000000u, ~bits, (bits >> 31u) != 0u);
}

// The upper half of a product.
fn high_product(a: u32, b: u32) -> u32 {
    let al = a & 0xffffu;
    let ah = a >> 16u;
    let bl = b & 0xffffu;
    let bh = b >> 16u;
    let t = ah * bl + ((al * bl) >> 16u);
    let u = al * bh + (t & 0xffffu);
    return ah * bh + (t >> 16u) + (u >> 16u);
}

// Whom a member tells of its record, as the k-th.
fn told(t: u32, k: u32) -> u32 {
    let block = t / MEMBERS;
    let counter = vec4u(t % MEMBERS, epoch[block], block * 16u + k / 4u, INFORM);
    let word = threefry(counter, seed_key())[k % 4u];
    return block * MEMBERS + high_product(word, MEMBERS);
}

// One thread per member: it knows its own record.
@compute @workgroup_size(WORKGROUP)
fn hear_own(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= BLOCKS * MEMBERS || waiting() { return; }
    atomicStore(&lowest[t], rank(t));
    atomicStore(&elected[t], NOWHERE);
}

// One thread per member: the lowest record that others hear of. A minimum is the same in any order.
@compute @workgroup_size(WORKGROUP)
fn hear(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= BLOCKS * MEMBERS || waiting() { return; }
    for (var k = 0u; k < of_thread(settings.informants, t); k += 1u) {
        atomicMin(&lowest[told(t, k)], rank(t));
    }
}

// One thread per member: who holds that record. The member itself wins ties, then the first.
@compute @workgroup_size(WORKGROUP)
fn elect(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= BLOCKS * MEMBERS || waiting() { return; }
    if atomicLoad(&lowest[t]) == rank(t) {
        atomicStore(&elected[t], 0u);
    }
    for (var k = 0u; k < of_thread(settings.informants, t); k += 1u) {
        let listener = told(t, k);
        if atomicLoad(&lowest[listener]) == rank(t) {
            atomicMin(&elected[listener], t % MEMBERS + 1u);
        }
    }
}

// One thread per quad of a chunk: G - x for the members whose leader is in the chunk that is looked at.
@compute @workgroup_size(WORKGROUP)
fn aim(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    if t >= COORDINATES * QUADS || column * 4u >= chunk.members || waiting() { return; }
    let coordinate = t / QUADS;
    let first = chunk.first + 4u * column;
    let x = positions[t];
    let toward_own = settings.pull * (own[t] - x);
    var centre = offset[t];
    for (var j = 0u; j < 4u && first + j < MEMBERS; j += 1u) {
        let leader = leaders[coordinate / WIDTH * MEMBERS + first + j];
        if leader == 0u {
            centre[j] = toward_own[j] / 2.0;
        } else if leader - teller.first - 1u < teller.members {
            let theirs = others[coordinate * STRIDE + leader - 1u - teller.first];
            centre[j] = (toward_own[j] + settings.pull * (theirs - x[j])) / 3.0;
        }
    }
    offset[t] = centre;
}

// One thread per quad of a chunk and span: sums of squares of G - x and of a normal vector.
@compute @workgroup_size(WORKGROUP)
fn measure(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    let block = t / QUADS / settings.spans;
    if block >= BLOCKS || column * 4u >= chunk.members || waiting() { return; }
    let quad = chunk.first / 4u + column;
    let first = block * WIDTH + t / QUADS % settings.spans * settings.span;
    let last = min(first + settings.span, (block + 1u) * WIDTH);
    var distance = vec4f(0.0);
    var length = vec4f(0.0);
    for (var coordinate = first; coordinate < last; coordinate += 1u) {
        let toward = offset[coordinate * QUADS + column];
        let normal = draw_normal(coordinate, quad, DIRECTION);
        distance += toward * toward;
        length += normal * normal;
    }
    sums[2u * t] = distance;
    sums[2u * t + 1u] = length;
}

// One thread per quad of a chunk and block: what a normal vector is to be multiplied by.
@compute @workgroup_size(WORKGROUP)
fn total(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    let block = t / QUADS;
    if block >= BLOCKS || column * 4u >= chunk.members || waiting() { return; }
    var distance = vec4f(0.0);
    var length = vec4f(0.0);
    for (var span = 0u; span < of_thread(settings.spans, t); span += 1u) {
        let i = (block * settings.spans + span) * QUADS + column;
        distance += sums[2u * i];
        length += sums[2u * i + 1u];
    }
    let radius = draw(block, chunk.first / 4u + column, RADIUS) * sqrt(distance);
    reach[t] = radius / sqrt(max(length, vec4f(1e-30)));
}

// One thread per quad of a chunk: x' - x is added to the velocity, the velocity to x. A wall turns it, halved.
@compute @workgroup_size(WORKGROUP)
fn ask(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    if t >= COORDINATES * QUADS || column * 4u >= chunk.members || waiting() { return; }
    let coordinate = t / QUADS;
    let normal = draw_normal(coordinate, chunk.first / 4u + column, DIRECTION);
    let jump = offset[t] + reach[coordinate / WIDTH * QUADS + column] * normal;
    let v = clamp(settings.inertia * velocity[t] + jump, vec4f(-vmax), vec4f(vmax));
    let there = positions[t] + v;
    let within = all_walled(there);
    velocity[t] = select(v, -0.5 * v, within != there);
    positions[t] = within;
}

// One thread per block: after a generation without a better best all draw whom they tell.
@compute @workgroup_size(WORKGROUP)
fn tell_epoch(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let block = line(global, groups);
    if block >= BLOCKS || clock.stopped != 0u { return; }
    if best_fitness[block] >= former[block] {
        epoch[block] = clock.generation + 1u;
    }
    former[block] = best_fitness[block];
}
