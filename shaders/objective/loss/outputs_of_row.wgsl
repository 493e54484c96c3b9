// A loss of a row from that of its outputs, each judged by itself: their mean.
fn row_loss(z: ptr<function, array<f32, OUTPUTS>>, label: u32) -> f32 {
    var sum = 0.0;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        sum += output_loss(output_of((*z)[o]), wanted(o, label));
    }
    return sum / f32(OUTPUTS);
}

// From what the network says to the slope of the loss in it.
fn row_slope(z: ptr<function, array<f32, OUTPUTS>>, label: u32) {
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        let y = output_of((*z)[o]);
        (*z)[o] = output_loss_slope(y, wanted(o, label)) * output_slope(y) / f32(OUTPUTS);
    }
}
