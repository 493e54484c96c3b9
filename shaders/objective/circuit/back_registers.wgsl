// What the way back remembers of a circuit, in registers.
var<private> later_slopes: array<Neuron, QUADS>;
var<private> later_voltages: array<vec4f, QUADS>;
var<private> pulls: array<vec4f, QUADS>;
var<private> ontos: array<vec4f, QUADS>;
var<private> based: array<vec4f, QUADS>;

fn load_slope(i: u32) {
    later_slopes[i] = Neuron(slopes[place(0u, i)], slopes[place(1u, i)], slopes[place(2u, i)]);
    later_voltages[i] = neuron(i).v;
    based[i] = vec4f(0.0);
}
fn store_slope(i: u32) {
    slopes[place(0u, i)] = later_slopes[i].v;
    slopes[place(1u, i)] = later_slopes[i].w;
    slopes[place(2u, i)] = later_slopes[i].s;
}
fn slope(i: u32) -> Neuron {
    return later_slopes[i];
}
fn set_slope(i: u32, to: Neuron) {
    later_slopes[i] = to;
}
fn later(i: u32) -> vec4f {
    return later_voltages[i];
}
fn set_later(i: u32, to: vec4f) {
    later_voltages[i] = to;
}
fn pull(i: u32) -> vec4f {
    return pulls[i];
}
fn set_pull(i: u32, to: vec4f) {
    pulls[i] = to;
    based[i] += to;
    ontos[i] = vec4f(0.0);
}
fn pulled(i: u32) -> vec4f {
    return based[i];
}
fn onto(i: u32) -> vec4f {
    return ontos[i];
}
fn add_onto(i: u32, value: vec4f) {
    ontos[i] += value;
}
