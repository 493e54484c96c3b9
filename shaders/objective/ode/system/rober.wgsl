// y1' = -k1 y1 + k3 y2 y3, y2' = k1 y1 - k3 y2 y3 - k2 y2^2, y3' = k2 y2^2
fn rhs(t: f32, y: State) -> State {
    let first = constants[0] * y[0];
    let second = constants[1] * y[1] * y[1];
    let third = constants[2] * y[1] * y[2];
    return State(third - first, first - third - second, second);
}
