// 1 / (1 + exp(-x)).
fn activate(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(-clamp(x, -60.0, 60.0)));
}

// Its slope, from its value.
fn slope(value: f32) -> f32 {
    return value * (1.0 - value);
}
