//! import sigmoid_outputs
// Binary cross-entropy of one row, mean over its sigmoid outputs, from logits: softplus(z) - target z.
fn row_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32) -> f32 {
    var sum = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        let logit = (*z)[o];
        sum += max(logit, 0.0) + log(1.0 + exp(-abs(logit))) - logit * wanted(o, label);
    }
    return sum / f32(OUTPUTS);
}

// From logits to the slope of the loss in each.
fn row_slope(z: ptr<function, array<f32, OUTPUTS>>, label: u32) {
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        (*z)[o] = (output_of((*z)[o]) - wanted(o, label)) / f32(OUTPUTS);
    }
}

// What one output y costs.
fn output_loss(y: f32, target_value: f32) -> f32 {
    let inside = clamp(y, 1e-7, 1.0 - 1e-7);
    return -(target_value * log(inside) + (1.0 - target_value) * log(1.0 - inside));
}
