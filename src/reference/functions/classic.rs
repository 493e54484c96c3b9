//! Twins of the thirteen functions of any dimension, F1 to F13.

use std::f64::consts::{E, PI};

/// F1.
pub fn sphere(z: &[f64]) -> f64 {
    z.iter().map(|z| z * z).sum()
}

/// F2.
pub fn schwefel_2_22(z: &[f64]) -> f64 {
    z.iter().map(|z| z.abs()).sum::<f64>() + z.iter().map(|z| z.abs()).product::<f64>()
}

/// F3, with its two sums as printed.
pub fn schwefel_1_2(z: &[f64]) -> f64 {
    (1..=z.len()).map(|i| z[..i].iter().sum::<f64>().powi(2)).sum()
}

/// F4.
pub fn schwefel_2_21(z: &[f64]) -> f64 {
    z.iter().map(|z| z.abs()).fold(0.0, f64::max)
}

/// F5.
pub fn rosenbrock(z: &[f64]) -> f64 {
    z.windows(2).map(|z| 100.0 * (z[1] - z[0] * z[0]).powi(2) + (z[0] - 1.0).powi(2)).sum()
}

/// F6.
pub fn step(z: &[f64]) -> f64 {
    z.iter().map(|z| (z + 0.5).powi(2)).sum()
}

/// F7 without its noise.
pub fn quartic(z: &[f64]) -> f64 {
    (1..).zip(z).map(|(i, z)| f64::from(i) * z.powi(4)).sum()
}

/// F8.
pub fn schwefel(z: &[f64]) -> f64 {
    z.iter().map(|z| -z * z.abs().sqrt().sin()).sum()
}

/// F9.
pub fn rastrigin(z: &[f64]) -> f64 {
    z.iter().map(|z| z * z - 10.0 * (2.0 * PI * z).cos() + 10.0).sum()
}

/// F10.
pub fn ackley(z: &[f64]) -> f64 {
    let square = z.iter().map(|z| z * z).sum::<f64>() / z.len() as f64;
    let wave = z.iter().map(|z| (2.0 * PI * z).cos()).sum::<f64>() / z.len() as f64;
    -20.0 * (-0.2 * square.sqrt()).exp() - wave.exp() + 20.0 + E
}

/// F11.
pub fn griewank(z: &[f64]) -> f64 {
    let squares: f64 = z.iter().map(|z| z * z).sum();
    let product: f64 = (1..).zip(z).map(|(i, z)| (z / f64::from(i).sqrt()).cos()).product();
    squares / 4000.0 - product + 1.0
}

/// F12.
pub fn penalized_1(z: &[f64]) -> f64 {
    let y: Vec<f64> = z.iter().map(|z| 1.0 + (z + 1.0) / 4.0).collect();
    let last = y[y.len() - 1];
    let between: f64 = y.windows(2).map(|y| (y[0] - 1.0).powi(2) * (1.0 + 10.0 * (PI * y[1]).sin().powi(2))).sum();
    let waves = 10.0 * (PI * y[0]).sin().powi(2) + between + (last - 1.0).powi(2);
    PI / z.len() as f64 * waves + penalty(z, 10.0)
}

/// F13.
pub fn penalized_2(z: &[f64]) -> f64 {
    let last = z[z.len() - 1];
    let between: f64 = z.windows(2).map(|z| (z[0] - 1.0).powi(2) * (1.0 + (3.0 * PI * z[1]).sin().powi(2))).sum();
    let end = (last - 1.0).powi(2) * (1.0 + (2.0 * PI * last).sin().powi(2));
    0.1 * ((3.0 * PI * z[0]).sin().powi(2) + between + end) + penalty(z, 5.0)
}

/// `sum u(z_i, edge, 100, 4)`: nothing inside the edge, then a steep wall.
fn penalty(z: &[f64], edge: f64) -> f64 {
    z.iter().map(|z| 100.0 * (z.abs() - edge).max(0.0).powi(4)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published Python of these functions, run in `f64` at one point that meets both penalties.
    #[test]
    fn values_agree_with_an_independent_program() {
        let z = [0.3, -0.7, 1.2, -13.0];
        let table = [
            (sphere(&z), 171.02),
            (schwefel_2_22(&z), 18.476),
            (schwefel_1_2(&z), 149.73),
            (schwefel_2_21(&z), 13.0),
            (rosenbrock(&z), 20967.6),
            (step(&z), 159.82),
            (quartic(&z), 114250.7091),
            (schwefel(&z), -6.520887758075396),
            (rastrigin(&z), 204.11016994374947),
            (ackley(&z), 16.121140444189336),
            (griewank(&z), 0.4110419565395218),
            (penalized_1(&z), 8113.191656049393),
            (penalized_2(&z), 409620.2176311896),
        ];
        for (number, (value, expected)) in (1..).zip(table) {
            let slack = 1e-12 * f64::max(1.0, f64::abs(expected));
            assert!((value - expected).abs() <= slack, "F{number}: {value}, not {expected}");
        }
    }
}
