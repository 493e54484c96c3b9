//! import shifted
// z^2 - exp(cos(z^2))

fn objective(candidate: u32) -> f32 {
    let z = x(candidate, 0u);
    let square = z * z;
    return square - exp(cos(square));
}
