//! Twin of `shaders/lib/random.wgsl`: the device's random numbers, word for word, on the host.

use crate::threefry;

/// Purpose of a draw: a coordinate of a first position.
pub const START: u32 = 0;
/// Purpose of a draw: r1, toward a member's own best.
pub const COGNITIVE: u32 = 1;
/// Purpose of a draw: r2, toward the best of the neighbourhood.
pub const SOCIAL: u32 = 2;
/// Purpose of a draw: r1 of alpha; r2 is the next, then beta's and delta's.
pub const LEADER: u32 = 3;
/// Purpose of a draw: the order of the axes that REMPSO pairs.
pub const AXES: u32 = 9;
/// Purpose of a draw: where the first velocity leads.
pub const LAUNCH: u32 = 10;
/// Purpose of a draw: a direction in space.
pub const DIRECTION: u32 = 11;
/// Purpose of a draw: how far in it.
pub const RADIUS: u32 = 12;
/// Purpose of a draw: whom a member tells of its best.
pub const INFORM: u32 = 13;
/// Purpose of a draw: a trial of a circuit.
pub const TRIAL: u32 = 17;
/// Purpose of a draw: the noise of an evolution strategy.
pub const NOISE: u32 = 24;
/// Purpose of a draw: a direction of a random subspace.
pub const PROJECTION: u32 = 25;
/// Purpose of a draw: the origin of a random subspace.
pub const ORIGIN: u32 = 26;
/// Purpose of a draw: the pulls on a particle of a swarm over outputs; the number of the move stands above it.
pub const OUTPUT_SWARM: u32 = 29;
/// Purpose of a draw: signs of noise at the units of a network; the number of the block of perturbations stands above it.
pub const NODES: u32 = 30;

/// Four random words: Threefry4x32-20 of the counter (element, generation, quad, purpose), with the seed as its key.
pub fn words(seed: u64, generation: u32, element: u32, quad: u32, purpose: u32) -> [u32; 4] {
    threefry::seeded([element, generation, quad, purpose], seed)
}

/// Four uniforms in [0, 1), one for each of the candidates `4 quad .. 4 quad + 3`: the device's own, to the last bit.
pub fn draw(seed: u64, generation: u32, element: u32, quad: u32, purpose: u32) -> [f32; 4] {
    words(seed, generation, element, quad, purpose).map(|word| (word >> 8) as f32 * 2f32.powi(-24))
}

/// Four standard normals, likewise (Box and Muller 1958), from the device's words but in `f64`.
pub fn draw_normal(seed: u64, generation: u32, element: u32, quad: u32, purpose: u32) -> [f64; 4] {
    let words = words(seed, generation, element, quad, purpose);
    let open = words.map(|word| (f64::from(word >> 8) + 1.0) * 2f64.powi(-24));
    let polar = |radius: f64, angle: f64| ((-2.0 * radius.ln()).sqrt(), std::f64::consts::TAU * angle);
    let ((r0, a0), (r1, a1)) = (polar(open[0], open[2]), polar(open[1], open[3]));
    [r0 * a0.cos(), r1 * a1.cos(), r0 * a0.sin(), r1 * a1.sin()]
}

/// The uniform of one candidate, for twins that look at one candidate after the other.
pub fn uniform(seed: u64, generation: u32, element: u32, candidate: u32, purpose: u32) -> f64 {
    f64::from(draw(seed, generation, element, candidate / 4, purpose)[candidate as usize % 4])
}

/// The normal of one candidate.
pub fn normal(seed: u64, generation: u32, element: u32, candidate: u32, purpose: u32) -> f64 {
    draw_normal(seed, generation, element, candidate / 4, purpose)[candidate as usize % 4]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counter_and_key_are_where_the_shader_has_them() {
        let words = words(0x299f_31d0_a409_3822, 0x85a3_08d3, 0x243f_6a88, 0x1319_8a2e, 0x0370_7344);
        let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        assert_eq!(words, threefry::threefry(counter, [0xa409_3822, 0x299f_31d0, 0, 0]));
    }

    #[test]
    fn uniforms_are_the_upper_24_bits() {
        // Random123's known answer for zeros: 9c6ca96a e17eae66 fc10ecd4 5256a7d8.
        let words = [0x9c_6ca9, 0xe1_7eae, 0xfc_10ec, 0x52_56a7];
        assert_eq!(draw(0, 0, 0, 0, 0), words.map(|word| word as f32 / 16_777_216.0));
        assert_eq!(uniform(0, 0, 0, 2, 0), f64::from(0xfc_10ec) / 16_777_216.0);
    }

    #[test]
    fn normals_have_the_moments_of_normals() {
        let all: Vec<f64> = (0..20_000).map(|candidate| normal(7, 3, 1, candidate, START)).collect();
        let moment = |power: i32| all.iter().map(|x| x.powi(power)).sum::<f64>() / all.len() as f64;
        // Standard errors at 20,000 draws: 0.007, 0.01 and 0.07; four of them.
        assert!(moment(1).abs() < 0.03, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.04, "variance {}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.28, "kurtosis {}", moment(4));
    }
}
