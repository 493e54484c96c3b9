//! import shifted
// |z|

fn objective(candidate: u32) -> f32 {
    return abs(x(candidate, 0u));
}
