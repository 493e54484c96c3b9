//! import clock, finite, grid, together
// Fitness to utility: what counts is the rank, or the distance from the mean. A higher utility is better.
@group(1) @binding(2) var<storage, read_write> fitness: array<f32>;
@group(3) @binding(0) var<storage, read_write> utility: array<f32>; // padded to whole quads with 0
@group(3) @binding(1) var<storage, read> shares: array<vec2f>; // shares[n]: utilities of the n best ranks together, and what rounding left of it
@group(3) @binding(2) var<storage, read_write> sorted: array<f32>; // fitness in order, a power of two of them
@group(3) @binding(3) var<uniform> pass_of: Pass;
struct Pass {
    run: u32,  // length of the runs that are merged
    step: u32, // distance of the two that are compared
}

// The mean utility of the ranks that a value shares with its equals.
fn shared_utility(better: u32, equal: u32) -> f32 {
    let share = shares[better + equal] - shares[better];
    return (share.x + share.y) / f32(equal);
}

// One thread per member: its rank by counting.
@compute @workgroup_size(WORKGROUP)
fn rank_by_counting(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let member = line(global, groups);
    if member >= RANKED || clock.stopped != 0u { return; }
    let own = fitness[member];
    var better = 0u;
    var equal = 0u;
    for (var other = 0u; other < RANKED; other += 1u) {
        let value = fitness[other];
        better += u32(value < own);
        equal += u32(value == own);
    }
    utility[member] = shared_utility(better, equal);
}

// One thread per place: fitness to be sorted, behind it the padding.
@compute @workgroup_size(WORKGROUP)
fn sort_begin(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= SORTED || clock.stopped != 0u { return; }
    var value = WORST;
    if i < RANKED {
        value = fitness[i];
    }
    sorted[i] = value;
}

// One thread per pair: one comparison of a bitonic sort (Batcher 1968).
@compute @workgroup_size(WORKGROUP)
fn sort_pass(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= SORTED / 2u || clock.stopped != 0u { return; }
    let step = pass_of.step;
    let i = (t / step) * 2u * step + t % step;
    let rising = (i & pass_of.run) == 0u;
    let a = sorted[i];
    let b = sorted[i + step];
    if (a > b) == rising {
        sorted[i] = b;
        sorted[i + step] = a;
    }
}

// The number of sorted values below `value`, or not above it.
fn below(value: f32, inclusive: bool) -> u32 {
    var low = 0u;
    var high = RANKED;
    while low < high {
        let middle = (low + high) / 2u;
        let found = sorted[middle];
        if found < value || (inclusive && found == value) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

// One thread per member: its rank by looking it up among the sorted.
@compute @workgroup_size(WORKGROUP)
fn rank_by_sorting(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let member = line(global, groups);
    if member >= RANKED || clock.stopped != 0u { return; }
    let own = fitness[member];
    let better = below(own, false);
    utility[member] = shared_utility(better, below(own, true) - better);
}

// One workgroup: (mean - f) / sqrt(variance + 1e-5), the standard score of Sarkar et al. 2025. Members without a
// finite fitness count as the worst of the others. In units of the largest value, so that its square is finite too.
@compute @workgroup_size(REDUCE)
fn standardize(@builtin(local_invocation_index) lane: u32) {
    let last = select(RANKED, 0u, clock.stopped != 0u);
    var most = vec2f(1.0, -WORST);
    for (var m = lane; m < last; m += REDUCE) {
        let f = fitness[m];
        most = select(most, max(most, vec2f(abs(f), f)), f < WORST);
    }
    most = largest(most, lane);
    let size = most.x;
    let worst = select(most.y, 0.0, most.y == -WORST);
    var sum = 0.0;
    for (var m = lane; m < last; m += REDUCE) {
        sum += min(fitness[m], worst) / size;
    }
    let mean = together(vec2f(sum), lane).x / f32(RANKED);
    sum = 0.0;
    for (var m = lane; m < last; m += REDUCE) {
        let off = min(fitness[m], worst) / size - mean;
        sum += off * off;
    }
    let variance = together(vec2f(sum), lane).x / f32(RANKED);
    let scale = inverseSqrt(variance + max(SMALLEST_VARIANCE / size / size, 1e-20));
    for (var m = lane; m < last; m += REDUCE) {
        utility[m] = (mean - min(fitness[m], worst) / size) * scale;
    }
}
