// The classical method of Runge and Kutta, order 4.
fn stepped(t: f32, h: f32, y: State) -> State {
    let half = 0.5 * h;
    let k1 = rhs(t, y);
    let k2 = rhs(t + half, moved(y, half, k1));
    let k3 = rhs(t + half, moved(y, half, k2));
    let k4 = rhs(t + h, moved(y, h, k3));
    var slope: State;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        slope[i] = k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i];
    }
    return moved(y, h / 6.0, slope);
}
