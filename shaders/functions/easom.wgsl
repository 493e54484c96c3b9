//! import shifted
// -cos u cos v exp(-(u - pi)^2 - (v - pi)^2)

fn objective(candidate: u32) -> f32 {
    const PI = 3.14159265358979;
    let u = x(candidate, 0u);
    let v = x(candidate, 1u);
    return -cos(u) * cos(v) * exp(-(u - PI) * (u - PI) - (v - PI) * (v - PI));
}
