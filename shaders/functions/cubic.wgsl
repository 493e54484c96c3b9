//! import shifted
// z^3 - 3 z^2 + 7

fn objective(candidate: u32) -> f32 {
    let z = x(candidate, 0u);
    return z * z * (z - 3.0) + 7.0;
}
