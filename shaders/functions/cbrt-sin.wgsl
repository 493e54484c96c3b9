//! import shifted
// z^(1/3) + sin z for z > 0, else 0

fn objective(candidate: u32) -> f32 {
    let z = x(candidate, 0u);
    return select(0.0, pow(abs(z), 1.0 / 3.0) + sin(z), z > 0.0);
}
