//! Movers on functions whose minimum is known, over seeds.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::gpu::Gpu;
use gradless::objective::{Formula, functions};
use gradless::optimizer::{EmPso, Form, Gwo, Pso, RemPso, Spso2011};
use gradless::population::{Domain, Optimizer};
use gradless::reference::spso_2011::StandardSwarm;
use gradless::reference::swarm::{Rule, Swarm};
use gradless::run::Run;

/// Best value of each of `runs` seeds.
fn bests(gpu: &Gpu, objective: &Formula, optimizer: &dyn Optimizer, size: (u32, u32), runs: u64) -> Vec<f64> {
    let (members, generations) = size;
    let best = |seed| {
        let run = Run::new(gpu, objective, optimizer).members(members).generations(generations).seed(seed);
        let mut run = run.start().unwrap();
        f64::from(run.advance(generations).unwrap().best)
    };
    (0..runs).map(best).collect()
}

/// A function of the catalogue, as published or moved.
fn known(name: &str, dims: u32, shifted: bool) -> Formula {
    let function = functions::find(name).unwrap();
    Formula::known(function, dims, if shifted { function.shift } else { 0.0 }).unwrap()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Mean of 30 runs of 30 wolves, 500 generations, 30 dimensions: the setting of Mirjalili et al. 2014.
fn gwo_mean(gpu: &Gpu, name: &str, shifted: bool) -> f64 {
    mean(&bests(gpu, &known(name, 30, shifted), &Gwo::default(), (30, 500), 30))
}

#[test]
fn gwo_reaches_the_published_means() {
    let Some(gpu) = common::gpu() else { return };
    // Published: 6.6e-28, 7.2e-17, 26.8, 0.82, 1.1e-13, 0.0045.
    let bounds = [
        ("f1", 0.0, 1e-20),
        ("f2", 0.0, 1e-12),
        ("f5", 25.5, 28.5),
        ("f6", 0.5, 1.1),
        ("f10", 0.0, 1e-4),
        ("f11", 0.0, 0.02),
    ];
    for (name, low, high) in bounds {
        let mean = gwo_mean(&gpu, name, false);
        println!("gwo on {name}: mean {mean:.3e}");
        assert!((low..=high).contains(&mean), "{name}: mean {mean:e}, not {low:e} to {high:e}");
    }
}

/// Why a value of GWO is to be believed only beside that of the shifted function.
#[test]
fn gwo_is_drawn_to_the_origin() {
    let Some(gpu) = common::gpu() else { return };
    let (plain, shifted) = (gwo_mean(&gpu, "sphere", false), gwo_mean(&gpu, "sphere", true));
    println!("gwo on the sphere: mean {plain:.3e}, on the shifted one {shifted:.3e}");
    assert!(plain < 1e-20 && shifted > 1e-6, "{plain:e} and {shifted:e}");
}

#[test]
fn empso_solves_the_functions_of_its_paper() {
    let Some(gpu) = common::gpu() else { return };
    for name in ["poly-10", "cubic", "exp-cos", "poly-exp", "abs"] {
        let minimum = (functions::find(name).unwrap().value)(1);
        let bests = bests(&gpu, &known(name, 1, false), &EmPso::default(), (25, 40), 100);
        let solved = bests.iter().filter(|best| (*best - minimum).abs() < 1e-3).count();
        println!("empso on {name}: {solved} of 100 seeds");
        assert!(solved >= 95, "{name}: {solved} of 100 seeds within 1e-3");
    }
}

/// How far the first sample lies above the second, in standard deviations of the statistic of Mann and Whitney (1947).
fn ranked_above(one: &[f64], other: &[f64]) -> f64 {
    let (m, n) = (one.len() as f64, other.len() as f64);
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
    let above: f64 = pairs.map(|(a, b)| if a > b { 1.0 } else { f64::from(u8::from(a == b)) / 2.0 }).sum();
    (above - m * n / 2.0) / (m * n * (m + n + 1.0) / 12.0).sqrt()
}

#[test]
fn the_rank_test_tells_samples_apart() {
    let low: Vec<f64> = (0..30).map(f64::from).collect();
    let high: Vec<f64> = low.iter().map(|x| x + 8.0).collect();
    assert_eq!(ranked_above(&low, &low), 0.0);
    // U = 667 of 900, mean 450, deviation sqrt(900 * 61 / 12) = 67.6.
    assert!((ranked_above(&high, &low) - 3.03).abs() < 0.3 && ranked_above(&low, &high) < -2.5);
}

#[test]
fn pso_is_no_worse_than_the_plain_one() {
    let Some(gpu) = common::gpu() else { return };
    for name in ["sphere", "rastrigin"] {
        let function = functions::find(name).unwrap();
        let (low, high) = function.domain.cube();
        let device = bests(&gpu, &known(name, 30, false), &Pso::default(), (30, 500), 30);
        // Seeds of its own: another sample of the same thing if all is well.
        let plain = |seed| {
            let swarm = Swarm::start(Rule::Pso(Pso::default()), 30, 30, Domain::boxed(low, high), seed, 500);
            swarm.clone().run(500, |x| function.evaluate(x, 0.0))
        };
        let twin: Vec<f64> = (1000..1030).map(plain).collect();
        let above = ranked_above(&device, &twin);
        let medians = (median(&device), median(&twin));
        println!("pso on {name}: median {:.3e}, the plain one {:.3e}, rank test {above:.2}", medians.0, medians.1);
        // A swarm lost at a wall is worth decades more than the rest, so values are compared by rank; 2.33 is 1 %.
        assert!(above < 2.33, "{name}: medians {medians:?}, {above} deviations above");
    }
}

/// Medians of 15 runs of 40 members, 1,000 generations, 10 dimensions, the minimum moved.
fn moved_medians(gpu: &Gpu, optimizer: &dyn Optimizer) -> [f64; 3] {
    let medians = ["sphere", "rosenbrock", "rastrigin"]
        .map(|name| median(&bests(gpu, &known(name, 10, true), optimizer, (40, 1000), 15)));
    let [sphere, rosenbrock, rastrigin] = medians;
    println!("{}: medians {sphere:.3e}, {rosenbrock:.3e}, {rastrigin:.3e}", optimizer.name());
    medians
}

/// With stronger pulls than the published ones, with which EMPSO and REMPSO come to rest far from the minimum once
/// there are ten coordinates (medians near 300 and 400 on the sphere).
#[test]
fn rempso_finds_moved_minima() {
    let Some(gpu) = common::gpu() else { return };
    let strong = RemPso { cognitive: 1.8, social: 1.8, ..RemPso::default() };
    let [sphere, rosenbrock, rastrigin] = moved_medians(&gpu, &strong);
    assert!(sphere < 1e-6 && rosenbrock < 50.0 && rastrigin < 25.0, "{sphere:e}, {rosenbrock}, {rastrigin}");
    // The published ones do in the plane, turned.
    let paired = RemPso { pairs: 0.5, ..RemPso::default() };
    for name in ["booth", "matyas", "three-hump-camel"] {
        let found = median(&bests(&gpu, &known(name, 2, true), &paired, (25, 100), 15));
        println!("rempso on {name}: median {found:.3e}");
        assert!(found < 1e-3, "{name}: median {found:e}");
    }
}

#[test]
fn rempso_is_no_worse_than_the_plain_one() {
    let Some(gpu) = common::gpu() else { return };
    let function = functions::find("sphere").unwrap();
    let (low, high) = function.domain.cube();
    let device = bests(&gpu, &known("sphere", 10, true), &RemPso::default(), (30, 200), 30);
    let plain = |seed| {
        let rule = Rule::RemPso(RemPso::default());
        let mut swarm = Swarm::start(rule, 30, 10, Domain::boxed(low, high), seed, 200);
        swarm.run(200, |x| function.evaluate(x, function.shift))
    };
    let twin: Vec<f64> = (1000..1030).map(plain).collect();
    let above = ranked_above(&device, &twin);
    println!("rempso: median {:.3e}, the plain one {:.3e}, rank test {above:.2}", median(&device), median(&twin));
    assert!(above < 2.33, "{above} deviations above");
}

#[test]
fn spso_2011_finds_moved_minima() {
    let Some(gpu) = common::gpu() else { return };
    let [sphere, rosenbrock, rastrigin] = moved_medians(&gpu, &Spso2011::default());
    assert!(sphere < 1e-8 && rosenbrock < 10.0 && rastrigin < 25.0, "{sphere:e}, {rosenbrock}, {rastrigin}");
}

/// Spectral radius of the map (x, v, M) to its next value, for a constant pull `phi` to a best position at 0.
fn spectral_radius(beta: f32, form: Form, phi: f32) -> f64 {
    let rule = Rule::EmPso(EmPso { cognitive: phi, social: 0.0, beta, form, ..EmPso::default() });
    let step = |[x, v, mut momentum]: [f64; 3]| {
        let v = rule.moved((1, 1), v, &mut momentum, -x, 0.0);
        [x + v, v, momentum]
    };
    // Columns of the matrix, squared again and again: the norm of the 2^k-th power is the radius to the 2^k.
    let mut columns = [step([1.0, 0.0, 0.0]), step([0.0, 1.0, 0.0]), step([0.0, 0.0, 1.0])];
    let (mut logarithm, mut power) = (0.0, 1.0);
    for _ in 0..20 {
        let square = |c: [f64; 3]| [0, 1, 2].map(|row| (0..3).map(|k| columns[k][row] * c[k]).sum::<f64>());
        let squared = columns.map(square);
        let norm = squared.iter().flatten().map(|a| a * a).sum::<f64>().sqrt();
        columns = squared.map(|column| column.map(|a| a / norm));
        power *= 2.0;
        logarithm = 2.0 * logarithm + f64::ln(norm);
    }
    f64::exp(logarithm / power)
}

/// The smallest pull from which on the swarm diverges.
fn stability_edge(beta: f32, form: Form) -> f64 {
    let (mut stable, mut unstable) = (0.1f32, 6.0f32);
    while unstable - stable > 1e-4 {
        let middle = (stable + unstable) / 2.0;
        if spectral_radius(beta, form, middle) < 1.0 { stable = middle } else { unstable = middle }
    }
    f64::from(stable)
}

#[test]
fn empso_is_stable_up_to_four_over_one_plus_beta() {
    for beta in [0.1, 0.5, 0.9, 0.99f32] {
        let b = f64::from(beta);
        for (form, expected) in
            [(Form::Equations, 4.0 / (1.0 + b)), (Form::Listing, 2.0 + 2.0 * (1.0 - b) * (1.0 + 2.0 * b) / (1.0 + b))]
        {
            let edge = stability_edge(beta, form);
            assert!((edge / expected - 1.0).abs() < 0.01, "{form:?}, beta {beta}: {edge}, not {expected}");
        }
    }
}

/// A valley along the diagonal of every two coordinates, or along the axes: the same function in turned axes.
fn valleys(turned: bool) -> Formula {
    let (c, s) = if turned { ("0.70710678", "0.70710678") } else { ("1.0", "0.0") };
    let text = format!(
        "fn objective(candidate: u32) -> f32 {{
            var sum = 0.0;
            for (var i = 0u; i + 1u < DIMS; i += 2u) {{
                let a = at(candidate, i) - 20.0;
                let b = at(candidate, i + 1u) + 30.0;
                let u = {c} * a + {s} * b;
                let v = {c} * b - {s} * a;
                sum += u * u + 1e4 * v * v;
            }}
            return sum;
        }}"
    );
    // Without walls, which are along the axes.
    Formula::new("valleys", &text, 10, Domain { bounded: false, ..Domain::boxed(-100.0, 100.0) }).unwrap()
}

