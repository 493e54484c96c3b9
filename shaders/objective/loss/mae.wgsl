//! import sigmoid_outputs, outputs_of_row
// Absolute error of one row, mean over its sigmoid outputs against 1 for the label and 0 elsewhere.
fn output_loss(y: f32, target_value: f32) -> f32 {
    return abs(y - target_value);
}

fn output_loss_slope(y: f32, target_value: f32) -> f32 {
    return sign(y - target_value);
}
