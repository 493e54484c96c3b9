//! import shifted
// sum |z_i| + prod |z_i|; the product stops at 1e37 so that f32 holds it

fn objective(candidate: u32) -> f32 {
    var sum = 0.0;
    var product = 1.0;
    for (var i = 0u; i < DIMS; i += 1u) {
        let size = abs(x(candidate, i));
        sum += size;
        product = min(product * size, 1e37);
    }
    return sum + product;
}
