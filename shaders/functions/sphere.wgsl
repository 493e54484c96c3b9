//! import shifted
// sum z_i^2

fn objective(candidate: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < DIMS; i += 4u) {
        let z = x4(candidate, i);
        sum += dot(z, z);
    }
    return sum;
}
