//! A random order computed, not stored: what `shuffle.wgsl` does on the device, word for word.

use crate::threefry;

/// What a draw is for: the order in which blocks have their turns. The same word as in `random.wgsl`.
pub(crate) const ORDER: u32 = 28;

/// Half the bits of a number below `count`, rounded up.
pub(crate) fn half(count: u32) -> u32 {
    (32 - (count.max(2) - 1).leading_zeros()).div_ceil(2)
}

/// The keys of an order: four random words.
pub(crate) fn keys(counter: [u32; 4], seed: u64) -> [u32; 4] {
    threefry::seeded(counter, seed)
}

/// What is at `place` of `count` shuffled things: a Feistel network of four rounds (Luby and Rackoff 1988), where places
/// past the end walk on until they are inside (Black and Rogaway 2002).
pub(crate) fn shuffled(place: u32, count: u32, keys: [u32; 4]) -> u32 {
    let half = half(count);
    let mask = (1u32 << half) - 1;
    let mut index = place;
    loop {
        let (left, right) = keys.into_iter().fold((index >> half, index & mask), |(left, right), key| {
            let mut mixed = right.wrapping_add(key).wrapping_mul(0x9E37_79B1);
            mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA77);
            (right, left ^ ((mixed ^ (mixed >> 13)) & mask))
        });
        index = (left << half) | right;
        if index < count {
            return index;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_taken_once() {
        for count in [1, 2, 3, 5, 16, 42, 138, 1000] {
            let mut all: Vec<u32> = (0..count).map(|i| shuffled(i, count, keys([3, 0, 0, ORDER], 7))).collect();
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_purpose_is_the_shaders() {
        assert!(include_str!("../shaders/lib/random.wgsl").contains(&format!("const ORDER: u32 = {ORDER}u;")));
    }
}
