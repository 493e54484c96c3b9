//! import shifted
// (1 + (u + v + 1)^2 (19 - 14u + 3u^2 - 14v + 6uv + 3v^2)) (30 + (2u - 3v)^2 (18 - 32u + 12u^2 + 48v - 36uv + 27v^2)),
// in s = u + v and d = 2u - 3v

fn objective(candidate: u32) -> f32 {
    let u = x(candidate, 0u);
    let v = x(candidate, 1u);
    let s = u + v;
    let d = 2.0 * u - 3.0 * v;
    let left = 1.0 + (s + 1.0) * (s + 1.0) * (19.0 - 14.0 * s + 3.0 * s * s);
    let right = 30.0 + d * d * (18.0 - 16.0 * d + 3.0 * d * d);
    return left * right;
}
