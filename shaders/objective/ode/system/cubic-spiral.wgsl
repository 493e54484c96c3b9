// (x', y') = (x^3, y^3) A with A = (-damping, rate; -rate, -damping)
fn rhs(t: f32, y: State) -> State {
    let damping = constants[0];
    let rate = constants[1];
    let a = y[0] * y[0] * y[0];
    let b = y[1] * y[1] * y[1];
    return State(-damping * a - rate * b, rate * a - damping * b);
}
