//! Twins of the ten functions of two variables, `u` and `v`.

use std::f64::consts::PI;

/// Beale.
pub fn beale(z: &[f64]) -> f64 {
    let (u, v) = (z[0], z[1]);
    (1.5 - u + u * v).powi(2) + (2.25 - u + u * v * v).powi(2) + (2.625 - u + u * v * v * v).powi(2)
}

/// Goldstein and Price.
pub fn goldstein_price(z: &[f64]) -> f64 {
    let (u, v) = (z[0], z[1]);
    let left = 19.0 - 14.0 * u + 3.0 * u * u - 14.0 * v + 6.0 * u * v + 3.0 * v * v;
    let right = 18.0 - 32.0 * u + 12.0 * u * u + 48.0 * v - 36.0 * u * v + 27.0 * v * v;
    (1.0 + (u + v + 1.0).powi(2) * left) * (30.0 + (2.0 * u - 3.0 * v).powi(2) * right)
}

/// Booth.
pub fn booth(z: &[f64]) -> f64 {
    let (u, v) = (z[0], z[1]);
    (u + 2.0 * v - 7.0).powi(2) + (2.0 * u + v - 5.0).powi(2)
}

/// Bukin, number 6.
pub fn bukin_6(z: &[f64]) -> f64 {
    let (u, v) = (z[0], z[1]);
    100.0 * (v - 0.01 * u * u).abs().sqrt() + 0.01 * (u + 10.0).abs()
}

/// Matyas.
pub fn matyas(z: &[f64]) -> f64 {
    let (u, v) = (z[0], z[1]);
    0.26 * (u * u + v * v) - 0.48 * u * v
}

/// Levi, number 13.
pub fn levi_13(z: &[f64]) -> f64 {
    let (u, v) = (z[0], z[1]);
    (3.0 * PI * u).sin().powi(2)
        + (u - 1.0).powi(2) * (1.0 + (3.0 * PI * v).sin().powi(2))
        + (v - 1.0).powi(2) * (1.0 + (2.0 * PI * v).sin().powi(2))
}

/// Himmelblau.
pub fn himmelblau(z: &[f64]) -> f64 {
    let (u, v) = (z[0], z[1]);
    (u * u + v - 11.0).powi(2) + (u + v * v - 7.0).powi(2)
}

/// The camel with three humps.
pub fn three_hump_camel(z: &[f64]) -> f64 {
    let (u, v) = (z[0], z[1]);
    2.0 * u.powi(2) - 1.05 * u.powi(4) + u.powi(6) / 6.0 + u * v + v * v
}

/// Easom.
pub fn easom(z: &[f64]) -> f64 {
    let (u, v) = (z[0], z[1]);
    -u.cos() * v.cos() * (-(u - PI).powi(2) - (v - PI).powi(2)).exp()
}

/// Cross in tray.
pub fn cross_in_tray(z: &[f64]) -> f64 {
    let (u, v) = (z[0], z[1]);
    let a = (100.0 - (u * u + v * v).sqrt() / PI).abs();
    -0.0001 * ((u.sin() * v.sin() * a.exp()).abs() + 1.0).powf(0.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with 40 digits from the printed formulas.
    #[test]
    fn values_agree_with_an_independent_program() {
        let z = [0.7, -1.3];
        let table = [
            (beale(&z), 7.63123541),
            (goldstein_price(&z), 2893.60524464),
            (booth(&z), 103.22),
            (bukin_6(&z), 114.33921962301179),
            (matyas(&z), 1.0036),
            (levi_13(&z), 10.26893568818739),
            (himmelblau(&z), 160.7282),
            (three_hump_camel(&z), 1.5275031666666667),
            (easom(&z), -1.4264306574856188e-12),
            (cross_in_tray(&z), -2.003664266660216),
        ];
        for (row, (value, expected)) in table.into_iter().enumerate() {
            assert!((value - expected).abs() <= 1e-13 * f64::abs(expected), "row {row}: {value}, not {expected}");
        }
    }
}
