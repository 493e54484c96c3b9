//! import strategy, sum
// Covariance matrix adaptation with a diagonal matrix (Hansen and Ostermeier 2001; Ros and Hansen 2008).
struct SepCma {
    path_rate: f32,      // c_s
    path_gain: f32,      // sqrt(c_s (2 - c_s) mu_w)
    damping: f32,        // c_s / d_s
    expected: f32,       // E|N(0, I)|
    rank_one: f32,       // c_1
    rank_mu: f32,        // c_mu
    cumulation: f32,     // c_c
    cumulation_gain: f32, // sqrt(c_c (2 - c_c) mu_w)
    dims: f32,
}
@group(3) @binding(4) var<storage, read_write> leaning: array<f32>;
@group(3) @binding(5) var<uniform> settings: SepCma;
@group(3) @binding(6) var<storage, read_write> paths: array<vec2f>;    // p_s and p_c
@group(3) @binding(7) var<storage, read_write> variance: array<f32>;   // C, the diagonal
@group(3) @binding(8) var<storage, read_write> step_size: array<f32>;  // sigma, then h

// One thread per coordinate: the path of the step size. The noise itself is C^(-1/2) y.
@compute @workgroup_size(WORKGROUP)
fn walk(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    if of_thread(clock.generation, i) == 0u {
        variance[i] = 1.0;
        paths[i] = vec2f(0.0);
    }
    paths[i].x = (1.0 - settings.path_rate) * paths[i].x + settings.path_gain * leaning[i];
}

// One workgroup: the step size from the length of its path.
@compute @workgroup_size(REDUCE)
fn resize(@builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var i = lane; i < DIMS; i += REDUCE) {
        sum += paths[i].x * paths[i].x;
    }
    let squares = sum_of_lanes(sum, lane);
    if lane == 0u && clock.stopped == 0u {
        let ratio = sqrt(squares) / settings.expected;
        let settled = sqrt(1.0 - pow(1.0 - settings.path_rate, 2.0 * f32(clock.generation + 1u)));
        let sigma = select(step_size[0], first_sigma * bounds.unit, clock.generation == 0u);
        step_size[1] = select(0.0, 1.0, ratio / settled < 1.4 + 2.0 / (settings.dims + 1.0));
        step_size[2] = sigma;
        step_size[0] = sigma * exp(clamp(settings.damping * (ratio - 1.0), -1.0, 1.0));
    }
}

// One thread per coordinate: mean, the path of the matrix, its diagonal.
@compute @workgroup_size(WORKGROUP)
fn adapt(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    keep(i);
    let c = variance[i];
    let h = step_size[1];
    let y = sqrt(c) * leaning[i];
    centre[i] = walled(centre[i] + step_size[2] * y);
    let p = (1.0 - settings.cumulation) * paths[i].y + h * settings.cumulation_gain * y;
    paths[i].y = p;
    let lost = (1.0 - h) * settings.cumulation * (2.0 - settings.cumulation);
    // The sum of the squares weighted by utilities that sum to 1.
    let squares = c * max(leaning[DIMS + i] + 1.0, 0.0);
    let kept_share = 1.0 - settings.rank_one - settings.rank_mu + lost * settings.rank_one;
    let now = max(kept_share * c + settings.rank_one * p * p + settings.rank_mu * squares, 1e-30);
    variance[i] = now;
    spread[i] = step_size[0] * sqrt(now);
}
