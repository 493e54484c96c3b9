// The rate falls by a factor again and again. The small share makes up for a quotient that is rounded down at a step.
fn rate_left(member: u32, progress: f32) -> f32 {
    return pow(rule_settings[member].step_factor, floor(progress / rule_settings[member].step_every + 1e-4));
}
