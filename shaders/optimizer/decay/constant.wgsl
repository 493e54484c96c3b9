// What falls stays as it is.
fn share_left(end: f32, step_every: f32, step_factor: f32, progress: f32) -> f32 {
    return 1.0;
}
