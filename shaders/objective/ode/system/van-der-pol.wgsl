//! source van der Pol 1926, relaxation oscillations
//! state x = 2, v = 0
//! constants mu = 1
//! time 0 20
//! steps 1000
// x' = v, v' = mu (1 - x^2) v - x
fn rhs(t: f32, y: State) -> State {
    return State(y[v], constants[mu] * (1.0 - y[x] * y[x]) * y[v] - y[x]);
}
