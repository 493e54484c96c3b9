//! import shifted, sin2_pi
// pi/D (10 sin^2(pi y_1) + sum (y_i - 1)^2 (1 + 10 sin^2(pi y_{i+1})) + (y_D - 1)^2) + sum u(z_i, 10, 100, 4),
// y = 1 + (z + 1) / 4, u(z, a, k, m) = k (|z| - a)^m beyond a; w = y - 1 has the same sin^2 and more digits

fn objective(candidate: u32) -> f32 {
    const PI = 3.14159265358979;
    var sum = 0.0;
    var penalty = 0.0;
    var before = 0.0;
    for (var i = 0u; i < DIMS; i += 1u) {
        let z = x(candidate, i);
        let w = 0.25 * (z + 1.0);
        sum += before + 10.0 * sin2_pi(w) * select(before, 1.0, i == 0u);
        before = w * w;
        let beyond = max(abs(z) - 10.0, 0.0);
        let square = beyond * beyond;
        penalty += square * square;
    }
    return PI / f32(DIMS) * (sum + before) + 100.0 * penalty;
}
