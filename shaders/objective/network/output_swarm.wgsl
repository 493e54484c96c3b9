//! import clock, chunk, philox, grid, layered_part
// A swarm for every output, or for the outputs of every row, in place of the slope of the loss (Mohapatra et al. 2020,
// eqs. 4 to 6 and 24, with the sign that descends). It lives in the registers of one thread and is gone after the
// generation.
struct OutputSwarm {
    cognitive: f32,
    social: f32,
    beta: f32,   // memory of the averaged velocity
    eta: f32,    // what the slope is divided by
    window: f32, // half the width of the box in which particles start
    low: f32,    // where outputs end
    high: f32,
    origin: u32, // where particles start: 0 around the prediction, 1 anywhere in the box, 2 at the label
}
@group(2) @binding(2) var<storage, read> logits: array<f32>;        // candidate, output, row
@group(2) @binding(3) var<storage, read> row_labels: array<u32>;
@group(2) @binding(4) var<storage, read_write> deltas: array<f32>;  // as the logits
@group(2) @binding(5) var<uniform> output_swarm: OutputSwarm;

const OUTPUT: u32 = 29u; // purpose of these draws; the number of the move above it

// Two uniforms in [0, 1) for one output of one row of one candidate.
fn pulls(candidate: u32, row: u32, output: u32, move_number: u32) -> vec2f {
    let counter = vec4u(row * OUTPUTS + output, clock.generation, candidate, OUTPUT + (move_number << 8u));
    return vec2f(philox(counter, vec2u(clock.seed_low, clock.seed_high)).xy >> vec2u(8u)) * 0x1p-24;
}

// One thread per candidate, swarm and row: TOGETHER outputs make one swarm.
@compute @workgroup_size(WORKGROUP)
fn slopes(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t % PADDED_ROWS;
    let swarm = t / PADDED_ROWS % SWARMS;
    let candidate = t / PADDED_ROWS / SWARMS;
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    let first = swarm * TOGETHER;
    let base = (candidate * PADDED_OUTPUTS + first) * PADDED_ROWS + row;
    if row >= part.rows {
        for (var o = 0u; o < TOGETHER; o += 1u) {
            deltas[base + o * PADDED_ROWS] = 0.0;
        }
        return;
    }
    let label = row_labels[part.row + row];
    let place = part.block * PART_ROWS + row; // in the batch
    let member = chunk.first + part.candidate + candidate;
    var said: array<f32, TOGETHER>;
    for (var o = 0u; o < TOGETHER; o += 1u) {
        said[o] = output_of(logits[base + o * PADDED_ROWS]);
    }

    var x: array<f32, STATES>; // particle, output
    var v: array<f32, STATES>;
    var m: array<f32, STATES>;
    var own: array<f32, STATES>;
    var own_loss: array<f32, PARTICLES>;
    var best: array<f32, TOGETHER>;
    var now: array<f32, TOGETHER>;
    var best_loss = 0.0;
    for (var s = 0u; s < PARTICLES; s += 1u) {
        for (var o = 0u; o < TOGETHER; o += 1u) {
            let u = pulls(member, place, first + o, s).x;
            var start = said[o] + output_swarm.window * (2.0 * u - 1.0);
            if output_swarm.origin == 1u {
                start = BOX_CENTRE + output_swarm.window * (2.0 * u - 1.0);
            } else if output_swarm.origin == 2u {
                start = at_label(first + o, label, u);
            }
            now[o] = clamp(start, output_swarm.low, output_swarm.high);
            x[s * TOGETHER + o] = now[o];
            v[s * TOGETHER + o] = 0.0;
            m[s * TOGETHER + o] = 0.0;
            own[s * TOGETHER + o] = now[o];
        }
        own_loss[s] = swarm_loss(&now, first, label);
        if s == 0u || own_loss[s] < best_loss {
            best_loss = own_loss[s];
            best = now;
        }
    }

    var pull: array<f32, TOGETHER>;
    for (var i = 1u; i <= ITERATIONS; i += 1u) {
        var next = best;
        for (var o = 0u; o < TOGETHER; o += 1u) {
            pull[o] = 0.0;
        }
        for (var s = 0u; s < PARTICLES; s += 1u) {
            for (var o = 0u; o < TOGETHER; o += 1u) {
                let k = s * TOGETHER + o;
                let c = vec2f(output_swarm.cognitive, output_swarm.social)
                    * pulls(member, place, first + o, i * PARTICLES + s);
                m[k] = mix(v[k], m[k], output_swarm.beta);
                v[k] = m[k] + c.x * (own[k] - x[k]) + c.y * (best[o] - x[k]);
                x[k] = clamp(x[k] + v[k], output_swarm.low, output_swarm.high);
                now[o] = x[k];
                pull[o] += c.x + c.y;
            }
            let loss = swarm_loss(&now, first, label);
            if loss < own_loss[s] {
                own_loss[s] = loss;
                for (var o = 0u; o < TOGETHER; o += 1u) {
                    own[s * TOGETHER + o] = now[o];
                }
            }
            if loss < best_loss {
                best_loss = loss;
                next = now;
            }
        }
        best = next;
    }

    for (var o = 0u; o < TOGETHER; o += 1u) {
        let slope = pull[o] / f32(PARTICLES) / output_swarm.eta * (said[o] - best[o]);
        deltas[base + o * PADDED_ROWS] = slope * output_slope(said[o]) * SHARE;
    }
}
