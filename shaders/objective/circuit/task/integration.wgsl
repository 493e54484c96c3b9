// Which of two sides noisy evidence is for.
fn stimulus(side: f32, noise: f32) -> f32 {
    return EVIDENCE * side + noise;
}
