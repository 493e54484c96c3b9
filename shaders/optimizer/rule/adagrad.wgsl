// AdaGrad (Duchi, Hazan and Singer 2011), diagonal: over the root of the sum of all squares.
fn rule(slot: u32, member: u32, t: f32, gradient: f32) -> f32 {
    let sum = moments[slot] + gradient * gradient;
    moments[slot] = sum;
    return gradient / (sqrt(sum) + rule_settings[member].epsilon);
}
