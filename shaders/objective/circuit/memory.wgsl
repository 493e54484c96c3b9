// A circuit in memory, where registers do not suffice; compilers would take minutes over arrays of such a size.
fn load(i: u32) {
    if of_thread(part.first, slot) == 0u {
        set_neuron(i, Neuron(vec4f(START_VOLTAGE), vec4f(0.0), vec4f(0.0)));
        states[place(3u, i)] = vec4f(0.0);
    }
}

fn store(i: u32, lost: bool) {
    if lost {
        states[place(3u, i)] = vec4f(LOST);
    }
}

// A neuron's three numbers from the `first` of its places on.
fn neuron_at(first: u32, i: u32) -> Neuron {
    return Neuron(states[place(first, i)], states[place(first + 1u, i)], states[place(first + 2u, i)]);
}
fn set_neuron_at(first: u32, i: u32, to: Neuron) {
    states[place(first, i)] = to.v;
    states[place(first + 1u, i)] = to.w;
    states[place(first + 2u, i)] = to.s;
}

fn neuron(i: u32) -> Neuron {
    return neuron_at(0u, i);
}
fn set_neuron(i: u32, to: Neuron) {
    set_neuron_at(0u, i, to);
}
fn open_synapses(i: u32) -> vec4f {
    return states[place(2u, i)];
}
fn push(i: u32) -> Push {
    return Push(states[place(4u, i)], states[place(5u, i)]);
}
fn set_push(i: u32, to: Push) {
    states[place(4u, i)] = to.current;
    states[place(5u, i)] = to.shunt;
}
fn origin(i: u32) -> Neuron {
    return neuron_at(6u, i);
}
fn set_origin(i: u32, to: Neuron) {
    set_neuron_at(6u, i, to);
}
fn gate(i: u32) -> Gate {
    return Gate(kinetics[i], kinetics[QUADS + i]);
}
fn reversal(i: u32) -> vec4f {
    return kinetics[2u * QUADS + i];
}
fn add_total(i: u32, value: vec4f) {
    states[place(3u, i)] += value;
}
