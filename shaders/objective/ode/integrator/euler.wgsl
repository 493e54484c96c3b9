// Euler's method, order 1.
fn stepped(t: f32, h: f32, y: State) -> State {
    return moved(y, h, rhs(t, y));
}
