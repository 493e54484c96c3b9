// A circuit in the registers of a thread: every index is known where this is put to use.
var<private> neurons: array<Neuron, QUADS>;
var<private> origins: array<Neuron, QUADS>;
var<private> pushes: array<Push, QUADS>;
var<private> gates: array<Gate, QUADS>;
var<private> reversals: array<vec4f, QUADS>;
var<private> totals: array<vec4f, QUADS>;

fn load(i: u32) {
    gates[i] = Gate(kinetics[i], kinetics[QUADS + i]);
    reversals[i] = kinetics[2u * QUADS + i];
    neurons[i] = Neuron(vec4f(START_VOLTAGE), vec4f(0.0), vec4f(0.0));
    totals[i] = vec4f(0.0);
    if of_thread(part.first, slot) > 0u {
        neurons[i] = Neuron(states[place(0u, i)], states[place(1u, i)], states[place(2u, i)]);
        totals[i] = states[place(3u, i)];
    }
}

fn store(i: u32, lost: bool) {
    states[place(0u, i)] = neurons[i].v;
    states[place(1u, i)] = neurons[i].w;
    states[place(2u, i)] = neurons[i].s;
    states[place(3u, i)] = select(totals[i], vec4f(LOST), lost);
}

fn neuron(i: u32) -> Neuron {
    return neurons[i];
}
fn set_neuron(i: u32, to: Neuron) {
    neurons[i] = to;
}
fn open_synapses(i: u32) -> vec4f {
    return neurons[i].s;
}
fn origin(i: u32) -> Neuron {
    return origins[i];
}
fn set_origin(i: u32, to: Neuron) {
    origins[i] = to;
}
fn push(i: u32) -> Push {
    return pushes[i];
}
fn set_push(i: u32, to: Push) {
    pushes[i] = to;
}
fn gate(i: u32) -> Gate {
    return gates[i];
}
fn reversal(i: u32) -> vec4f {
    return reversals[i];
}
fn add_total(i: u32, value: vec4f) {
    totals[i] += value;
}
