//! import shifted, sin2_pi
// sum z_i^2 - 10 cos(2 pi z_i) + 10, as z_i^2 + 20 sin^2(pi z_i): equal, and exact near 0 in f32

fn objective(candidate: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < DIMS; i += 4u) {
        let z = x4(candidate, i);
        sum += term(z.x) + term(z.y) + term(z.z) + term(z.w);
    }
    return sum;
}

fn term(z: f32) -> f32 {
    return z * z + 20.0 * sin2_pi(z);
}
