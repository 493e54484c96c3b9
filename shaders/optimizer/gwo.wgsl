//! import clock, chunk, random, finite, grid, smallest
// Grey wolf optimizer (Mirjalili, Mirjalili, Lewis 2014). Leaders are copies of the three best positions seen so far.
struct Gwo {
    low: f32,
    high: f32,
    wall_low: f32,
    wall_high: f32,
    normal: u32, // first positions: 0 uniform in the box, 1 standard normal
}
const FORMER: u32 = 0x80000000u; // a source from here on is a former leader, not a wolf

@group(1) @binding(0) var<storage, read_write> positions: array<vec4f>;
@group(1) @binding(2) var<storage, read_write> fitness: array<f32>;
@group(3) @binding(0) var<uniform> settings: Gwo;
@group(3) @binding(1) var<storage, read_write> leaders: array<vec4f>; // alpha, beta, delta of every coordinate
@group(3) @binding(2) var<storage, read_write> leader_fitness: array<vec4f>; // of every block
@group(3) @binding(3) var<storage, read_write> sources: array<vec4u>; // where each leader comes from
@group(3) @binding(4) var<storage, read_write> best: array<f32>;
@group(3) @binding(5) var<storage, read_write> best_fitness: array<f32>;

// One thread per quad of a chunk.
@compute @workgroup_size(WORKGROUP)
fn start(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= COORDINATES * QUADS { return; }
    let quad = chunk.first / 4u + t % QUADS;
    positions[t] = mix(vec4f(settings.low), vec4f(settings.high), draw(t / QUADS, quad, START));
    if of_thread(settings.normal, t) != 0u {
        positions[t] = draw_normal(t / QUADS, quad, START);
    }
}

// X'_k = X_k - A |C X_k - X| with A = 2 a r1 - a and C = 2 r2 (eqs. 3.3 to 3.6).
fn around(leader: f32, x: vec4f, a: f32, coordinate: u32, quad: u32, purpose: u32) -> vec4f {
    let reach = 2.0 * a * draw(coordinate, quad, purpose) - a;
    let sway = 2.0 * draw(coordinate, quad, purpose + 1u);
    return leader - reach * abs(sway * leader - x);
}

// One thread per quad of a chunk: the mean of three positions around the leaders (eq. 3.7).
@compute @workgroup_size(WORKGROUP)
fn ask(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let column = t % QUADS;
    if t >= COORDINATES * QUADS || column * 4u >= chunk.members || clock.generation == 0u || clock.stopped != 0u { return; }
    let coordinate = t / QUADS;
    let quad = chunk.first / 4u + column;
    let x = positions[t];
    let pack = leaders[coordinate];
    // a falls from 2 to 0; the first move follows the first evaluation.
    let a = 2.0 - 2.0 * min(f32(clock.generation - 1u) / f32(clock.horizon), 1.0);
    let sum = around(pack.x, x, a, coordinate, quad, LEADER)
        + around(pack.y, x, a, coordinate, quad, LEADER + 2u)
        + around(pack.z, x, a, coordinate, quad, LEADER + 4u);
    positions[t] = clamp(sum / 3.0, vec4f(settings.wall_low), vec4f(settings.wall_high));
}

// The smallest of the values of all lower lanes and `first`; every thread calls it, in uniform control flow.
fn before(mine: f32, first: f32, lane: u32) -> f32 {
    workgroupBarrier();
    places[lane].value = mine;
    workgroupBarrier();
    var least = first;
    for (var j = 0u; j < lane; j += 1u) {
        least = min(least, places[j].value);
    }
    return least;
}

