// ROS2 of Verwer et al. 1999, order 2 and L-stable; g = 1 - 1 / sqrt 2.
// W k1 = f(y) + g h f_t, W k2 = f(y + h k1) - 2 k1 - g h f_t, y + 3/2 h k1 + 1/2 h k2
fn stepped(t: f32, h: f32, y: State) -> State {
    const G = 0.2928932188134524;
    find_slopes(t, y);
    take_apart(G * h);
    let drifted = drift(t, h, y);
    let k1 = solved(moved(rhs(t, y), G, drifted));
    let side = moved(rhs(t + h, moved(y, h, k1)), -2.0, k1);
    let k2 = solved(moved(side, -G, drifted));
    return moved(moved(y, 1.5 * h, k1), 0.5 * h, k2);
}
