//! Fits of trajectories and their gradients: against the twin in `f64`.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;

use gradless::gpu::{Gpu, Recording};
use gradless::objective::network::Activation;
use gradless::objective::ode::{
    Deviation, Field, Fit, Integrator, NeuralField, Observed, Ode, Parameter, System, Time, find,
};
use gradless::population::{Context, Gradient, Objective, Points, Slope, WORST};
use gradless::reference;

use numbers::numbers;

/// A known system at `rows` times from its start to `end`.
fn observed(gpu: &Gpu, name: &str, rows: u32, end: f64) -> Observed {
    let system = find(name).unwrap();
    let ode = Ode { steps: 20 * (rows - 1), every: 20, end, ..Ode::new(system) };
    Observed::of(system, &ode.solve(gpu).unwrap()).unwrap()
}

fn neural(hidden: &[u32], activation: Activation, cubed: bool, timed: bool) -> Field {
    Field::Neural(NeuralField { hidden: hidden.to_vec(), activation, cubed, timed })
}

/// The fitness of a position, and its gradient by coordinates where asked for.
fn measured(gpu: &Gpu, fit: &Fit, position: &[f32], gradient: bool) -> (f32, Vec<f32>) {
    let context = Context { descends: gradient, ..Context::resting(gpu).unwrap() };
    let points = Points::alone(&context, position, fit.dims()).unwrap();
    let mut recording = Recording::new();
    let mut bound = fit.bind(&context).unwrap();
    if !gradient {
        bound.score(&points, &mut recording).unwrap();
        return (gpu.run(&recording, &[points.fitness.view()]).unwrap().values(0)[0], Vec::new());
    }
    let into = [gpu.buffer::<f32>("gradient", u64::from(fit.dims() * points.stride)).unwrap()];
    let wanted = Gradient { slope: &Slope::Exact, into: &into, from: 0, moved: 0, keep: false };
    bound.differentiate(&points, &wanted, &mut recording).unwrap();
    let read = gpu.run(&recording, &[points.fitness.view(), into[0].view()]).unwrap();
    let all: Vec<f32> = read.values(1);
    (read.values(0)[0], all.into_iter().step_by(points.stride as usize).collect())
}

fn twin(fit: &Fit, position: &[f64]) -> f64 {
    let intervals = fit.segment.map_or(fit.observed.rows() / fit.observed.starts.len() - 1, |n| n as usize);
    let starts: Vec<usize> = match fit.segment {
        None => fit.observed.starts.clone(),
        Some(_) => fit.observed.trajectories().flat_map(|rows| rows.start..rows.end - intervals).collect(),
    };
    reference::ode::fit(fit, position, &starts, intervals)
}

fn wide(position: &[f32]) -> Vec<f64> {
    position.iter().map(|x| f64::from(*x)).collect()
}

#[test]
fn parameters_of_known_systems_cost_what_the_twin_says() {
    let Some(gpu) = common::gpu() else { return };
    for integrator in [Integrator::Rk4, Integrator::Rodas3] {
        for (name, constant, end) in
            [("lotka-volterra", "birth", 2.0), ("van-der-pol", "mu", 3.0), ("lorenz", "rho", 0.3)]
        {
            let free = |logarithmic| Parameter { name: constant.into(), low: 0.5, high: 30.0, logarithmic };
            for logarithmic in [false, true] {
                let field = Field::Known(find(name).unwrap().clone(), vec![free(logarithmic)]);
                let mut fit = Fit::new(field, observed(&gpu, name, 9, end).in_units_of_largest());
                fit.integrator = integrator;
                fit.deviation = if logarithmic { Deviation::Squared } else { Deviation::Absolute };
                fit.segment = logarithmic.then_some(3);
                let (found, wanted) = (measured(&gpu, &fit, &[0.2], false).0, twin(&fit, &[f64::from(0.2f32)]));
                let apart = (f64::from(found) - wanted).abs() / wanted.max(1e-3);
                assert!(apart < 2e-3, "{name}, {}, {logarithmic}: {found} is not {wanted}", integrator.name());
            }
        }
    }
}

