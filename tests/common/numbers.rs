//! Data for tests that need some, the same every time.

/// Repeatable numbers in [-1, 1).
pub(crate) fn numbers(count: usize, seed: u32) -> Vec<f32> {
    (0..count as u32)
        .map(|i| {
            let x = (i ^ seed.wrapping_mul(0x9E37_79B9)).wrapping_mul(2_654_435_761);
            ((x ^ (x >> 15)).wrapping_mul(0x85EB_CA77) >> 8) as f32 / 8_388_608.0 - 1.0
        })
        .collect()
}
