//! import sigmoid_outputs
// Absolute error of one row, mean over its sigmoid outputs against 1 for the label and 0 elsewhere.
fn row_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32) -> f32 {
    var sum = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        sum += output_loss(output_of((*z)[o]), wanted(o, label));
    }
    return sum / f32(OUTPUTS);
}

// From logits to the slope of the loss in each.
fn row_slope(z: ptr<function, array<f32, OUTPUTS>>, label: u32) {
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        let y = output_of((*z)[o]);
        (*z)[o] = (sign(y - wanted(o, label))) * output_slope(y) / f32(OUTPUTS);
    }
}

// What one output y costs.
fn output_loss(y: f32, target_value: f32) -> f32 {
    return abs(y - target_value);
}
