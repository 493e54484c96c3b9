// Back through a step of Euler's method: from the slope by the state after it to that by the state before it.
fn pulled(t: f32, h: f32, y: State, a: State) -> State {
    return moved(a, 1.0, pull(t, y, scaled(h, a)));
}