/// Networks of no, one and two hidden layers, of few and of many units, each with another scale of time.
fn networks() -> Vec<(Field, Time)> {
    vec![
        (neural(&[], Activation::Tanh, false, true), Time::Plain),
        (neural(&[5], Activation::Tanh, true, false), Time::Plain),
        (neural(&[6, 7], Activation::Gelu, false, true), Time::Logarithm(1e-2)),
        (neural(&[4, 70, 5], Activation::Tanh, false, true), Time::Share),
        (neural(&[60, 3], Activation::Sigmoid, true, true), Time::Plain),
    ]
}

#[test]
fn networks_cost_what_the_twin_says() {
    let Some(gpu) = common::gpu() else { return };
    for (number, (field, time)) in networks().into_iter().enumerate() {
        // Each compiles kernels of its own.
        let integrator = [Integrator::Rk4, Integrator::Rosenbrock23][number % 2];
        let mut fit = Fit::new(field.clone(), observed(&gpu, "cubic-spiral", 7, 1.0).in_units_of_largest());
        (fit.time, fit.integrator, fit.substeps) = (time, integrator, 3);
        let position = numbers(fit.dims() as usize, 5 + number as u32);
        let (found, wanted) = (measured(&gpu, &fit, &position, false).0, twin(&fit, &wide(&position)));
        let apart = (f64::from(found) - wanted).abs() / wanted;
        assert!(apart < 1e-3, "{number}, {}: {found} is not {wanted}", integrator.name());
    }
}

#[test]
fn gradients_are_those_of_differences_in_f64() {
    let Some(gpu) = common::gpu() else { return };
    for (number, (field, time)) in networks().into_iter().enumerate() {
        let integrator = [Integrator::Rk4, Integrator::Euler, Integrator::Rk4, Integrator::Rk2][number % 4];
        let mut fit = Fit::new(field.clone(), observed(&gpu, "cubic-spiral", 9, 1.0).in_units_of_largest());
        (fit.time, fit.integrator, fit.substeps) = (time, integrator, 2);
        fit.deviation = if number % 2 == 0 { Deviation::Squared } else { Deviation::Absolute };
        fit.segment = (number > 1).then_some(4);
        let position = numbers(fit.dims() as usize, 11 + number as u32);
        let (loss, found) = measured(&gpu, &fit, &position, true);
        let whole = wide(&position);
        let close = (f64::from(loss) - twin(&fit, &whole)).abs() < 1e-3 * f64::from(loss);
        assert!(close, "{number}, {}: loss {loss}", integrator.name());
        let groups = fit.domain().groups;
        let scale = |i: u32| groups.iter().find(|g| i < g.offset + g.blocks * g.width).unwrap().scale;
        let wanted: Vec<f64> = (0..position.len())
            .map(|i| {
                let at = |by: f64| {
                    let mut moved = whole.clone();
                    moved[i] += by;
                    twin(&fit, &moved)
                };
                (at(1e-5) - at(-1e-5)) / 2e-5 / f64::from(scale(i as u32))
            })
            .collect();
        let largest = wanted.iter().fold(0.0f64, |m, w| m.max(w.abs()));
        for (i, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            let apart = (f64::from(*found) - wanted).abs() / largest;
            assert!(apart < 2e-3, "{number}, {}, weight {i}: {found} is not {wanted}", integrator.name());
        }
    }
}

