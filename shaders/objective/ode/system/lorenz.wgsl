// x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z
fn rhs(t: f32, y: State) -> State {
    let sigma = constants[0];
    let rho = constants[1];
    let beta = constants[2];
    return State(sigma * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - beta * y[2]);
}
