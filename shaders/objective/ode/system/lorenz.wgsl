//! source Lorenz 1963, deterministic nonperiodic flow
//! state x = 1, y = 1, z = 1
//! constants sigma = 10, rho = 28, beta = 2.6666667
//! time 0 20
//! steps 4000
// x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z
fn rhs(t: f32, s: State) -> State {
    return State(
        constants[sigma] * (s[y] - s[x]),
        s[x] * (constants[rho] - s[z]) - s[y],
        s[x] * s[y] - constants[beta] * s[z],
    );
}
