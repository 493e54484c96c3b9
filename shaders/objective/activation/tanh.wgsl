// Hyperbolic tangent from one exponential; the argument is bounded, since some drivers return NaN far out.
fn activate(x: f32) -> f32 {
    return 1.0 - 2.0 / (exp(2.0 * min(x, 15.0)) + 1.0);
}

// Its slope, from its value.
fn slope(value: f32) -> f32 {
    return 1.0 - value * value;
}
