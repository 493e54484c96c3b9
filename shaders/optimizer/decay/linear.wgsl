// The rate falls on a straight line to its end.
fn rate_left(member: u32, progress: f32) -> f32 {
    return mix(rule_settings[member].rate_end, 1.0, 1.0 - progress);
}
