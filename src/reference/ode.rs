//! Twin of `shaders/objective/ode`: the integrators for any right-hand side, and the right-hand sides of the built-in
//! systems.

use super::network::logits_of;
use crate::objective::ode::{Deviation, Field, Fit, Integrator, Time};

/// The state at the last of `times`, from `y` at the first; a step leads from each time to the next.
pub fn integrate(integrator: Integrator, rhs: impl Fn(f64, &[f64]) -> Vec<f64>, times: &[f64], y: &[f64]) -> Vec<f64> {
    times.windows(2).fold(y.to_vec(), |y, pair| stepped(integrator, &rhs, pair[0], pair[1] - pair[0], &y))
}

/// What the segments from these rows on, each of so many intervals, cost a position on the average.
pub fn fit(fit: &Fit, position: &[f64], starts: &[usize], intervals: usize) -> f64 {
    let observed = &fit.observed;
    let width = observed.components.len();
    let (first, last) = (observed.times[0], observed.times.iter().copied().fold(observed.times[0], f64::max));
    let warped = |t: f64| match fit.time {
        Time::Plain => t,
        Time::Share => (t - first) / (last - first),
        Time::Logarithm(offset) => (t - first + offset).ln(),
    };
    let (low, high) = (warped(first), warped(last));
    let rhs = |t: f64, y: &[f64]| match &fit.field {
        Field::Known(system, free) => {
            let constant = |(name, value): &(_, f32)| {
                let place = free.iter().position(|parameter| parameter.name == *name);
                place.map_or(f64::from(*value), |place| f64::from(free[place].value(position[place] as f32)))
            };
            let twin = system.twin.expect("twins are of built-in systems");
            twin(t, y, &system.constants.iter().map(constant).collect::<Vec<_>>())
        }
        Field::Neural(field) => {
            let mut row: Vec<f64> = y.iter().map(|y| if field.cubed { y.powi(3) } else { *y }).collect();
            row.extend(field.timed.then(|| (t - 0.5 * (low + high)) / (0.5 * (high - low))));
            logits_of(&field.architecture(width as u32), position, &row)
        }
    };
    let neural = matches!(fit.field, Field::Neural(_));
    let unit = |i: usize| if neural { f64::from(observed.units[i]) } else { 1.0 };
    let state =
        |row: usize| (0..width).map(|i| f64::from(observed.values[row * width + i]) / unit(i)).collect::<Vec<_>>();
    let counted = observed.units.iter().filter(|unit| **unit > 0.0).count();
    let mut sum = 0.0;
    for start in starts {
        let mut y = state(*start);
        for row in *start..start + intervals {
            let (from, to) = (warped(observed.times[row]), warped(observed.times[row + 1]));
            let h = (to - from) / f64::from(fit.substeps);
            for step in 0..fit.substeps {
                y = stepped(fit.integrator, &rhs, from + f64::from(step) * h, h, &y);
                if let Some(bound) = fit.bound {
                    y.iter_mut().for_each(|y| *y = y.clamp(-f64::from(bound), f64::from(bound)));
                }
            }
            for (i, (y, wanted)) in y.iter().zip(state(row + 1)).enumerate().filter(|(i, _)| observed.units[*i] > 0.0) {
                let off = (y - wanted) * unit(i) / f64::from(observed.units[i]);
                sum += if fit.deviation == Deviation::Absolute { off.abs() } else { off * off };
            }
        }
    }
    sum / (starts.len() * intervals * counted) as f64
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
        Integrator::DormandPrince => tried(rhs, t, h, y).0,
        _ => implicit(integrator, rhs, t, h, y),
    }
}

/// Nodes, then the rows of the tableau of Dormand and Prince 1980; the last row is the step itself.
const STAGES: [(f64, &[f64]); 6] = [
    (1.0 / 5.0, &[1.0 / 5.0]),
    (3.0 / 10.0, &[3.0 / 40.0, 9.0 / 40.0]),
    (4.0 / 5.0, &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0]),
    (8.0 / 9.0, &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0]),
    (1.0, &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0]),
    (1.0, &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0]),
];
/// The weights of order 4.
const FOURTH: [f64; 7] =
    [5179.0 / 57600.0, 0.0, 7571.0 / 16695.0, 393.0 / 640.0, -92097.0 / 339200.0, 187.0 / 2100.0, 1.0 / 40.0];

/// A step of Dormand and Prince, and by how much order 4 differs.
pub fn tried(rhs: &impl Fn(f64, &[f64]) -> Vec<f64>, t: f64, h: f64, y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let sum = |weights: &[f64], slopes: &[Vec<f64>]| {
        let directions: Vec<(f64, &[f64])> = weights.iter().zip(slopes).map(|(w, k)| (h * w, &k[..])).collect();
        moved(y, &directions)
    };
    let mut slopes = vec![rhs(t, y)];
    for (node, weights) in STAGES {
        slopes.push(rhs(t + node * h, &sum(weights, &slopes)));
    }
    let (fifth, fourth) = (sum(STAGES[5].1, &slopes), sum(&FOURTH, &slopes));
    let error = fifth.iter().zip(&fourth).map(|(fifth, fourth)| fifth - fourth).collect();
    (fifth, error)
}

/// The state at the last of `times`, by steps of Dormand and Prince that follow these relative and absolute tolerances
/// (the latter of the largest that a component was), and how many steps were tried. Each interval ends on its time.
pub fn adapted(
    rhs: impl Fn(f64, &[f64]) -> Vec<f64>,
    times: &[f64],
    y: &[f64],
    (relative, absolute): (f64, f64),
) -> (Vec<f64>, u32) {
    let mut y = y.to_vec();
    let mut largest: Vec<f64> = y.iter().map(|y| y.abs()).collect();
    let (mut own, mut before, mut refused, mut tries) = (1e-3 * (times[1] - times[0]), 1e-4f64, false, 0);
    for pair in times.windows(2) {
        let (mut since, length) = (0.0, pair[1] - pair[0]);
        while since < length {
            let left = length - since;
            let ends = own >= 0.999 * left;
            let h = if ends { left } else { own.min(0.5 * left) };
            let (after, errors) = tried(&rhs, pair[0] + since, h, &y);
            let shares = (0..y.len()).map(|i| {
                let size = y[i].abs().max(after[i].abs());
                errors[i].abs() / (relative * size + absolute * size.max(largest[i])).max(1e-30)
            });
            let error = shares.fold(1e-10, f64::max);
            tries += 1;
            if error > 1.0 {
                own = h * (0.9 * error.powf(-0.17)).max(0.2);
                refused = true;
                continue;
            }
            largest.iter_mut().zip(&after).for_each(|(largest, y)| *largest = largest.max(y.abs()));
            y = after;
            let most = if refused { 1.0 } else { 10.0 };
            let growth = (0.9 * error.powf(-0.17) * before.powf(0.04)).clamp(0.2, most);
            let kept = if h < own && growth >= 1.0 { own } else { 0.0 };
            own = (h * growth).max(kept);
            (before, refused) = (error.max(1e-4), false);
            since = if ends { length } else { since + h };
        }
    }
    (y, tries)
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
