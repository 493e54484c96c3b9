//! import shifted
// 2 u^2 - 1.05 u^4 + u^6 / 6 + u v + v^2

fn objective(candidate: u32) -> f32 {
    let u = x(candidate, 0u);
    let v = x(candidate, 1u);
    let square = u * u;
    return square * (2.0 + square * (square / 6.0 - 1.05)) + v * (u + v);
}
