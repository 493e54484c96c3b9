//! import shifted
// (u + 2 v - 7)^2 + (2 u + v - 5)^2

fn objective(candidate: u32) -> f32 {
    let u = x(candidate, 0u);
    let v = x(candidate, 1u);
    let one = u + 2.0 * v - 7.0;
    let two = 2.0 * u + v - 5.0;
    return one * one + two * two;
}
