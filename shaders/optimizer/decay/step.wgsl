// By a factor again and again. The small share makes up for a quotient that is rounded down at a step.
fn share_left(end: f32, step_every: f32, step_factor: f32, progress: f32) -> f32 {
    return pow(step_factor, floor(progress / step_every + 1e-4));
}
