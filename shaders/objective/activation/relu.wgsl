// max(0, x) (Nair and Hinton 2010).
fn activate(x: f32) -> f32 {
    return max(x, 0.0);
}

// Its slope, from its value.
fn slope(value: f32) -> f32 {
    return select(0.0, 1.0, value > 0.0);
}
