// sin^2(pi x). WGSL lets sin be off by 2^-11, and by anything beyond [-pi, pi]; this is good to 4e-7 of its value for
// every x, whatever the adapter: the distance to the nearest integer is exact, and the polynomial is the minimax one.
fn sin2_pi(x: f32) -> f32 {
    let r = x - round(x);
    let s = r * r;
    let p = 3.1415927 + s * (-5.16771 + s * (2.5500698 + s * (-0.5982421 + s * 0.07756039)));
    return s * p * p;
}
