//! import shifted, sin2_pi
// -20 exp(-0.2 sqrt(mean z_i^2)) - exp(mean cos(2 pi z_i)) + 20 + e, with cos(2a) = 1 - 2 sin^2(a) and the
// constants taken into one_minus_exp: as written it would end near 1e-5, the rounding of 20 + e in f32

fn objective(candidate: u32) -> f32 {
    const E = 2.71828182845905;
    var squares = 0.0;
    var waves = 0.0;
    for (var i = 0u; i < DIMS; i += 4u) {
        let z = x4(candidate, i);
        squares += dot(z, z);
        waves += sin2_pi(z.x) + sin2_pi(z.y) + sin2_pi(z.z) + sin2_pi(z.w);
    }
    return 20.0 * one_minus_exp(0.2 * sqrt(squares / f32(DIMS))) + E * one_minus_exp(2.0 * waves / f32(DIMS));
}

// 1 - exp(-a) for a >= 0, by its series where the difference would lose digits.
fn one_minus_exp(a: f32) -> f32 {
    let series = a * (1.0 - a / 2.0 * (1.0 - a / 3.0 * (1.0 - a / 4.0 * (1.0 - a / 5.0 * (1.0 - a / 6.0)))));
    return select(1.0 - exp(-a), series, a < 0.25);
}
