//! import shifted
// sqrt |z|: the absolute value makes the shifted function whole

fn objective(candidate: u32) -> f32 {
    return sqrt(abs(x(candidate, 0u)));
}
