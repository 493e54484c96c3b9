//! import grid, output_draws
// One swarm over all outputs of the batch, as in AdaSwarm's public code: for comparison. A particle is the outputs of
// every row, and one best particle serves them all. One thread moves a candidate's swarm; a dispatch is one move.
struct State {
    x: f32,
    v: f32,
    m: f32,
    own: f32,
}
struct Turn {
    number: u32, // 0: particles start
}
@group(2) @binding(6) var<storage, read_write> states: array<State>;       // candidate, particle, output, row
@group(2) @binding(7) var<storage, read_write> best: array<f32>;           // candidate, output, row
@group(2) @binding(8) var<storage, read_write> losses_of_swarm: array<f32>; // candidate: each particle's own, the best
@group(2) @binding(9) var<uniform> turn: Turn;

fn said(candidate: u32, output: u32, row: u32) -> f32 {
    return output_of(logits[(candidate * PADDED_OUTPUTS + output) * PADDED_ROWS + row]);
}

// What a particle costs, summed over the batch.
fn cost(first: u32) -> f32 {
    var sum = 0.0;
    var now: array<f32, TOGETHER>;
    for (var row = 0u; row < ROWS; row += 1u) {
        for (var swarm = 0u; swarm < SWARMS; swarm += 1u) {
            for (var o = 0u; o < TOGETHER; o += 1u) {
                now[o] = states[first + (swarm * TOGETHER + o) * ROWS + row].x;
            }
            sum += swarm_loss(&now, swarm * TOGETHER, row_labels[part.row + row]);
        }
    }
    return sum;
}

// One thread per candidate of the part.
@compute @workgroup_size(WORKGROUP)
fn swarm_over_batch(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let candidate = line(global, groups);
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    let base = candidate * OUTPUTS * ROWS;
    let record = candidate * (PARTICLES + 1u);
    let begins = of_thread(turn.number, candidate) == 0u;
    var leader = PARTICLES;
    var leading = select(losses_of_swarm[record + PARTICLES], 0.0, begins);
    for (var s = 0u; s < PARTICLES; s += 1u) {
        let first = (candidate * PARTICLES + s) * OUTPUTS * ROWS;
        for (var e = 0u; e < OUTPUTS * ROWS; e += 1u) {
            let output = e / ROWS;
            let row = e % ROWS;
            let r = pulls(candidate, row, output, turn.number * PARTICLES + s);
            var state = states[first + e];
            if begins {
                let x = started(said(candidate, output, row), output, row_labels[part.row + row], r.x);
                state = State(x, 0.0, 0.0, x);
            } else {
                state.m = mix(state.v, state.m, output_swarm.beta);
                state.v = state.m + output_swarm.cognitive * r.x * (state.own - state.x)
                    + output_swarm.social * r.y * (best[base + e] - state.x);
                state.x = clamp(state.x + state.v, output_swarm.low, output_swarm.high);
            }
            states[first + e] = state;
        }
        let now = cost(first);
        if begins || now < losses_of_swarm[record + s] {
            losses_of_swarm[record + s] = now;
            for (var e = 0u; e < OUTPUTS * ROWS; e += 1u) {
                states[first + e].own = states[first + e].x;
            }
        }
        if now < leading || (begins && s == 0u) {
            leading = now;
            leader = s;
        }
    }
    if leader < PARTICLES {
        losses_of_swarm[record + PARTICLES] = leading;
        for (var e = 0u; e < OUTPUTS * ROWS; e += 1u) {
            best[base + e] = states[(candidate * PARTICLES + leader) * OUTPUTS * ROWS + e].x;
        }
    }
}

// One thread per candidate, output and row.
@compute @workgroup_size(WORKGROUP)
fn slopes(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t % PADDED_ROWS;
    let output = t / PADDED_ROWS % OUTPUTS;
    let candidate = t / PADDED_ROWS / OUTPUTS;
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    var slope = 0.0;
    if row < ROWS {
        var pull = 0.0;
        for (var s = 0u; s < PARTICLES; s += 1u) {
            let r = pulls(candidate, row, output, ITERATIONS * PARTICLES + s);
            pull += output_swarm.cognitive * r.x + output_swarm.social * r.y;
        }
        let y = said(candidate, output, row);
        let away = y - best[(candidate * OUTPUTS + output) * ROWS + row];
        slope = pull / f32(PARTICLES) / output_swarm.eta * away * output_slope(y) * SHARE;
    }
    deltas[(candidate * PADDED_OUTPUTS + output) * PADDED_ROWS + row] = slope;
}
