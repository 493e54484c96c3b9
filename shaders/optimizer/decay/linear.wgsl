// On a straight line to its end.
fn share_left(end: f32, step_every: f32, step_factor: f32, progress: f32) -> f32 {
    return mix(end, 1.0, 1.0 - progress);
}
