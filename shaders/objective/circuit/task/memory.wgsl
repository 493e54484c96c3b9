// Which of two sides a cue was on.
fn stimulus(side: f32, noise: f32) -> f32 {
    return side;
}
