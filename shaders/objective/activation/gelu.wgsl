// x times the normal distribution function, in the form with a hyperbolic tangent (Hendrycks and Gimpel 2016).
fn activate(x: f32) -> f32 {
    let inner = clamp(0.7978845608 * (x + 0.044715 * x * x * x), -15.0, 15.0);
    return x * (1.0 - 1.0 / (exp(2.0 * inner) + 1.0));
}

// Its slope, from the sum.
fn slope(x: f32) -> f32 {
    let inner = clamp(0.7978845608 * (x + 0.044715 * x * x * x), -15.0, 15.0);
    let tanh = 1.0 - 2.0 / (exp(2.0 * inner) + 1.0);
    return 0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * 0.7978845608 * (1.0 + 0.134145 * x * x);
}
