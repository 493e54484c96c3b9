// Softmax cross-entropy of one row from scaled cosines, the label's lowered by the scaled margin.
fn row_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32) -> f32 {
    var top = (*z)[0];
    for (var o = 1u; o < OUTPUTS; o += 1u) {
        top = max(top, (*z)[o]);
    }
    var sum = 0.0;
    var own = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        let above = (*z)[o] - top - select(0.0, LOWERED, o == label);
        sum += exp(above);
        own += select(0.0, above, o == label);
    }
    return log(sum) - own;
}

// From scaled cosines to the slope of the loss in each.
fn row_slope(z: ptr<function, array<f32, OUTPUTS>>, label: u32) {
    var top = (*z)[0];
    for (var o = 1u; o < OUTPUTS; o += 1u) {
        top = max(top, (*z)[o]);
    }
    var sum = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        (*z)[o] = exp((*z)[o] - top - select(0.0, LOWERED, o == label));
        sum += (*z)[o];
    }
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        (*z)[o] = (*z)[o] / sum - select(0.0, 1.0, o == label);
    }
}
