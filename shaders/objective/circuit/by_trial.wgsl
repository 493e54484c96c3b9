//! import clock, grid
// A circuit in the registers of one thread, four neurons at a time. `weight(k)`, `load_weights()` and what is done with
// every quad (`step` and others) stand beside this: spelt out for small circuits, as loops for larger ones.
@group(2) @binding(1) var<storage, read> staged: array<vec4f>;       // candidate, weight
@group(2) @binding(2) var<storage, read_write> states: array<vec4f>; // row, slot
@group(2) @binding(3) var<storage, read> inputs: array<f32>;         // bin, trial
@group(2) @binding(5) var<storage, read> kinetics: array<vec4f>;     // opening, closing, reversal

var<private> origin: array<Neuron, QUADS>;
var<private> state: array<Neuron, QUADS>;
var<private> push: array<Push, QUADS>;
var<private> gates: array<Gate, QUADS>;
var<private> reversals: array<vec4f, QUADS>;
var<private> totals: array<vec4f, QUADS>;
var<private> first_weight: u32;
var<private> trouble: vec4u; // the largest exponents that a voltage had

fn load_gate(i: u32) {
    gates[i] = Gate(kinetics[i], kinetics[QUADS + i]);
    reversals[i] = kinetics[2u * QUADS + i];
}

fn keep(i: u32) {
    origin[i] = state[i];
}

fn begin(i: u32, input: vec2f) {
    push[i] = Push(weight(i) + input.x * weight(QUADS + i) + input.y * weight(2u * QUADS + i), vec4f(0.0));
}

// Four synapses that four neurons open: onto four.
fn through(k: u32, s: vec4f) -> vec4f {
    return weight(k) * s.x + weight(k + QUADS) * s.y + weight(k + 2u * QUADS) * s.z + weight(k + 3u * QUADS) * s.w;
}

fn couple(i: u32, q: u32) {
    let k = 3u * QUADS + 4u * q * QUADS + i;
    let s = state[q].s;
    if CONDUCTANCE != 0u {
        push[i].shunt += through(k, s);
        push[i].current += through(k, s * reversals[q]);
    } else {
        push[i].current += through(k, s);
    }
}

fn advance(i: u32, h: f32) {
    let next = moved(origin[i], state[i], push[i], gates[i], h);
    trouble = max(trouble, bitcast<vec4u>(next.v) & vec4u(EXPONENT));
    state[i] = walled(next);
}

fn gather(i: u32, share: f32) {
    totals[i] += share * state[i].s;
}

fn load(i: u32, slot: u32, slots: u32) {
    if part.first == 0u {
        state[i] = Neuron(vec4f(START_VOLTAGE), vec4f(0.0), vec4f(0.0));
        totals[i] = vec4f(0.0);
        return;
    }
    let row = i * slots + slot;
    let rows = QUADS * slots;
    state[i] = Neuron(states[row], states[row + rows], states[row + 2u * rows]);
    totals[i] = states[row + 3u * rows];
}

// A total below zero marks a neuron whose voltage was not finite.
fn store(i: u32, slot: u32, slots: u32, lost: bool) {
    let row = i * slots + slot;
    let rows = QUADS * slots;
    states[row] = state[i].v;
    states[row + rows] = state[i].w;
    states[row + 2u * rows] = state[i].s;
    states[row + 3u * rows] = select(totals[i], vec4f(-1e9), lost);
}

// One thread per slot.
@compute @workgroup_size(WORKGROUP)
fn simulate(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let slot = line(global, groups);
    let slots = part.candidates * part.trials;
    if slot >= slots || clock.stopped != 0u { return; }
    first_weight = slot / part.trials * (STAGED / 4u);
    load_weights();
    load_states(slot, slots);
    for (var n = part.first; n < part.first + part.count; n += 1u) {
        let input = inputs[n / BIN_STEPS * part.trials + slot % part.trials];
        step(vec2f(max(input, 0.0), max(-input, 0.0)));
        gather_all(select(0.0, 1.0, n >= FIRST_READ));
    }
    store_states(slot, slots, any(trouble == vec4u(EXPONENT)));
}
