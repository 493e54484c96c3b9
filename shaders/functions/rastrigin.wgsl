//! import shifted, sin2_pi
// sum z_i^2 - 10 cos(2 pi z_i) + 10, as z_i^2 + 20 sin^2(pi z_i): equal, and exact near 0 in f32

fn objective(candidate: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < DIMS; i += 1u) {
        let z = x(candidate, i);
        sum += z * z + 20.0 * sin2_pi(z);
    }
    return sum;
}
