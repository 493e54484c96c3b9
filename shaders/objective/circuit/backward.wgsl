// Back through a stretch of time (Werbos 1990): its steps are made again from the state that was kept, then walked back.
// Goes with `by_trial.wgsl`; `add_slope(k, slot, slots, value)`, `flush_slopes`, `raise_all` and `pull_all` stand beside
// this.
@group(2) @binding(8) var<storage, read> kept: array<vec4f>;          // stretch, row, slot: states at its end
@group(2) @binding(9) var<storage, read_write> tape: array<vec4f>;    // step, row, slot: states before it
@group(2) @binding(10) var<storage, read_write> slopes: array<vec4f>; // row, slot: of the loss in the state
@group(2) @binding(11) var<storage, read_write> sums: array<vec4f>;   // weight, slot: of the loss in the weights

var<private> slope: array<Neuron, QUADS>; // of the loss in the state after the step, then before it
var<private> later: array<vec4f, QUADS>;  // voltages after the step
var<private> pull: array<vec4f, QUADS>;   // slope of the loss in the current
var<private> onto: array<vec4f, QUADS>;   // what the others' voltages say of these synapses
var<private> based: array<vec4f, QUADS>;

fn load_kept(i: u32, slot: u32, slots: u32) {
    state[i] = Neuron(vec4f(START_VOLTAGE), vec4f(0.0), vec4f(0.0));
    if part.index > 0u {
        let row = ((part.index - 1u) * 3u * QUADS + i) * slots + slot;
        let rows = QUADS * slots;
        state[i] = Neuron(kept[row], kept[row + rows], kept[row + 2u * rows]);
    }
}

fn record(i: u32, n: u32, slot: u32, slots: u32) {
    let row = (n * 3u * QUADS + i) * slots + slot;
    let rows = QUADS * slots;
    tape[row] = state[i].v;
    tape[row + rows] = state[i].w;
    tape[row + 2u * rows] = state[i].s;
}

fn load_slope(i: u32, slot: u32, slots: u32) {
    let row = i * slots + slot;
    let rows = QUADS * slots;
    slope[i] = Neuron(slopes[row], slopes[row + rows], slopes[row + 2u * rows]);
    later[i] = state[i].v;
    based[i] = vec4f(0.0);
}

fn store_slope(i: u32, slot: u32, slots: u32) {
    let row = i * slots + slot;
    let rows = QUADS * slots;
    slopes[row] = slope[i].v;
    slopes[row + rows] = slope[i].w;
    slopes[row + 2u * rows] = slope[i].s;
}

// What the answer says of synapses in a step that it is read from, and the slope in the current.
fn raise(i: u32, n: u32, said: f32, slot: u32, slots: u32) {
    let row = (n * 3u * QUADS + i) * slots + slot;
    let rows = QUADS * slots;
    state[i] = Neuron(tape[row], tape[row + rows], tape[row + 2u * rows]);
    slope[i].s += said * staged[first_weight + 3u * QUADS + 4u * QUADS * QUADS + i];
    // A voltage at the wall does not depend on anything.
    slope[i].v = select(slope[i].v, vec4f(0.0), abs(later[i]) >= vec4f(FARTHEST));
    later[i] = state[i].v;
    pull[i] = (STEP / CAPACITY) * slope[i].v;
    onto[i] = vec4f(0.0);
    based[i] += pull[i];
}

// Through four synapses onto four neurons: to the neurons before, and to the weights.
fn pull_through(i: u32, q: u32, slot: u32, slots: u32) {
    let k = 3u * QUADS + 4u * q * QUADS + i;
    let p = pull[i];
    let s = state[q].s;
    onto[q] += vec4f(
        dot(weight(k), p),
        dot(weight(k + QUADS), p),
        dot(weight(k + 2u * QUADS), p),
        dot(weight(k + 3u * QUADS), p),
    );
    add_slope(k, slot, slots, p * s.x);
    add_slope(k + QUADS, slot, slots, p * s.y);
    add_slope(k + 2u * QUADS, slot, slots, p * s.z);
    add_slope(k + 3u * QUADS, slot, slots, p * s.w);
}

// From after the step to before it, for what a neuron does to itself.
fn lower(i: u32) {
    let at = state[i];
    let after = slope[i];
    let m = calcium_open(at.v);
    let e = half_way(at.v);
    let goal = potassium_open(e);
    let rate = pace(e);
    let transmitter = released(at.v);
    let m_slope = (2.0 / CALCIUM_WIDTH) * m * (1.0 - m);
    let goal_slope = (2.0 / POTASSIUM_WIDTH) * goal * (1.0 - goal);
    // exp(-x / 2) falls with the voltage: cosh becomes sinh.
    let rate_slope = (0.25 * PHI / POTASSIUM_WIDTH) * (1.0 / e - e);
    let own = LEAK + CALCIUM * (m_slope * (at.v - CALCIUM_REVERSAL) + m) + POTASSIUM * at.w;
    let opening = gates[i].opening * transmitter;
    let opening_slope = 0.2 * opening * (1.0 - transmitter);
    let v = after.v * (1.0 - (STEP / CAPACITY) * own)
        + after.w * STEP * (rate_slope * (goal - at.w) + rate * goal_slope)
        + after.s * STEP * opening_slope * (1.0 - at.s);
    let w = after.w * (1.0 - STEP * rate) - pull[i] * POTASSIUM * (at.v - POTASSIUM_REVERSAL);
    let s = after.s * (1.0 - STEP * (opening + gates[i].closing)) + onto[i];
    slope[i] = Neuron(v, w, s);
}

fn add_based(i: u32, input: vec2f, slot: u32, slots: u32) {
    sums[i * slots + slot] += based[i];
    sums[(QUADS + i) * slots + slot] += input.x * based[i];
    sums[(2u * QUADS + i) * slots + slot] += input.y * based[i];
}

// One thread per slot. The input stays the same for all of a stretch.
@compute @workgroup_size(WORKGROUP)
fn walk_back(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let slot = line(global, groups);
    let slots = part.candidates * part.trials;
    if slot >= slots || clock.stopped != 0u { return; }
    first_weight = slot / part.trials * (STAGED / 4u);
    load_weights();
    load_kept_states(slot, slots);
    let signed_input = inputs[part.first / BIN_STEPS * part.trials + slot % part.trials];
    let input = vec2f(max(signed_input, 0.0), max(-signed_input, 0.0));
    for (var n = 0u; n < part.count; n += 1u) {
        record_all(n, slot, slots);
        step(input);
    }
    load_slopes(slot, slots);
    // The slope in the readout's bias is that in the answer.
    let in_answer = sums[(STAGED / 4u - 1u) * slots + slot].x;
    for (var left = part.count; left > 0u; left -= 1u) {
        let n = left - 1u;
        raise_all(n, select(0.0, in_answer, part.first + n >= FIRST_READ), slot, slots);
        pull_all(slot, slots);
        lower_all();
    }
    store_slopes(slot, slots, input);
}
