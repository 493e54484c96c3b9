//! import clock, grid
// A circuit in one thread, four neurons at a time. Where its numbers are (`registers.wgsl` or `memory.wgsl`), its weights
// (`weight(k)`, `load_weights()`) and what is done with every quad (`step` and others) stand beside this: spelt out for
// small circuits, as loops for larger ones.
@group(2) @binding(1) var<storage, read> staged: array<vec4f>;       // candidate, weight
@group(2) @binding(2) var<storage, read_write> states: array<vec4f>; // row, slot
@group(2) @binding(3) var<storage, read> inputs: array<f32>;         // bin, trial
@group(2) @binding(5) var<storage, read> kinetics: array<vec4f>;     // opening, closing, reversal

// A total below zero marks a neuron whose voltage was not finite.
const LOST = -1e9;

var<private> slot: u32;
var<private> slots: u32;
var<private> first_weight: u32;
var<private> trouble: vec4u; // the largest exponents that a voltage had

fn place(row: u32, i: u32) -> u32 {
    return (row * QUADS + i) * slots + slot;
}

// What neurons are pushed by from outside.
fn outer(i: u32, input: vec2f) -> Push {
    return Push(weight(i) + input.x * weight(QUADS + i) + input.y * weight(2u * QUADS + i), vec4f(0.0));
}

// The first of the synapses between four neurons and four others.
fn between(i: u32, q: u32) -> u32 {
    return (3u + 4u * q) * QUADS + i;
}

fn through(k: u32, s: vec4f) -> vec4f {
    return weight(k) * s.x + weight(k + QUADS) * s.y + weight(k + 2u * QUADS) * s.z + weight(k + 3u * QUADS) * s.w;
}

// What these neurons are pushed by when those are counted too.
fn coupled(before: Push, i: u32, q: u32) -> Push {
    let k = between(i, q);
    let s = open_synapses(q);
    if CONDUCTANCE != 0u {
        return Push(before.current + through(k, s * reversal(q)), before.shunt + through(k, s));
    }
    return Push(before.current + through(k, s), before.shunt);
}

fn advance(i: u32, h: f32) {
    let next = moved(origin(i), neuron(i), push(i), gate(i), h);
    trouble = max(trouble, bitcast<vec4u>(next.v) & vec4u(EXPONENT));
    set_neuron(i, walled(next));
}

fn begin(circuit: u32) {
    slot = circuit;
    slots = part.candidates * part.trials;
    first_weight = slot / part.trials * (STAGED / 4u);
    load_weights();
}

// One thread per slot.
@compute @workgroup_size(WORKGROUP)
fn simulate(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let circuit = line(global, groups);
    if circuit >= part.candidates * part.trials || clock.stopped != 0u { return; }
    begin(circuit);
    load_all();
    let end = of_thread(part.first + part.count, circuit);
    for (var n = part.first; n < end; n += 1u) {
        let input = inputs[n / BIN_STEPS * part.trials + slot % part.trials];
        step(vec2f(max(input, 0.0), max(-input, 0.0)));
        gather_all(select(0.0, 1.0, n >= FIRST_READ));
    }
    store_all(any(trouble == vec4u(EXPONENT)));
}
