//! The generator of `shaders/lib/threefry.wgsl` on the host, word for word.

/// By how much words are rotated, in rounds 0 to 7, then again from the first.
const TURNS: [[u32; 2]; 8] = [[10, 26], [11, 21], [13, 27], [23, 5], [6, 20], [17, 11], [25, 10], [18, 20]];
const ROUNDS: usize = 20;
const PARITY: u32 = 0x1BD1_1BDA;

/// Four random words, a pure function of counter and key: Threefry4x32-20 (Salmon, Moraes, Dror, Shaw 2011).
pub fn threefry(counter: [u32; 4], key: [u32; 4]) -> [u32; 4] {
    let keys: [u32; 5] = [key[0], key[1], key[2], key[3], key.iter().fold(PARITY, |parity, word| parity ^ word)];
    let mut c = counter;
    let join = |c: &mut [u32; 4], time: usize| {
        for (place, word) in c.iter_mut().enumerate() {
            *word = word.wrapping_add(keys[(time + place) % 5]);
        }
        c[3] = c[3].wrapping_add(time as u32);
    };
    join(&mut c, 0);
    for round in 0..ROUNDS {
        // Neighbours, then the first word with the last.
        let pairs = if round % 2 == 0 { [(0, 1), (2, 3)] } else { [(0, 3), (2, 1)] };
        for ((first, second), turn) in pairs.into_iter().zip(TURNS[round % 8]) {
            c[first] = c[first].wrapping_add(c[second]);
            c[second] = c[second].rotate_left(turn) ^ c[first];
        }
        if round % 4 == 3 {
            join(&mut c, round / 4 + 1);
        }
    }
    c
}

/// The words of a run: the seed is the key.
pub fn seeded(counter: [u32; 4], seed: u64) -> [u32; 4] {
    threefry(counter, [seed as u32, (seed >> 32) as u32, 0, 0])
}
