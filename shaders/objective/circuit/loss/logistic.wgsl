// log(1 + exp(-margin)), without overflow.
fn cost(margin: f32) -> f32 {
    return max(-margin, 0.0) + log(1.0 + exp(-abs(margin)));
}

fn cost_slope(margin: f32) -> f32 {
    return -1.0 / (1.0 + exp(clamp(margin, -80.0, 80.0)));
}
