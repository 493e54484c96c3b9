//! import clock, finite, grid, together
// Augmented random search (Mania, Guy and Recht 2018): only the pairs with the best member count, and the step is
// measured in deviations of their rewards.
@group(1) @binding(2) var<storage, read_write> fitness: array<f32>;
@group(3) @binding(0) var<storage, read_write> utility: array<f32>;
@group(3) @binding(1) var<storage, read_write> pair_best: array<f32>; // the lower fitness of a pair
@group(3) @binding(2) var<storage, read_write> chosen: array<f32>;    // 1 for the pairs that count

// One thread per pair.
@compute @workgroup_size(WORKGROUP)
fn pair_up(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let pair = line(global, groups);
    if pair >= PAIRS || clock.stopped != 0u { return; }
    let plus = fitness[2u * pair];
    let minus = fitness[2u * pair + 1u];
    // A pair of which one has no fitness tells no direction.
    pair_best[pair] = select(min(plus, minus), WORST, max(plus, minus) >= WORST);
}

fn share(member: u32) -> f32 {
    let pair = member / 2u;
    return select(chosen[pair], 0.0, pair_best[pair] >= WORST);
}

// One workgroup: utility is the reward, -fitness, in deviations of all rewards that count. In units of the largest, so
// that its square is finite too.
@compute @workgroup_size(REDUCE)
fn weigh(@builtin(local_invocation_index) lane: u32) {
    let last = select(2u * PAIRS, 0u, clock.stopped != 0u);
    var most = vec2f(1e-30);
    for (var m = lane; m < last; m += REDUCE) {
        most = select(most, max(most, vec2f(abs(fitness[m]))), share(m) > 0.0);
    }
    let size = largest(most, lane).x;
    var sum = vec2f(0.0);
    for (var m = lane; m < last; m += REDUCE) {
        let w = share(m);
        sum += select(vec2f(0.0), vec2f(w * (fitness[m] / size), w), w > 0.0);
    }
    let total = together(sum, lane);
    let mean = total.x / max(total.y, 1e-30);
    sum = vec2f(0.0);
    for (var m = lane; m < last; m += REDUCE) {
        let w = share(m);
        let off = select(0.0, fitness[m] / size - mean, w > 0.0);
        sum += vec2f(w * off * off, 0.0);
    }
    let deviation = sqrt(together(sum, lane).x / max(total.y, 1e-30));
    for (var m = lane; m < last; m += REDUCE) {
        let w = share(m);
        utility[m] = select(0.0, w * (mean - fitness[m] / size) / max(deviation, 1e-20), w > 0.0);
    }
}
