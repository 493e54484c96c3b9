//! Twins of the eight functions of one variable.

/// `z^10 - 3 z^5`.
pub fn poly_10(z: &[f64]) -> f64 {
    -(3.0 * z[0].powi(5) - z[0].powi(10))
}

/// `z^3 - 3 z^2 + 7`.
pub fn cubic(z: &[f64]) -> f64 {
    z[0].powi(3) - 3.0 * z[0].powi(2) + 7.0
}

/// `z^2 - exp(cos(z^2))`.
pub fn exp_cos(z: &[f64]) -> f64 {
    -(z[0] * z[0]).cos().exp() + z[0] * z[0]
}

/// `z^15 - sin z + exp(z^6)`.
pub fn poly_exp(z: &[f64]) -> f64 {
    z[0].powi(15) - z[0].sin() + z[0].powi(6).exp()
}

/// `sqrt |z|`.
pub fn sqrt(z: &[f64]) -> f64 {
    z[0].abs().sqrt()
}

/// `|z|`.
pub fn abs(z: &[f64]) -> f64 {
    z[0].abs()
}

/// `z^(1/3) + sin z` for positive `z`, else 0.
pub fn cbrt_sin(z: &[f64]) -> f64 {
    if z[0] > 0.0 { z[0].cbrt() + z[0].sin() } else { 0.0 }
}

/// `z` for positive `z`, else `z^2`.
pub fn kink(z: &[f64]) -> f64 {
    if z[0] > 0.0 { z[0] } else { z[0] * z[0] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with 40 digits from the printed formulas, on either side of 0.
    #[test]
    fn values_agree_with_an_independent_program() {
        let table = [
            (poly_10(&[0.7]), -0.4759624751),
            (poly_10(&[-0.7]), 0.5324575249),
            (cubic(&[0.7]), 5.873),
            (cubic(&[-0.7]), 5.187),
            (exp_cos(&[0.7]), -1.92653055999439),
            (exp_cos(&[-0.7]), -1.92653055999439),
            (poly_exp(&[0.7]), 0.485379094263995),
            (poly_exp(&[-0.7]), 1.764319345719491),
            (sqrt(&[0.7]), 0.8366600265340756),
            (sqrt(&[-0.7]), 0.8366600265340756),
            (abs(&[0.7]), 0.7),
            (abs(&[-0.7]), 0.7),
            (cbrt_sin(&[0.7]), 1.5321216889802918),
            (cbrt_sin(&[-0.7]), 0.0),
            (kink(&[0.7]), 0.7),
            (kink(&[-0.7]), 0.49),
        ];
        for (row, (value, expected)) in table.into_iter().enumerate() {
            assert!((value - expected).abs() < 1e-14, "row {row}: {value}, not {expected}");
        }
    }
}
