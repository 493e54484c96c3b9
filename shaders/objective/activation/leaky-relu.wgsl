// x above 0, 0.01 x below (Maas, Hannun, Ng 2013).
fn activate(x: f32) -> f32 {
    return max(x, 0.01 * x);
}

// Its slope, from its value.
fn slope(value: f32) -> f32 {
    return select(0.01, 1.0, value > 0.0);
}
