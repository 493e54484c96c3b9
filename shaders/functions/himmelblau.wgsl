//! import shifted
// (u^2 + v - 11)^2 + (u + v^2 - 7)^2

fn objective(candidate: u32) -> f32 {
    let u = x(candidate, 0u);
    let v = x(candidate, 1u);
    let one = u * u + v - 11.0;
    let two = u + v * v - 7.0;
    return one * one + two * two;
}
