// 1 / (1 + exp(-x)).
fn activate(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(-clamp(x, -60.0, 60.0)));
}
