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
        _ => implicit(integrator, rhs, t, h, y),
    }
}

/// A step that solves with I - g h J.
fn implicit(integrator: Integrator, rhs: &impl Fn(f64, &[f64]) -> Vec<f64>, t: f64, h: f64, y: &[f64]) -> Vec<f64> {
    let slopes = slopes(rhs, t, y);
    let ahead = 0.125 * h;
    let zero = vec![0.0; y.len()];
    // h df/dt
    let drift = moved(&zero, &[(4.0, &rhs(t + ahead, y)), (-4.0, &rhs(t - ahead, y))]);
    let start = rhs(t, y);
    let g = 1.0 - 0.5f64.sqrt();
    match integrator {
        Integrator::Ros2 => {
            let k1 = solved(&slopes, g * h, moved(&start, &[(g, &drift)]));
            let slope = rhs(t + h, &moved(y, &[(h, &k1)]));
            let k2 = solved(&slopes, g * h, moved(&slope, &[(-2.0, &k1), (-g, &drift)]));
            moved(y, &[(1.5 * h, &k1), (0.5 * h, &k2)])
        }
        Integrator::Rosenbrock23 => {
            let k1 = solved(&slopes, g * h, moved(&start, &[(g, &drift)]));
            let slope = rhs(t + 0.5 * h, &moved(y, &[(0.5 * h, &k1)]));
            let rise = solved(&slopes, g * h, moved(&slope, &[(-1.0, &k1)]));
            moved(y, &[(h, &k1), (h, &rise)])
        }
        Integrator::Rodas3 => {
            let stage = |slope: &[f64], others: &[(f64, &[f64])]| {
                let side = moved(&zero, &[(0.5, slope)]);
                solved(&slopes, 0.5 * h, moved(&side, others))
            };
            let k1 = stage(&start, &[(0.25, &drift)]);
            let k2 = stage(&start, &[(0.75, &drift), (2.0, &k1)]);
            let third = moved(y, &[(2.0 * h, &k1)]);
            let k3 = stage(&rhs(t + h, &third), &[(0.5, &k1), (-0.5, &k2)]);
            let fourth = moved(&third, &[(h, &k3)]);
            let k4 = stage(&rhs(t + h, &fourth), &[(0.5, &k1), (-0.5, &k2), (-4.0 / 3.0, &k3)]);
            moved(&fourth, &[(h, &k4)])
        }
        _ => moved(y, &[(h, &solved(&slopes, h, moved(&start, &[(1.0, &drift)])))]),
    }
}

/// The Jacobian by columns, from central differences.
fn slopes(rhs: &impl Fn(f64, &[f64]) -> Vec<f64>, t: f64, y: &[f64]) -> Vec<Vec<f64>> {
    let column = |j: usize| {
        let change = 1e-5 * y[j].abs().max(1e-3);
        let moved_to = |by: f64| {
            let mut y = y.to_vec();
            y[j] += by;
            rhs(t, &y)
        };
        let (above, below) = (moved_to(change), moved_to(-change));
        above.iter().zip(&below).map(|(above, below)| (above - below) / (2.0 * change)).collect()
    };
    (0..y.len()).map(column).collect()
}

/// x with (I - g J) x = side, by elimination with pivots.
fn solved(slopes: &[Vec<f64>], g: f64, mut side: Vec<f64>) -> Vec<f64> {
    let count = side.len();
    let entry = |i: usize, j: usize| f64::from(u8::from(i == j)) - g * slopes[j][i];
    let mut rows: Vec<Vec<f64>> = (0..count).map(|i| (0..count).map(|j| entry(i, j)).collect()).collect();
    for k in 0..count {
        let pivot = (k..count).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs())).unwrap_or(k);
        rows.swap(k, pivot);
        side.swap(k, pivot);
        let (done, below) = rows.split_at_mut(k + 1);
        for (row, i) in below.iter_mut().zip(k + 1..) {
            let multiple = row[k] / done[k][k];
            row.iter_mut().zip(&done[k]).for_each(|(entry, above)| *entry -= multiple * above);
            side[i] -= multiple * side[k];
        }
    }
    for i in (0..count).rev() {
        let known: f64 = (i + 1..count).map(|j| rows[i][j] * side[j]).sum();
        side[i] = (side[i] - known) / rows[i][i];
    }
    side
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

