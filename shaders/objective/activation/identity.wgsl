// x: a linear network, for comparison.
fn activate(x: f32) -> f32 {
    return x;
}
