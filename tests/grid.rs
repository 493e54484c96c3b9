//! Every optimizer, on the whole vector and in a subspace, on every kind of objective: it runs, gets no worse, and its best position is worth what it says.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::gpu::Gpu;
use gradless::objective::network::{Activation, Architecture, Form, Network};
use gradless::objective::{Formula, HostFunction, functions};
use gradless::optimizer::{OPTIMIZERS, Subspace};
use gradless::population::{Domain, Objective, Optimizer};
use gradless::reference;
use gradless::run::Run;

const MEMBERS: u32 = 34;
const GENERATIONS: u32 = 24;

/// What a position is worth.
type Value<'a> = &'a dyn Fn(&[f32]) -> f64;

/// Runs every optimizer; `rescore` gives the value of a position where that does not change with the batch.
fn walk(gpu: &Gpu, what: &str, objective: &dyn Objective, rescore: Option<Value>) {
    let built = || OPTIMIZERS.iter().map(|entry| entry.build(&[].into()).unwrap());
    // Blocks of a vector are scored on the device alone, and have no subspace; gradients likewise. A swarm over outputs
    // needs outputs, noise at the units needs units.
    let device_only = |one: &dyn Optimizer| one.blockwise() || one.descends();
    let fits = |one: &dyn Optimizer| match what {
        "a closure" => !device_only(one),
        "a function" | "a formula" => !["adaswarm", "node-perturbation"].contains(&one.name()),
        _ => true,
    };
    let whole = built().filter(|one| fits(one.as_ref())).map(|one| ("whole", one));
    let subspace = built()
        .filter(|one| !device_only(one.as_ref()))
        .map(|one| ("subspace", Box::new(Subspace::new(3, one)) as Box<dyn Optimizer>));
    for (search, optimizer) in whole.chain(subspace) {
        // Several windows, or chunks, and all in one.
        for chunk in if search == "whole" { vec![u32::MAX, 16] } else { vec![16] } {
            let case = format!("{}, {search}, on {what} in chunks of {chunk}", optimizer.name());
            let run = Run::new(gpu, objective, optimizer.as_ref()).members(MEMBERS).generations(GENERATIONS).seed(6);
            let mut run = run.largest_chunk(chunk).start().unwrap();
            run.advance(GENERATIONS).unwrap();
            let report = run.report().clone();
            assert_eq!((report.generation, report.history.len()), (GENERATIONS, GENERATIONS as usize), "{case}");
            assert!(report.evaluations >= u64::from(MEMBERS * GENERATIONS), "{case}");
            for record in &report.history {
                assert!(record.share == 1.0 && record.mean.is_finite() && record.lowest <= record.mean, "{case}");
            }
            let best = run.best().unwrap();
            assert_eq!(best.len(), objective.dims() as usize, "{case}");
            let (low, high) = objective.domain().walls();
            assert!(best.iter().all(|x| (low..=high).contains(x)), "{case}: {best:?} is outside");
            let Some(rescore) = rescore else {
                // Losses of different batches: the last ones together against the first ones.
                let mean = |part: &[gradless::run::Record]| part.iter().map(|r| r.best).sum::<f32>() / 8.0;
                let (first, last) = (mean(&report.history[..8]), mean(&report.history[16..]));
                assert!(last <= first + 0.1, "{case}: {first} at first, {last} at last");
                continue;
            };
            let first = report.history[0].best;
            assert!(report.best.is_finite() && report.best <= first, "{case}: {} after {first}", report.best);
            let again = rescore(&best);
            let slack = 2e-5 * again.abs().max(1.0);
            assert!((again - f64::from(report.best)).abs() <= slack, "{case}: {} is worth {again}", report.best);
        }
    }
}

#[test]
fn on_a_function() {
    let Some(gpu) = common::gpu() else { return };
    let function = functions::find("sphere").unwrap();
    let objective = Formula::known(function, 6, function.shift).unwrap();
    let rescore = |x: &[f32]| function.evaluate(&x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>(), function.shift);
    walk(&gpu, "a function", &objective, Some(&rescore));
}

#[test]
fn on_a_users_formula() {
    let Some(gpu) = common::gpu() else { return };
    let text = "fn objective(candidate: u32) -> f32 {
        var sum = 0.0;
        for (var i = 0u; i < DIMS; i += 1u) { sum += abs(at(candidate, i) - 0.5); }
        return sum;
    }";
    let objective = Formula::new("mine", text, 5, Domain::boxed(-3.0, 2.0)).unwrap();
    let rescore = |x: &[f32]| x.iter().map(|x| f64::from((x - 0.5).abs())).sum();
    walk(&gpu, "a formula", &objective, Some(&rescore));
}

#[test]
fn on_a_host_closure() {
    let Some(gpu) = common::gpu() else { return };
    let call = |x: &[f32]| x.iter().map(|x| (x - 1.0) * (x - 1.0)).sum::<f32>();
    let objective = HostFunction { dims: 4, domain: Domain::boxed(-3.0, 5.0), call };
    walk(&gpu, "a closure", &objective, Some(&|x| f64::from(call(x))));
}

/// Three classes by the direction of a point in the plane.
fn network(batch: Option<u32>, form: Form, hidden: &[u32]) -> (Network, Vec<f32>, Vec<u32>) {
    let angle = |row: u32| row as f32 * 2.399;
    let features: Vec<f32> = (0..60).flat_map(|row| [angle(row).cos(), angle(row).sin()]).collect();
    let labels: Vec<u32> = features
        .chunks(2)
        .map(|x| {
            if x[0] > 0.5 {
                0
            } else if x[1] > 0.0 {
                1
            } else {
                2
            }
        })
        .collect();
    let architecture =
        Architecture { inputs: 2, hidden: hidden.to_vec(), outputs: 3, activation: Activation::Tanh, pictures: None };
    let mut network = Network::new(architecture, &features, &labels).unwrap();
    (network.batch, network.form) = (batch, Some(form));
    (network, features, labels)
}

#[test]
fn on_a_network_with_all_rows() {
    let Some(gpu) = common::gpu() else { return };
    for (form, hidden) in [(Form::Registers, vec![4]), (Form::Tiled, vec![5]), (Form::Layered, vec![6, 4])] {
        let (network, features, labels) = network(None, form, &hidden);
        let rescore =
            |x: &[f32]| reference::network::mean_loss(&network.architecture, &network.loss, x, &features, &labels);
        walk(&gpu, &format!("a network, {form:?}"), &network, Some(&rescore));
    }
}

#[test]
fn on_a_network_with_batches() {
    let Some(gpu) = common::gpu() else { return };
    for (form, hidden) in [(Form::Registers, vec![4]), (Form::Tiled, vec![5]), (Form::Layered, vec![6, 4])] {
        let (network, ..) = network(Some(20), form, &hidden);
        walk(&gpu, &format!("a network in batches, {form:?}"), &network, None);
    }
}
