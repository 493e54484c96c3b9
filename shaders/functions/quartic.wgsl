//! import shifted, random
// sum i z_i^4 + noise in [0, 1), drawn anew for every candidate and generation

fn objective(candidate: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < DIMS; i += 1u) {
        let z = x(candidate, i);
        let square = z * z;
        sum += f32(i + 1u) * square * square;
    }
    return sum + random_unit(candidate, 0u);
}
