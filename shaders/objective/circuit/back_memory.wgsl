// What the way back remembers of a circuit, in memory.
fn load_slope(i: u32) {
    slopes[place(3u, i)] = neuron(i).v;
    slopes[place(6u, i)] = vec4f(0.0);
}
fn store_slope(i: u32) {}
fn slope(i: u32) -> Neuron {
    return Neuron(slopes[place(0u, i)], slopes[place(1u, i)], slopes[place(2u, i)]);
}
fn set_slope(i: u32, to: Neuron) {
    slopes[place(0u, i)] = to.v;
    slopes[place(1u, i)] = to.w;
    slopes[place(2u, i)] = to.s;
}
fn later(i: u32) -> vec4f {
    return slopes[place(3u, i)];
}
fn set_later(i: u32, to: vec4f) {
    slopes[place(3u, i)] = to;
}
fn pull(i: u32) -> vec4f {
    return slopes[place(4u, i)];
}
fn set_pull(i: u32, to: vec4f) {
    slopes[place(4u, i)] = to;
    slopes[place(5u, i)] = vec4f(0.0);
    slopes[place(6u, i)] += to;
}
fn pulled(i: u32) -> vec4f {
    return slopes[place(6u, i)];
}
fn onto(i: u32) -> vec4f {
    return slopes[place(5u, i)];
}
fn add_onto(i: u32, value: vec4f) {
    slopes[place(5u, i)] += value;
}
