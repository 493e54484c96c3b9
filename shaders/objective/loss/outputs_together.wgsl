// What a swarm over the outputs of a row minimizes: outputs are logits.
fn swarm_loss(y: ptr<function, array<f32, TOGETHER>>, first: u32, label: u32) -> f32 {
    return row_loss(y, label);
}

// At the label, as the public code starts.
fn at_label(o: u32, label: u32, u: f32) -> f32 {
    return select(-4.0, 1.0, o == label) + u;
}

fn output_of(z: f32) -> f32 {
    return z;
}

fn output_slope(y: f32) -> f32 {
    return 1.0;
}
