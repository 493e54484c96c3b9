//! import shifted
// (1.5 - u + u v)^2 + (2.25 - u + u v^2)^2 + (2.625 - u + u v^3)^2

fn objective(candidate: u32) -> f32 {
    let u = x(candidate, 0u);
    let v = x(candidate, 1u);
    let one = 1.5 - u + u * v;
    let two = 2.25 - u + u * v * v;
    let three = 2.625 - u + u * v * v * v;
    return one * one + two * two + three * three;
}
