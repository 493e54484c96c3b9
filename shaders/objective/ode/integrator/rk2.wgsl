// The midpoint method, order 2.
fn stepped(t: f32, h: f32, y: State) -> State {
    let half = 0.5 * h;
    return moved(y, h, rhs(t + half, moved(y, half, rhs(t, y))));
}
