// The rate falls on half a cosine to its end (Loshchilov and Hutter 2017, without restarts).
fn rate_left(member: u32, progress: f32) -> f32 {
    return mix(rule_settings[member].rate_end, 1.0, 0.5 + 0.5 * cos(3.1415927 * progress));
}
