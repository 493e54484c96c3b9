//! import shifted
// z^15 - sin z + exp(z^6), level beyond |z| = 2 so that f32 holds it

fn objective(candidate: u32) -> f32 {
    let z = clamp(x(candidate, 0u), -2.0, 2.0);
    let cube = z * z * z;
    let sixth = cube * cube;
    return sixth * sixth * cube - sin(z) + exp(sixth);
}
