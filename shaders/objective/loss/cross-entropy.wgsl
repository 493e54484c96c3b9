//! import softmax
// Softmax cross-entropy of one row, from logits.
fn row_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32) -> f32 {
    return softmax_loss(z, label, 0.0);
}

// From logits to the slope of the loss in each.
fn row_slope(z: ptr<function, array<f32, OUTPUTS>>, label: u32) {
    softmax_slope(z, label, 0.0);
}
