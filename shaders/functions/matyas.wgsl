//! import shifted
// 0.26 (u^2 + v^2) - 0.48 u v

fn objective(candidate: u32) -> f32 {
    let u = x(candidate, 0u);
    let v = x(candidate, 1u);
    return 0.26 * (u * u + v * v) - 0.48 * u * v;
}
