//! import shifted, sin2_pi
// sin^2(3 pi u) + (u - 1)^2 (1 + sin^2(3 pi v)) + (v - 1)^2 (1 + sin^2(2 pi v)); the sines of u - 1 and v - 1
// have the same squares and more digits

fn objective(candidate: u32) -> f32 {
    let u = x(candidate, 0u) - 1.0;
    let v = x(candidate, 1u) - 1.0;
    return sin2_pi(3.0 * u) + u * u * (1.0 + sin2_pi(3.0 * v)) + v * v * (1.0 + sin2_pi(2.0 * v));
}
