// Outputs between 0 and 1, each by itself: 1 is wanted of the label's, 0 of the others.
fn output_of(z: f32) -> f32 {
    return 1.0 / (1.0 + exp(-clamp(z, -60.0, 60.0)));
}

fn output_slope(y: f32) -> f32 {
    return y * (1.0 - y);
}

fn wanted(o: u32, label: u32) -> f32 {
    return select(0.0, 1.0, o == label);
}

fn held(y: f32) -> f32 {
    return clamp(y, 0.0, 1.0);
}
