// Binary cross-entropy of one row, mean over its sigmoid outputs, from logits: softplus(z) - target z.
fn row_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32) -> f32 {
    var sum = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        let logit = (*z)[o];
        sum += max(logit, 0.0) + log(1.0 + exp(-abs(logit))) - select(0.0, logit, o == label);
    }
    return sum / f32(OUTPUTS);
}
