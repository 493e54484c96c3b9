//! import clock
// What is left is what the user wrote: `written`. Where that is not finite, nothing is; by exponent bits, since WGSL lets
// drivers assume that NaN does not occur.
fn share_left(end: f32, step_every: f32, step_factor: f32, progress: f32) -> f32 {
    let value = written(progress, f32(clock.generation), f32(clock.horizon));
    return select(value, 0.0, (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u);
}
