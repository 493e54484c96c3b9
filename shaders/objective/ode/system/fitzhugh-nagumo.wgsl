//! source FitzHugh 1961, Nagumo et al. 1962, a neuron that fires
//! state v = -1, w = 1
//! constants a = 0.7, b = 0.8, tau = 12.5, current = 0.5
//! time 0 100
//! steps 2000
// v' = v - v^3 / 3 - w + current, w' = (v + a - b w) / tau
fn rhs(t: f32, y: State) -> State {
    return State(
        y[v] - y[v] * y[v] * y[v] / 3.0 - y[w] + constants[current],
        (y[v] + constants[a] - constants[b] * y[w]) / constants[tau],
    );
}
