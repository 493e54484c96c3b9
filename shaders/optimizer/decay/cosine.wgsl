// On half a cosine to its end (Loshchilov and Hutter 2017, without restarts).
fn share_left(end: f32, step_every: f32, step_factor: f32, progress: f32) -> f32 {
    return mix(end, 1.0, 0.5 + 0.5 * cos(3.1415927 * progress));
}
