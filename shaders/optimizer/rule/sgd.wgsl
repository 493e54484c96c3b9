// Plain descent (Robbins and Monro 1951).
fn rule(slot: u32, member: u32, t: f32, gradient: f32) -> f32 {
    return gradient;
}
