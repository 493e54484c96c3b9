// Back through a step of the midpoint method: from the slope by the state after it to that by the state before it.
fn pulled(t: f32, h: f32, y: State, a: State) -> State {
    let half = 0.5 * h;
    let middle = moved(y, half, rhs(t, y));
    let second = pull(t + half, middle, scaled(h, a));
    let first = pull(t, y, scaled(half, second));
    return moved(moved(a, 1.0, second), 1.0, first);
}
