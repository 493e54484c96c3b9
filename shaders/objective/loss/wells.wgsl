//! import number_outputs, outputs_of_row
// A bowl with waves in it, r^2 / 10 + 1 - cos 3r: a well every 2 or so, the deepest at the target.
fn output_loss(y: f32, target_value: f32) -> f32 {
    let error = y - target_value;
    return 0.1 * error * error + 1.0 - cos(3.0 * error);
}

fn output_loss_slope(y: f32, target_value: f32) -> f32 {
    let error = y - target_value;
    return 0.2 * error + 3.0 * sin(3.0 * error);
}
