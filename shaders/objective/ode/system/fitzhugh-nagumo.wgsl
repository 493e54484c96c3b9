// v' = v - v^3 / 3 - w + current, w' = (v + a - b w) / tau
fn rhs(t: f32, y: State) -> State {
    let a = constants[0];
    let b = constants[1];
    let tau = constants[2];
    let current = constants[3];
    return State(y[0] - y[0] * y[0] * y[0] / 3.0 - y[1] + current, (y[0] + a - b * y[1]) / tau);
}
