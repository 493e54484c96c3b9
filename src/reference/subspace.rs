//! Twin of `shaders/optimizer/subspace.wgsl`: positions in a random subspace, lifted, in `f64`.

use super::random::{ORIGIN, PROJECTION, normal, uniform};
use crate::population::{Domain, Start};

/// theta0, from which the subspace is spanned.
pub fn origin(seed: u64, dims: u32, domain: &Domain) -> Vec<f64> {
    let one = |i| match domain.start {
        Start::Uniform => {
            let r = uniform(seed, 0, i, 0, ORIGIN);
            f64::from(domain.low) * (1.0 - r) + f64::from(domain.high) * r
        }
        Start::Normal => normal(seed, 0, i, 0, ORIGIN),
    };
    (0..dims).map(one).collect()
}

/// Row i of P, for a subspace of `count` dimensions.
pub fn row(seed: u64, i: u32, count: u32) -> Vec<f64> {
    (0..count).map(|j| normal(seed, 0, i, j, PROJECTION)).collect()
}

/// theta0 + P z within the walls, P scaled so that a standard normal z moves a coordinate by a unit of the domain.
pub fn lift(seed: u64, dims: u32, domain: &Domain, z: &[f64]) -> Vec<f64> {
    let scale = f64::from(domain.unit()) / (z.len() as f64).sqrt();
    let (low, high) = domain.walls();
    let along = |i| row(seed, i, z.len() as u32).iter().zip(z).map(|(p, z)| p * z).sum::<f64>();
    let moved = origin(seed, dims, domain).into_iter().zip(0..dims).map(|(theta, i)| theta + scale * along(i));
    moved.map(|x| x.clamp(low.into(), high.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_nearly_orthonormal_up_to_their_scale() {
        let (dims, count) = (4000u32, 6);
        let rows: Vec<Vec<f64>> = (0..dims).map(|i| row(3, i, count)).collect();
        for a in 0..count as usize {
            for b in 0..=a {
                let product = rows.iter().map(|row| row[a] * row[b]).sum::<f64>() / f64::from(dims);
                // Standard errors: 1 / sqrt(4000) = 0.016, for squares 0.022; four of them.
                let expected = f64::from(u8::from(a == b));
                assert!((product - expected).abs() < 0.09, "columns {a} and {b}: {product}");
            }
        }
    }
}
