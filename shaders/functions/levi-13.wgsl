//! import shifted
// sin^2(3 pi u) + (u - 1)^2 (1 + sin^2(3 pi v)) + (v - 1)^2 (1 + sin^2(2 pi v)); the sines of u - 1 and v - 1
// have the same squares and more digits

fn objective(candidate: u32) -> f32 {
    const PI = 3.14159265358979;
    let u = x(candidate, 0u) - 1.0;
    let v = x(candidate, 1u) - 1.0;
    let one = sin(3.0 * PI * u);
    let two = sin(3.0 * PI * v);
    let three = sin(2.0 * PI * v);
    return one * one + u * u * (1.0 + two * two) + v * v * (1.0 + three * three);
}
