// x' = v, v' = mu (1 - x^2) v - x
fn rhs(t: f32, y: State) -> State {
    let mu = constants[0];
    return State(y[1], mu * (1.0 - y[0] * y[0]) * y[1] - y[0]);
}
