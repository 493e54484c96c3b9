// Adam (Kingma and Ba 2015), algorithm 1.
fn rule(slot: u32, member: u32, t: f32, gradient: f32) -> f32 {
    let beta1 = rule_settings[member].beta1;
    let beta2 = rule_settings[member].beta2;
    let m = mix(gradient, moments[slot], beta1);
    let v = mix(gradient * gradient, moments[SLOTS + slot], beta2);
    moments[slot] = m;
    moments[SLOTS + slot] = v;
    let unbiased = m / (1.0 - pow(beta1, t));
    return unbiased / (sqrt(v / (1.0 - pow(beta2, t))) + rule_settings[member].epsilon);
}
