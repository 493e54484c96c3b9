//! import shifted
// 0.1 (sin^2(3 pi z_1) + sum (z_i - 1)^2 (1 + sin^2(3 pi z_{i+1})) + (z_D - 1)^2 (1 + sin^2(2 pi z_D)))
// + sum u(z_i, 5, 100, 4), u(z, a, k, m) = k (|z| - a)^m beyond a; w = z - 1 has the same sin^2 and more digits

fn objective(candidate: u32) -> f32 {
    const PI = 3.14159265358979;
    var sum = 0.0;
    var penalty = 0.0;
    var before = 0.0;
    var w = 0.0;
    for (var i = 0u; i < DIMS; i += 1u) {
        let z = x(candidate, i);
        w = z - 1.0;
        let wave = sin(3.0 * PI * w);
        sum += before + wave * wave * select(before, 1.0, i == 0u);
        before = w * w;
        let beyond = max(abs(z) - 5.0, 0.0);
        let square = beyond * beyond;
        penalty += square * square;
    }
    let last = sin(2.0 * PI * w);
    return 0.1 * (sum + before * (1.0 + last * last)) + 100.0 * penalty;
}
