// Rodas3 of Sandu et al. 1997, order 3, L-stable and stiffly accurate; gamma = 1/2. With u of the usual form and
// W = I - h/2 J in place of I / (h/2) - J, every side is multiplied by h/2.
fn stepped(t: f32, h: f32, y: State) -> State {
    find_slopes(t, y);
    let half = 0.5 * h;
    take_apart(half);
    let drifted = drift(t, h, y);
    let start = rhs(t, y);
    // Stages in units of slopes: u = h k.
    let k1 = solved(scaled(0.5, moved(start, 0.5, drifted)));
    let k2 = solved(moved(scaled(0.5, moved(start, 1.5, drifted)), 2.0, k1));
    let third = moved(y, 2.0 * h, k1);
    let k3 = solved(moved(moved(scaled(0.5, rhs(t + h, third)), 0.5, k1), -0.5, k2));
    let fourth = moved(third, h, k3);
    let side = moved(moved(scaled(0.5, rhs(t + h, fourth)), 0.5, k1), -0.5, k2);
    let k4 = solved(moved(side, -4.0 / 3.0, k3));
    return moved(fourth, h, k4);
}
