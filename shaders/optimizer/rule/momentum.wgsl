// Heavy ball (Polyak 1964): m = beta1 m + g.
fn rule(slot: u32, member: u32, t: f32, gradient: f32) -> f32 {
    let m = rule_settings[member].beta1 * moments[slot] + gradient;
    moments[slot] = m;
    return m;
}
