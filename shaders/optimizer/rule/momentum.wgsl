// Momentum (Polyak 1964), as an average of gradients.
fn rule(i: u32, gradient: f32) -> f32 {
    let m = mix(gradient, moments[i].x, rule_settings.beta1);
    moments[i].x = m;
    return m;
}
