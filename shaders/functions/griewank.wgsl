//! import shifted
// sum z_i^2 / 4000 - prod cos(z_i / sqrt i) + 1

fn objective(candidate: u32) -> f32 {
    var squares = 0.0;
    var product = 1.0;
    for (var i = 0u; i < DIMS; i += 1u) {
        let z = x(candidate, i);
        squares += z * z;
        product *= cos(z * inverseSqrt(f32(i + 1u)));
    }
    return squares / 4000.0 + (1.0 - product);
}
