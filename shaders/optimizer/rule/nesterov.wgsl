// Accelerated gradient (Nesterov 1983) in the form of Sutskever, Martens, Dahl and Hinton (2013), with the gradient at
// the point reached: m = beta1 m + g, then a step along g + beta1 m.
fn rule(slot: u32, member: u32, t: f32, gradient: f32) -> f32 {
    let beta = rule_settings[member].beta1;
    let m = beta * moments[slot] + gradient;
    moments[slot] = m;
    return gradient + beta * m;
}
