// RMSProp (Tieleman and Hinton 2012), lecture 6.5: over the root of averaged squares.
fn rule(slot: u32, member: u32, t: f32, gradient: f32) -> f32 {
    let v = mix(gradient * gradient, moments[slot], rule_settings[member].beta2);
    moments[slot] = v;
    return gradient / (sqrt(v) + rule_settings[member].epsilon);
}
