// AMSGrad (Reddi, Kale and Kumar 2018): Adam over the largest of the averaged squares so far. As PyTorch has it, and
// not the paper, both the average and the largest are corrected for their start at zero, the latter as if it were of
// this step.
fn rule(slot: u32, member: u32, t: f32, gradient: f32) -> f32 {
    let beta1 = rule_settings[member].beta1;
    let beta2 = rule_settings[member].beta2;
    let m = mix(gradient, moments[slot], beta1);
    let v = mix(gradient * gradient, moments[SLOTS + slot], beta2);
    let largest_v = max(v, moments[2u * SLOTS + slot]);
    moments[slot] = m;
    moments[SLOTS + slot] = v;
    moments[2u * SLOTS + slot] = largest_v;
    let unbiased = m / (1.0 - pow(beta1, t));
    return unbiased / (sqrt(largest_v / (1.0 - pow(beta2, t))) + rule_settings[member].epsilon);
}
