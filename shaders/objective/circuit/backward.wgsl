// Back through a stretch of time (Werbos 1990): its steps are made again from the state that was kept, then walked back.
// Goes with `by_trial.wgsl` and `back_registers.wgsl` or `back_memory.wgsl`; `add_slope(k, value)` and what is done with
// every quad stand beside this.
@group(2) @binding(8) var<storage, read> kept: array<vec4f>;          // stretch, row, slot: states at its end
@group(2) @binding(9) var<storage, read_write> tape: array<vec4f>;    // step, row, slot: states before it
@group(2) @binding(10) var<storage, read_write> slopes: array<vec4f>; // row, slot: of the loss in the state
@group(2) @binding(11) var<storage, read_write> sums: array<vec4f>;   // weight, slot: of the loss in the weights

fn load_kept(i: u32) {
    set_neuron(i, Neuron(vec4f(START_VOLTAGE), vec4f(0.0), vec4f(0.0)));
    if of_thread(part.index, slot) > 0u {
        let row = 3u * (part.index - 1u);
        set_neuron(i, Neuron(kept[place(row, i)], kept[place(row + 1u, i)], kept[place(row + 2u, i)]));
    }
}

fn record(i: u32, n: u32) {
    let at = neuron(i);
    tape[place(3u * n, i)] = at.v;
    tape[place(3u * n + 1u, i)] = at.w;
    tape[place(3u * n + 2u, i)] = at.s;
}

// What the answer says of synapses in a step that it is read from, and the slope in the current.
fn raise(i: u32, n: u32, said: f32) {
    let row = 3u * n;
    let at = Neuron(tape[place(row, i)], tape[place(row + 1u, i)], tape[place(row + 2u, i)]);
    var after = slope(i);
    after.s += said * staged[first_weight + between(i, QUADS)];
    // A voltage at the wall does not depend on anything.
    after.v = select(after.v, vec4f(0.0), abs(later(i)) >= vec4f(FARTHEST));
    set_neuron(i, at);
    set_slope(i, after);
    set_later(i, at.v);
    set_pull(i, (STEP / CAPACITY) * after.v);
}

// Through four synapses onto four neurons: to the neurons before, and to the weights.
fn pull_through(i: u32, q: u32) {
    let k = between(i, q);
    let p = pull(i);
    let s = open_synapses(q);
    add_onto(q, vec4f(
        dot(weight(k), p),
        dot(weight(k + QUADS), p),
        dot(weight(k + 2u * QUADS), p),
        dot(weight(k + 3u * QUADS), p),
    ));
    add_slope(k, p * s.x);
    add_slope(k + QUADS, p * s.y);
    add_slope(k + 2u * QUADS, p * s.z);
    add_slope(k + 3u * QUADS, p * s.w);
}

// From after the step to before it, for what a neuron does to itself.
fn lower(i: u32) {
    let at = neuron(i);
    let after = slope(i);
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
    let opening = gate(i).opening * transmitter;
    let opening_slope = 0.2 * opening * (1.0 - transmitter);
    let v = after.v * (1.0 - (STEP / CAPACITY) * own)
        + after.w * STEP * (rate_slope * (goal - at.w) + rate * goal_slope)
        + after.s * STEP * opening_slope * (1.0 - at.s);
    let w = after.w * (1.0 - STEP * rate) - pull(i) * POTASSIUM * (at.v - POTASSIUM_REVERSAL);
    let s = after.s * (1.0 - STEP * (opening + gate(i).closing)) + onto(i);
    set_slope(i, Neuron(v, w, s));
}

fn add_outer(i: u32, input: vec2f) {
    let value = pulled(i);
    sums[place(0u, i)] += value;
    sums[place(1u, i)] += input.x * value;
    sums[place(2u, i)] += input.y * value;
}

// One thread per slot. The input stays the same for all of a stretch.
@compute @workgroup_size(WORKGROUP)
fn walk_back(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let circuit = line(global, groups);
    if circuit >= part.candidates * part.trials || clock.stopped != 0u { return; }
    begin(circuit);
    load_kept_all();
    let signed_input = inputs[part.first / BIN_STEPS * part.trials + slot % part.trials];
    let input = vec2f(max(signed_input, 0.0), max(-signed_input, 0.0));
    let count = of_thread(part.count, circuit);
    for (var n = 0u; n < count; n += 1u) {
        record_all(n);
        step(input);
    }
    load_slopes();
    // The slope in the readout's bias is that in the answer.
    let in_answer = sums[(STAGED / 4u - 1u) * slots + slot].x;
    for (var left = count; left > 0u; left -= 1u) {
        let n = left - 1u;
        raise_all(n, select(0.0, in_answer, part.first + n >= FIRST_READ));
        pull_all();
        lower_all();
    }
    store_slopes(input);
}