#[test]
fn spso_2011_does_not_know_the_axes_and_pso_does() {
    let Some(gpu) = common::gpu() else { return };
    let above = |optimizer: &dyn Optimizer| {
        let run = |turned| bests(&gpu, &valleys(turned), optimizer, (40, 400), 30);
        let (straight, turned) = (run(false), run(true));
        let above = ranked_above(&turned, &straight);
        let medians = (median(&straight), median(&turned));
        println!("{}: median {:.3e}, turned {:.3e}, rank test {above:.2}", optimizer.name(), medians.0, medians.1);
        above
    };
    // The box of first positions is along the axes, the rest is not; 2.58 is 1 % two-sided.
    let (standard, plain) = (above(&Spso2011::default()), above(&Pso::default()));
    assert!(standard.abs() < 2.58, "{standard} deviations above");
    assert!(plain > 2.58, "{plain} deviations above");
}

#[test]
fn spso_2011_is_no_worse_than_the_plain_one() {
    let Some(gpu) = common::gpu() else { return };
    let function = functions::find("rastrigin").unwrap();
    let (low, high) = function.domain.cube();
    let device = bests(&gpu, &known("rastrigin", 10, true), &Spso2011::default(), (40, 300), 30);
    let plain = |seed| {
        let domain = Domain::boxed(low, high);
        let mut swarm = StandardSwarm::start(Spso2011::default(), 40, 10, domain, seed);
        swarm.run(300, |x| function.evaluate(x, function.shift))
    };
    let twin: Vec<f64> = (1000..1030).map(plain).collect();
    let above = ranked_above(&device, &twin);
    println!("spso-2011: median {:.3e}, the plain one {:.3e}, rank test {above:.2}", median(&device), median(&twin));
    assert!(above < 2.33, "{above} deviations above");
}
