// Largest finite f32. Stands for "no value yet" and for every value that is not finite.
const WORST: f32 = 0x1.fffffep+127f;

// By exponent bits: WGSL lets drivers assume that NaN and infinity do not occur.
fn finite_or_worst(value: f32) -> f32 {
    return select(value, WORST, (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u);
}
