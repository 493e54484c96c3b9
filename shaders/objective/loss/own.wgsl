//! import outputs_of_row
// A loss of the user's own, renamed: its slope is a central difference in the output, one-sided where outputs end.
fn output_loss(y: f32, target_value: f32) -> f32 {
    return users_loss(y, target_value);
}

fn output_loss_slope(y: f32, target_value: f32) -> f32 {
    let h = 1e-3 * max(1.0, abs(y));
    let up = held(y + h);
    let down = held(y - h);
    let slope = (users_loss(up, target_value) - users_loss(down, target_value)) / max(up - down, 1e-30);
    // By exponent bits: WGSL lets drivers assume that NaN and infinity do not occur.
    return select(slope, 0.0, (bitcast<u32>(slope) & 0x7f800000u) == 0x7f800000u);
}
