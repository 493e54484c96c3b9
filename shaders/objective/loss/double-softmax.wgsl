//! import softmax
// Softmax cross-entropy of one row, from what a softmax made of its logits.
fn row_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32) -> f32 {
    var shares = *z;
    softmax(&shares);
    return softmax_loss(&shares, label, 0.0);
}

// From logits to the slope of the loss in each: p (s - sum p s), s being the slope in the shares p.
fn row_slope(z: ptr<function, array<f32, OUTPUTS>>, label: u32) {
    softmax(z);
    var slopes = *z;
    softmax_slope(&slopes, label, 0.0);
    var mean = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        mean += (*z)[o] * slopes[o];
    }
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        (*z)[o] *= slopes[o] - mean;
    }
}

// From logits to shares of one.
fn softmax(z: ptr<function, array<f32, OUTPUTS>>) {
    let top = highest(z);
    var sum = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        (*z)[o] = exp((*z)[o] - top);
        sum += (*z)[o];
    }
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        (*z)[o] /= sum;
    }
}
