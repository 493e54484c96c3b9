//! source Robertson 1966, an autocatalytic reaction; stiff
//! state y1 = 1, y2 = 0, y3 = 0
//! constants k1 = 0.04, k2 = 3e7, k3 = 1e4
//! time 0 1e5
//! steps 100
//! first 1e-5
// y1' = -k1 y1 + k3 y2 y3, y2' = k1 y1 - k3 y2 y3 - k2 y2^2, y3' = k2 y2^2
fn rhs(t: f32, y: State) -> State {
    let first = constants[k1] * y[y1];
    let second = constants[k2] * y[y2] * y[y2];
    let third = constants[k3] * y[y2] * y[y3];
    return State(third - first, first - third - second, second);
}
