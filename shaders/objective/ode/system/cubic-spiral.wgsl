//! source Chen et al. 2018, the spiral of neural ODEs
//! state x = 2, y = 0
//! constants damping = 0.1, rate = 2
//! time 0 25
//! steps 1000
// (x', y') = (x^3, y^3) A with A = (-damping, rate; -rate, -damping)
fn rhs(t: f32, s: State) -> State {
    let a = s[x] * s[x] * s[x];
    let b = s[y] * s[y] * s[y];
    return State(-constants[damping] * a - constants[rate] * b, constants[rate] * a - constants[damping] * b);
}
