// What a swarm over a single output minimizes: the loss is a sum over outputs.
fn swarm_loss(y: ptr<function, array<f32, TOGETHER>>, first: u32, label: u32) -> f32 {
    return output_loss((*y)[0], wanted(first, label));
}

// At the label, as the public code starts.
fn at_label(o: u32, label: u32, u: f32) -> f32 {
    return wanted(o, label) + 0.31622777 * u;
}
