//! import shifted
// 100 sqrt |v - 0.01 u^2| + 0.01 |u + 10|

fn objective(candidate: u32) -> f32 {
    let u = x(candidate, 0u);
    let v = x(candidate, 1u);
    return 100.0 * sqrt(abs(v - 0.01 * u * u)) + 0.01 * abs(u + 10.0);
}
