//! import shifted
// sum_i (z_1 + ... + z_i)^2, the inner sum kept running

fn objective(candidate: u32) -> f32 {
    var prefix = 0.0;
    var sum = 0.0;
    for (var i = 0u; i < DIMS; i += 1u) {
        prefix += x(candidate, i);
        sum += prefix * prefix;
    }
    return sum;
}
