//! import shifted
// max |z_i|

fn objective(candidate: u32) -> f32 {
    var largest = 0.0;
    for (var i = 0u; i < DIMS; i += 1u) {
        largest = max(largest, abs(x(candidate, i)));
    }
    return largest;
}