/// Twin of `fitzhugh-nagumo.wgsl`.
pub fn fitzhugh_nagumo(_: f64, y: &[f64], constants: &[f64]) -> Vec<f64> {
    let [a, b, tau, current] = [0, 1, 2, 3].map(|k| constants[k]);
    vec![y[0] - y[0].powi(3) / 3.0 - y[1] + current, (y[0] + a - b * y[1]) / tau]
}

/// Twin of `morris-lecar.wgsl`, by the formulas as they are published.
pub fn morris_lecar(_: f64, y: &[f64], constants: &[f64]) -> Vec<f64> {
    let [current, c, g_leak, g_calcium, g_potassium] = [0, 1, 2, 3, 4].map(|k| constants[k]);
    let [e_leak, e_calcium, e_potassium, v1, v2, v3, v4, phi] = [5, 6, 7, 8, 9, 10, 11, 12].map(|k| constants[k]);
    let (v, w) = (y[0], y[1]);
    let m = 0.5 * (1.0 + ((v - v1) / v2).tanh());
    let open = 0.5 * (1.0 + ((v - v3) / v4).tanh());
    let inward =
        current - g_leak * (v - e_leak) - g_calcium * m * (v - e_calcium) - g_potassium * w * (v - e_potassium);
    vec![inward / c, phi * ((v - v3) / (2.0 * v4)).cosh() * (open - w)]
}

/// Twin of `cubic-spiral.wgsl`.
pub fn cubic_spiral(_: f64, y: &[f64], constants: &[f64]) -> Vec<f64> {
    let [damping, rate] = [0, 1].map(|k| constants[k]);
    let [x, y] = [0, 1].map(|i: usize| y[i].powi(3));
    vec![-damping * x - rate * y, rate * x - damping * y]
}

/// Twin of `rober.wgsl`.
pub fn rober(_: f64, y: &[f64], constants: &[f64]) -> Vec<f64> {
    let [first, second, third] = [constants[0] * y[0], constants[1] * y[1] * y[1], constants[2] * y[1] * y[2]];
    vec![third - first, first - third - second, second]
}

/// Twin of `pollu.wgsl`; the speeds of reaction count from 1.
pub fn pollu(_: f64, y: &[f64], k: &[f64]) -> Vec<f64> {
    let r = [
        0.0,
        k[0] * y[0],
        k[1] * y[1] * y[3],
        k[2] * y[4] * y[1],
        k[3] * y[6],
        k[4] * y[6],
        k[5] * y[6] * y[5],
        k[6] * y[8],
        k[7] * y[8] * y[5],
        k[8] * y[10] * y[1],
        k[9] * y[10] * y[0],
        k[10] * y[12],
        k[11] * y[9] * y[1],
        k[12] * y[13],
        k[13] * y[0] * y[5],
        k[14] * y[2],
        k[15] * y[3],
        k[16] * y[3],
        k[17] * y[15],
        k[18] * y[15],
        k[19] * y[16] * y[5],
        k[20] * y[18],
        k[21] * y[18],
        k[22] * y[0] * y[3],
        k[23] * y[18] * y[0],
        k[24] * y[19],
    ];
    vec![
        -r[1] - r[10] - r[14] - r[23] - r[24] + r[2] + r[3] + r[9] + r[11] + r[12] + r[22] + r[25],
        -r[2] - r[3] - r[9] - r[12] + r[1] + r[21],
        -r[15] + r[1] + r[17] + r[19] + r[22],
        -r[2] - r[16] - r[17] - r[23] + r[15],
        -r[3] + 2.0 * r[4] + r[6] + r[7] + r[13] + r[20],
        -r[6] - r[8] - r[14] - r[20] + r[3] + 2.0 * r[18],
        -r[4] - r[5] - r[6] + r[13],
        r[4] + r[5] + r[6] + r[7],
        -r[7] - r[8],
        -r[12] + r[7] + r[9],
        -r[9] - r[10] + r[8] + r[11],
        r[9],
        -r[11] + r[10],
        -r[13] + r[12],
        r[14],
        -r[18] - r[19] + r[16],
        -r[20],
        r[20],
        -r[21] - r[22] - r[24] + r[23] + r[25],
        -r[25] + r[24],
    ]
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
