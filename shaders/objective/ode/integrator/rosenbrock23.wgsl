// The second-order formula of Shampine and Reichelt 1997 (ode23s), without the error estimate; d = 1 / (2 + sqrt 2).
// W k1 = f(y) + d h f_t, W (k2 - k1) = f(y + h/2 k1) - k1, y + h k2
fn stepped(t: f32, h: f32, y: State) -> State {
    const D = 0.2928932188134524;
    find_slopes(t, y);
    take_apart(D * h);
    let k1 = solved(moved(rhs(t, y), D, drift(t, h, y)));
    let half = 0.5 * h;
    let rise = solved(moved(rhs(t + half, moved(y, half, k1)), -1.0, k1));
    return moved(y, h, moved(k1, 1.0, rise));
}
