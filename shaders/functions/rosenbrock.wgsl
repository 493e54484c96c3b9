//! import shifted
// sum 100 (z_{i+1} - z_i^2)^2 + (z_i - 1)^2

fn objective(candidate: u32) -> f32 {
    var z = x(candidate, 0u);
    var sum = 0.0;
    for (var i = 1u; i < DIMS; i += 1u) {
        let next = x(candidate, i);
        let valley = next - z * z;
        let slope = z - 1.0;
        sum += 100.0 * valley * valley + slope * slope;
        z = next;
    }
    return sum;
}
