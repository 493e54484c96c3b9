// Plain descent.
fn rule(i: u32, gradient: f32) -> f32 {
    return gradient;
}
