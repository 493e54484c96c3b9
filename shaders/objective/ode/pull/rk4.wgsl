// Back through a step of the method of Runge and Kutta: from the slope by the state after it to that by the state
// before it.
fn pulled(t: f32, h: f32, y: State, a: State) -> State {
    let half = 0.5 * h;
    let second = moved(y, half, rhs(t, y));
    let third = moved(y, half, rhs(t + half, second));
    let fourth = moved(y, h, rhs(t + half, third));
    let d4 = pull(t + h, fourth, scaled(h / 6.0, a));
    let d3 = pull(t + half, third, moved(scaled(h / 3.0, a), h, d4));
    let d2 = pull(t + half, second, moved(scaled(h / 3.0, a), half, d3));
    let d1 = pull(t, y, moved(scaled(h / 6.0, a), half, d2));
    return moved(moved(moved(moved(a, 1.0, d1), 1.0, d2), 1.0, d3), 1.0, d4);
}
