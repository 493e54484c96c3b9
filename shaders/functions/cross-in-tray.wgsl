//! import shifted
// -0.0001 (|sin u sin v exp(a)| + 1)^0.1, a = |100 - sqrt(u^2 + v^2) / pi|; exp(a) itself is too large for f32,
// and beside it the 1 only shows where the sines are 0

fn objective(candidate: u32) -> f32 {
    const PI = 3.14159265358979;
    let u = x(candidate, 0u);
    let v = x(candidate, 1u);
    let a = abs(100.0 - sqrt(u * u + v * v) / PI);
    let height = exp(0.1 * a) * pow(abs(sin(u) * sin(v)), 0.1);
    return -0.0001 * select(1.0, height, height > 1.0);
}
