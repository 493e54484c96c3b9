// Adam (Kingma and Ba 2015), algorithm 1.
fn rule(i: u32, gradient: f32) -> f32 {
    let t = f32(clock.generation + 1u);
    let m = mix(gradient, moments[i].x, rule_settings.beta1);
    let v = mix(gradient * gradient, moments[i].y, rule_settings.beta2);
    moments[i] = vec2f(m, v);
    let unbiased = m / (1.0 - pow(rule_settings.beta1, t));
    return unbiased / (sqrt(v / (1.0 - pow(rule_settings.beta2, t))) + rule_settings.epsilon);
}
