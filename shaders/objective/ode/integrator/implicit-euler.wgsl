// Euler's method, linearly implicit: one Newton step, order 1. (I - h J) k = f + h df/dt, y + h k
fn stepped(t: f32, h: f32, y: State) -> State {
    find_slopes(t, y);
    take_apart(h);
    return moved(y, h, solved(moved(rhs(t, y), 1.0, drift(t, h, y))));
}
