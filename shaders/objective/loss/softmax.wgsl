// Softmax cross-entropy of one row, the label's own number counting for `lowered` less: log sum exp(z) - z[label].
fn softmax_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32, lowered: f32) -> f32 {
    let top = highest(z);
    var sum = 0.0;
    var own = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        let above = (*z)[o] - top - select(0.0, lowered, o == label);
        sum += exp(above);
        own += select(0.0, above, o == label);
    }
    return log(sum) - own;
}

// From the numbers to the slope of the loss in each.
fn softmax_slope(z: ptr<function, array<f32, OUTPUTS>>, label: u32, lowered: f32) {
    let top = highest(z);
    var sum = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        (*z)[o] = exp((*z)[o] - top - select(0.0, lowered, o == label));
        sum += (*z)[o];
    }
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        (*z)[o] = (*z)[o] / sum - select(0.0, 1.0, o == label);
    }
}

fn highest(z: ptr<function, array<f32, OUTPUTS>>) -> f32 {
    var top = (*z)[0];
    for (var o = 1u; o < OUTPUTS; o += 1u) {
        top = max(top, (*z)[o]);
    }
    return top;
}
