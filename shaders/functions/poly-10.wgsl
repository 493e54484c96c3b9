//! import shifted
// z^10 - 3 z^5

fn objective(candidate: u32) -> f32 {
    let z = x(candidate, 0u);
    let fifth = z * z * z * z * z;
    return fifth * (fifth - 3.0);
}
