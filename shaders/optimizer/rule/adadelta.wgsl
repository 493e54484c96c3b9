// AdaDelta (Zeiler 2012), algorithm 1 with rho = beta2: over the root of averaged squares of gradients, times that of
// averaged squares of steps.
fn rule(slot: u32, member: u32, t: f32, gradient: f32) -> f32 {
    let rho = rule_settings[member].beta2;
    let epsilon = rule_settings[member].epsilon;
    let squares = mix(gradient * gradient, moments[slot], rho);
    let steps = moments[SLOTS + slot];
    let made = sqrt((steps + epsilon) / (squares + epsilon)) * gradient;
    moments[slot] = squares;
    moments[SLOTS + slot] = mix(made * made, steps, rho);
    return made;
}
