//! Twin of `shaders/objective/ode`: the integrators for any right-hand side, and the right-hand sides of the built-in
//! systems.

use crate::objective::ode::Integrator;

/// The state at the last of `times`, from `y` at the first; a step leads from each time to the next.
pub fn integrate(integrator: Integrator, rhs: impl Fn(f64, &[f64]) -> Vec<f64>, times: &[f64], y: &[f64]) -> Vec<f64> {
    times.windows(2).fold(y.to_vec(), |y, pair| stepped(integrator, &rhs, pair[0], pair[1] - pair[0], &y))
}

/// One step of length `h` from time `t`.
pub fn stepped(integrator: Integrator, rhs: &impl Fn(f64, &[f64]) -> Vec<f64>, t: f64, h: f64, y: &[f64]) -> Vec<f64> {
    let half = 0.5 * h;
    match integrator {
        Integrator::Euler => moved(y, &[(h, &rhs(t, y))]),
        Integrator::Rk2 => moved(y, &[(h, &rhs(t + half, &moved(y, &[(half, &rhs(t, y))])))]),
        Integrator::Rk4 => {
            let k1 = rhs(t, y);
            let k2 = rhs(t + half, &moved(y, &[(half, &k1)]));
            let k3 = rhs(t + half, &moved(y, &[(half, &k2)]));
            let k4 = rhs(t + h, &moved(y, &[(h, &k3)]));
            moved(y, &[(h / 6.0, &k1), (h / 3.0, &k2), (h / 3.0, &k3), (h / 6.0, &k4)])
        }
    }
}

/// y and multiples of directions.
fn moved(y: &[f64], directions: &[(f64, &[f64])]) -> Vec<f64> {
    let sum = |(i, y): (usize, &f64)| directions.iter().fold(*y, |sum, (h, k)| sum + h * k[i]);
    y.iter().enumerate().map(sum).collect()
}

/// Twin of `van-der-pol.wgsl`.
pub fn van_der_pol(_: f64, y: &[f64], constants: &[f64]) -> Vec<f64> {
    vec![y[1], constants[0] * (1.0 - y[0] * y[0]) * y[1] - y[0]]
}

/// Twin of `lotka-volterra.wgsl`.
pub fn lotka_volterra(_: f64, y: &[f64], constants: &[f64]) -> Vec<f64> {
    let [birth, eaten, growth, death] = [0, 1, 2, 3].map(|k| constants[k]);
    vec![y[0] * (birth - eaten * y[1]), y[1] * (growth * y[0] - death)]
}

/// Twin of `lorenz.wgsl`.
pub fn lorenz(_: f64, y: &[f64], constants: &[f64]) -> Vec<f64> {
    let [sigma, rho, beta] = [0, 1, 2].map(|k| constants[k]);
    vec![sigma * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - beta * y[2]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Error at t = 2 of y' = -2 t y, which is exp(-t²).
    fn error(integrator: Integrator, steps: u32) -> f64 {
        let times: Vec<f64> = (0..=steps).map(|n| 2.0 * f64::from(n) / f64::from(steps)).collect();
        let end = integrate(integrator, |t, y| vec![-2.0 * t * y[0]], &times, &[1.0]);
        (end[0] - (-4.0f64).exp()).abs()
    }

    #[test]
    fn errors_fall_with_the_order_of_the_integrator() {
        for integrator in Integrator::ALL {
            let measured = (error(integrator, 200) / error(integrator, 400)).log2();
            let order = f64::from(integrator.order());
            assert!((measured - order).abs() < 0.15, "{}: order {measured}", integrator.name());
        }
    }
}
