//! import shifted
// sum (z_i + 0.5)^2, without the floor, as in the published code

fn objective(candidate: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < DIMS; i += 1u) {
        let z = x(candidate, i) + 0.5;
        sum += z * z;
    }
    return sum;
}