#[test]
fn long_trajectories_are_cut_without_a_trace() {
    let Some(gpu) = common::gpu() else { return };
    // 300 intervals of 40 steps of a network: several times the iterations that a dispatch may have on llvmpipe.
    let spiral = observed(&gpu, "cubic-spiral", 301, 10.0).in_units_of_largest();
    let mut fit = Fit::new(neural(&[20], Activation::Tanh, true, false), spiral);
    (fit.substeps, fit.bound) = (40, Some(3.0));
    let position = numbers(fit.dims() as usize, 3);
    let (found, gradient) = measured(&gpu, &fit, &position, true);
    let wanted = twin(&fit, &wide(&position));
    assert!((f64::from(found) - wanted).abs() < 5e-3 * wanted, "{found} is not {wanted}");
    assert!(gradient.iter().any(|slope| *slope != 0.0) && gradient.iter().all(|slope| slope.is_finite()));
    let states = fit.led(&gpu, &position, &fit.observed).unwrap().unwrap();
    let start = &fit.observed.values[..2];
    assert!(states.len() == 602 && states[..2] == *start, "{states:?}");
    // What is read back is what was scored.
    let off = states[2..].iter().zip(&fit.observed.values[2..]).enumerate();
    let mean: f64 = off.map(|(i, (a, b))| f64::from((a - b).abs() / fit.observed.units[i % 2])).sum::<f64>() / 600.0;
    assert!((mean - f64::from(found)).abs() < 1e-4 * mean, "{mean} is not {found}");
}

#[test]
fn trajectories_that_are_lost_count_as_the_worst() {
    let Some(gpu) = common::gpu() else { return };
    let mut fit = Fit::new(neural(&[3], Activation::Relu, true, false), observed(&gpu, "cubic-spiral", 5, 1.0));
    let large = vec![10.0; fit.dims() as usize];
    assert_eq!(measured(&gpu, &fit, &large, false).0, WORST);
    let (loss, gradient) = measured(&gpu, &fit, &large, true);
    assert!(loss == WORST && gradient.iter().all(|slope| *slope == 0.0), "{gradient:?}");
    assert!(fit.led(&gpu, &large, &fit.observed).unwrap().is_none());
    fit.bound = Some(10.0);
    assert!(measured(&gpu, &fit, &large, false).0 < 20.0);
}

#[test]
fn names_that_a_fit_needs_are_refused_in_users_systems() {
    for name in ["cost", "observed", "positions", "stretch", "clock", "draw", "trail", "start_of"] {
        let text = format!("//! state {name} = 1\nfn rhs(t: f32, y: State) -> State {{ return State(-y[{name}]); }}");
        let message = System::own("mine.wgsl", &text).unwrap_err().to_string();
        assert!(message.starts_with("mine.wgsl:1:") && message.contains(name), "{message}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let Some(gpu) = common::gpu() else { return };
    let usual = Fit::new(neural(&[3], Activation::Tanh, false, false), observed(&gpu, "lotka-volterra", 5, 1.0));
    let context = Context::resting(&gpu).unwrap();
    let refused = |fit: Fit| fit.bind(&context).err().unwrap().to_string();
    assert!(refused(Fit { substeps: 0, ..usual.clone() }).contains("substeps = 0"));
    assert!(refused(Fit { segment: Some(5), ..usual.clone() }).contains("1 to 4 intervals"));
    assert!(refused(Fit { batch: Some(0), ..usual.clone() }).contains("batch = 0"));
    assert!(refused(Fit { bound: Some(-1.0), ..usual.clone() }).contains("bound = -1"));
    assert!(refused(Fit { time: Time::Logarithm(0.0), ..usual.clone() }).contains("positive"));
    let mut hidden = usual.clone();
    hidden.observed.units[1] = 0.0;
    assert!(refused(hidden).contains("predators = not observed"));
    let mut late = usual.clone();
    late.observed.times[2] = 0.0;
    assert!(refused(late).contains("times ascend"));
    assert!(fit_error(&usual, &gpu).contains("rk4"));
}

fn fit_error(usual: &Fit, gpu: &Gpu) -> String {
    let fit = Fit { integrator: Integrator::Rodas3, ..usual.clone() };
    let context = Context { descends: true, ..Context::resting(gpu).unwrap() };
    let points = Points::alone(&context, &vec![0.1; fit.dims() as usize], fit.dims()).unwrap();
    let into = [gpu.buffer::<f32>("gradient", u64::from(fit.dims() * points.stride)).unwrap()];
    let wanted = Gradient { slope: &Slope::Exact, into: &into, from: 0, moved: 0, keep: false };
    let refused = fit.bind(&context).unwrap().differentiate(&points, &wanted, &mut Recording::new());
    refused.unwrap_err().to_string()
}
