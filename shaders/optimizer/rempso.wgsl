//! import follow, shuffle
// Exponentially averaged momentum particle swarm in rotated axes (Mohapatra et al. 2020, AdaSwarm, supplement). `axes`
// is a random order of each block's coordinates: the first 2 pairs of them are taken two by two, the others alone.
struct RemPso {
    cognitive: f32,
    social: f32,
    beta: f32,
    cosine: f32,
    sine: f32,
    pairs: u32, // in each block
}
@group(3) @binding(9) var<uniform> settings: RemPso;
@group(3) @binding(10) var<storage, read_write> momentum: array<vec4f>;
@group(3) @binding(11) var<storage, read_write> axes: array<u32>;

fn moved(t: u32, v: vec4f, toward_own: vec4f, toward_leader: vec4f) -> vec4f {
    let average = mix(v, momentum[t], settings.beta);
    momentum[t] = average;
    return average + settings.cognitive * toward_own + settings.social * toward_leader;
}

// One thread per coordinate.
@compute @workgroup_size(WORKGROUP)
fn pair(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= COORDINATES { return; }
    let block = t / WIDTH;
    axes[t] = shuffled(t % WIDTH, WIDTH, HALF, words(0u, block, AXES));
}

// A' R A d for a pair of coordinates, with the r of each: turned, scaled, turned back.
fn turned(r_first: vec4f, r_second: vec4f, first: vec4f, second: vec4f) -> array<vec4f, 2> {
    let one = r_first * (settings.cosine * first + settings.sine * second);
    let other = r_second * (settings.cosine * second - settings.sine * first);
    return array(settings.cosine * one - settings.sine * other, settings.sine * one + settings.cosine * other);
}

// One thread per quad of a chunk and pair of coordinates, or coordinate alone.
@compute @workgroup_size(WORKGROUP)
fn ask_paired(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    let slots = WIDTH - settings.pairs;
    let block = t / QUADS / slots;
    let slot = t / QUADS % slots;
    if block >= BLOCKS || column * 4u >= chunk.members || clock.generation == 0u || clock.stopped != 0u { return; }
    if slot >= settings.pairs {
        follow_best(block * WIDTH + axes[block * WIDTH + settings.pairs + slot], column);
        return;
    }
    let i = block * WIDTH + axes[block * WIDTH + 2u * slot];
    let j = block * WIDTH + axes[block * WIDTH + 2u * slot + 1u];
    let ti = i * QUADS + column;
    let tj = j * QUADS + column;
    let quad = chunk.first / 4u + column;
    let mask = improved[block * MEMBER_QUADS + quad];
    let xi = positions[ti];
    let xj = positions[tj];
    let own_i = remembered(ti, xi, mask);
    let own_j = remembered(tj, xj, mask);
    let own = turned(draw(i, quad, COGNITIVE), draw(j, quad, COGNITIVE), own_i - xi, own_j - xj);
    let leader = turned(draw(i, quad, SOCIAL), draw(j, quad, SOCIAL), best[i] - xi, best[j] - xj);
    arrive(ti, xi, velocity[ti], own[0], leader[0]);
    arrive(tj, xj, velocity[tj], own[1], leader[1]);
}
