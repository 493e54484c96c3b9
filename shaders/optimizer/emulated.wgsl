//! import bounds, clock, finite, grid, sum, rate
// A point beside a swarm that goes down along the swarm's pull (Mohapatra et al. 2020, AdaSwarm): as if the gradient were
// g = (s / eta) (w - best of the swarm), s the mean of c1 r1 + c2 r2 over the members.
struct Emulated {
    cognitive: f32,
    social: f32,
    eta: f32,
}
@group(1) @binding(0) var<storage, read_write> positions: array<f32>; // the point, in column 0
@group(1) @binding(2) var<storage, read_write> fitness: array<f32>;   // of the members, then of the point
@group(3) @binding(0) var<uniform> emulated: Emulated;
@group(3) @binding(1) var<storage, read_write> swarm_best: array<f32>;
@group(3) @binding(2) var<storage, read_write> swarm_fitness: array<f32>;
@group(3) @binding(3) var<storage, read_write> point: array<f32>;
@group(3) @binding(4) var<storage, read_write> best: array<f32>;
@group(3) @binding(5) var<storage, read_write> best_fitness: array<f32>;
@group(3) @binding(8) var<storage, read_write> kept: array<u32>; // 1 when the point is the best so far

// One thread per coordinate. The point is drawn as the member after the last one would be.
@compute @workgroup_size(WORKGROUP)
fn start_point(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS { return; }
    let x = first_of(words(i, MEMBERS / 4u, START))[MEMBERS % 4u];
    point[i] = x;
    positions[i * STRIDE] = x;
}

// One workgroup per coordinate: what the members were drawn by, with the very numbers of their move; then the step.
@compute @workgroup_size(REDUCE)
fn follow_pull(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = group_line(group, groups);
    let moves = i < DIMS && clock.stopped == 0u && clock.generation > 0u;
    let quads = select(0u, (MEMBERS + 3u) / 4u, moves);
    var pull = 0.0;
    for (var quad = lane; quad < quads; quad += REDUCE) {
        let drawn = emulated.cognitive * draw(i, quad, COGNITIVE) + emulated.social * draw(i, quad, SOCIAL);
        let there = 4u * quad + vec4u(0u, 1u, 2u, 3u) < vec4u(MEMBERS);
        pull += dot(select(vec4f(0.0), drawn, there), vec4f(1.0));
    }
    let s = sum_of_lanes(pull, lane) / f32(MEMBERS);
    if lane == 0u && i < DIMS && clock.stopped == 0u {
        var x = point[i];
        if moves {
            let gradient = s / emulated.eta * (x - swarm_best[i]) / bounds.unit;
            x = walled(stepped(i, 0u, f32(clock.generation), x, gradient, bounds.unit));
            point[i] = x;
        }
        positions[i * STRIDE] = x;
    }
}

// One thread per member: hands the swarm its part of the fitness; and whether the point is the best so far. Where
// fitness changes with the batch, the newest point is.
@compute @workgroup_size(WORKGROUP)
fn judge_point(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let member = line(global, groups);
    if member >= MEMBERS || clock.stopped != 0u { return; }
    swarm_fitness[member] = fitness[member];
    if member == 0u {
        let now = fitness[MEMBERS];
        let better = CHANGING != 0u || now < best_fitness[0] || clock.generation == 0u;
        kept[0] = u32(better);
        if better {
            best_fitness[0] = now;
        }
    }
}

// One thread per coordinate.
@compute @workgroup_size(WORKGROUP)
fn keep_point(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u || kept[0] == 0u { return; }
    best[i] = point[i];
}
