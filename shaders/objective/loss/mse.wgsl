// Half the squared error of one row, mean over its sigmoid outputs against 1 for the label and 0 elsewhere.
fn row_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32) -> f32 {
    var sum = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        let error = 1.0 / (1.0 + exp(-clamp((*z)[o], -60.0, 60.0))) - select(0.0, 1.0, o == label);
        sum += 0.5 * error * error;
    }
    return sum / f32(OUTPUTS);
}
