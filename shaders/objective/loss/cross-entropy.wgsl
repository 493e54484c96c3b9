// Softmax cross-entropy of one row, from logits: log sum exp(z) - z[label].
fn row_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32) -> f32 {
    var top = (*z)[0];
    for (var o = 1u; o < OUTPUTS; o += 1u) {
        top = max(top, (*z)[o]);
    }
    var sum = 0.0;
    var own = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        sum += exp((*z)[o] - top);
        own += select(0.0, (*z)[o] - top, o == label);
    }
    return log(sum) - own;
}

// From logits to the slope of the loss in each.
fn row_slope(z: ptr<function, array<f32, OUTPUTS>>, label: u32) {
    var top = (*z)[0];
    for (var o = 1u; o < OUTPUTS; o += 1u) {
        top = max(top, (*z)[o]);
    }
    var sum = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        (*z)[o] = exp((*z)[o] - top);
        sum += (*z)[o];
    }
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        (*z)[o] = (*z)[o] / sum - select(0.0, 1.0, o == label);
    }
}
