//! import number_outputs, outputs_of_row
// Half the squared error of a number.
fn output_loss(y: f32, target_value: f32) -> f32 {
    let error = y - target_value;
    return 0.5 * error * error;
}

fn output_loss_slope(y: f32, target_value: f32) -> f32 {
    return y - target_value;
}
