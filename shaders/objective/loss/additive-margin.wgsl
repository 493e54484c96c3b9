//! import softmax
// Softmax cross-entropy of one row from scaled cosines, the label's lowered by the scaled margin.
fn row_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32) -> f32 {
    return softmax_loss(z, label, LOWERED);
}

// From scaled cosines to the slope of the loss in each.
fn row_slope(z: ptr<function, array<f32, OUTPUTS>>, label: u32) {
    softmax_slope(z, label, LOWERED);
}
