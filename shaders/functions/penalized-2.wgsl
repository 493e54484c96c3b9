//! import shifted, sin2_pi
// 0.1 (sin^2(3 pi z_1) + sum (z_i - 1)^2 (1 + sin^2(3 pi z_{i+1})) + (z_D - 1)^2 (1 + sin^2(2 pi z_D)))
// + sum u(z_i, 5, 100, 4), u(z, a, k, m) = k (|z| - a)^m beyond a; w = z - 1 has the same sin^2 and more digits

fn objective(candidate: u32) -> f32 {
    var sum = 0.0;
    var penalty = 0.0;
    var before = 0.0;
    var w = 0.0;
    for (var i = 0u; i < DIMS; i += 1u) {
        let z = x(candidate, i);
        w = z - 1.0;
        sum += before + sin2_pi(3.0 * w) * select(before, 1.0, i == 0u);
        before = w * w;
        let beyond = max(abs(z) - 5.0, 0.0);
        let square = beyond * beyond;
        penalty += square * square;
    }
    return 0.1 * (sum + before * (1.0 + sin2_pi(2.0 * w))) + 100.0 * penalty;
}
