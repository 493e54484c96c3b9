//! import shifted
// z for z > 0, else z^2

fn objective(candidate: u32) -> f32 {
    let z = x(candidate, 0u);
    return select(z * z, z, z > 0.0);
}