// One workgroup per block: the leader rule of the authors' code. Wolves are looked at in order; one that beats alpha
// replaces it and the old alpha is dropped, else one that beats beta replaces beta, else one that beats delta delta.
// Each thread holds a stretch of neighbouring wolves, so what a wolf meets is the least of all stretches before.
@compute @workgroup_size(REDUCE)
fn lead_original(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_line(group, groups);
    let runs = block < BLOCKS && clock.stopped == 0u;
    let pack = leader_fitness[min(block, BLOCKS - 1u)];
    let stretch = (MEMBERS + REDUCE - 1u) / REDUCE;
    let first = min(lane * stretch, MEMBERS);
    let last = select(first, min(first + stretch, MEMBERS), runs);
    let row = block * MEMBER_QUADS * 4u;

    var alpha = Place(WORST, NOWHERE);
    for (var m = first; m < last; m += 1u) {
        alpha = smaller(alpha, Place(fitness[row + m], m));
    }
    let alpha_before = before(alpha.value, pack.x, lane);

    var beta = Place(WORST, NOWHERE);
    var met = alpha_before;
    for (var m = first; m < last; m += 1u) {
        let f = fitness[row + m];
        if f < met {
            met = f;
        } else if f > met {
            beta = smaller(beta, Place(f, m));
        }
    }
    let beta_before = before(beta.value, pack.y, lane);

    var delta = Place(WORST, NOWHERE);
    met = alpha_before;
    var met_beta = beta_before;
    for (var m = first; m < last; m += 1u) {
        let f = fitness[row + m];
        if f < met {
            met = f;
        } else if f > met && f < met_beta {
            met_beta = f;
        } else if f > met && f > met_beta {
            delta = smaller(delta, Place(f, m));
        }
    }
    workgroupBarrier();
    let new_alpha = smallest(alpha, lane);
    workgroupBarrier();
    let new_beta = smallest(beta, lane);
    workgroupBarrier();
    let new_delta = smallest(delta, lane);
    if lane == 0u && runs {
        let now = vec4f(new_alpha.value, new_beta.value, new_delta.value, WORST);
        let better = now < pack;
        let index = vec4u(new_alpha.index, new_beta.index, new_delta.index, NOWHERE);
        sources[block] = select(vec4u(FORMER, FORMER + 1u, FORMER + 2u, NOWHERE), index, better);
        leader_fitness[block] = select(pack, now, better);
        best_fitness[block] = min(pack.x, now.x);
    }
}

// One workgroup per block: the three best ever seen; a beaten leader moves down.
@compute @workgroup_size(REDUCE)
fn lead_best_3(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group_line(group, groups);
    let runs = block < BLOCKS && clock.stopped == 0u;
    let pack = leader_fitness[min(block, BLOCKS - 1u)];
    let last = select(0u, MEMBERS, runs);
    let row = block * MEMBER_QUADS * 4u;
    var found: array<Place, 3>;
    var floor = Place(-WORST, 0u);
    for (var rank = 0u; rank < 3u; rank += 1u) {
        var mine = Place(WORST, NOWHERE);
        // Former leaders win ties: they come first, with the lowest numbers.
        if lane < 3u && runs {
            let former = Place(pack[lane], lane);
            if rank == 0u || beyond(former, floor) {
                mine = former;
            }
        }
        for (var m = lane; m < last; m += REDUCE) {
            let wolf = Place(fitness[row + m], m + 3u);
            if rank == 0u || beyond(wolf, floor) {
                mine = smaller(mine, wolf);
            }
        }
        floor = smallest(mine, lane);
        found[rank] = floor;
        workgroupBarrier();
    }
    if lane == 0u && runs {
        leader_fitness[block] = vec4f(found[0].value, found[1].value, found[2].value, WORST);
        best_fitness[block] = found[0].value;
        sources[block] = vec4u(source(found[0].index), source(found[1].index), source(found[2].index), NOWHERE);
    }
}

// Whether `a` comes after `floor` in the order of fitness and number.
fn beyond(a: Place, floor: Place) -> bool {
    return a.value > floor.value || (a.value == floor.value && a.index > floor.index);
}

// Number in the common order to source: the first three are former leaders.
fn source(index: u32) -> u32 {
    return select(index - 3u, FORMER + index, index < 3u);
}

// One thread per coordinate: leaders that change places.
@compute @workgroup_size(WORKGROUP)
fn reseat(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let coordinate = line(global, groups);
    if coordinate >= COORDINATES || clock.stopped != 0u { return; }
    let origin = sources[coordinate / WIDTH];
    let pack = leaders[coordinate];
    for (var k = 0u; k < 3u; k += 1u) {
        if origin[k] >= FORMER && origin[k] < FORMER + 3u {
            leaders[coordinate][k] = pack[origin[k] - FORMER];
        }
    }
}

// One thread per coordinate of a chunk: new leaders that are in this chunk.
@compute @workgroup_size(WORKGROUP)
fn follow(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let coordinate = line(global, groups);
    if coordinate >= COORDINATES || clock.stopped != 0u { return; }
    let origin = sources[coordinate / WIDTH];
    for (var k = 0u; k < 3u; k += 1u) {
        if origin[k] >= chunk.first && origin[k] < chunk.first + chunk.members {
            let i = coordinate * STRIDE + origin[k] - chunk.first;
            leaders[coordinate][k] = positions[i / 4u][i % 4u];
        }
    }
    best[coordinate] = leaders[coordinate].x;
}
