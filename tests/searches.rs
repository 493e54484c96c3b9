//! Every mover in every search space, on functions and on networks; one seed, one run there too.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use std::collections::BTreeMap;

use gradless::gpu::Gpu;
use gradless::objective::network::{Activation, Architecture, Network};
use gradless::objective::{Formula, HostFunction, functions};
use gradless::optimizer::{OPTIMIZERS, search};
use gradless::population::{Domain, Objective, Optimizer};
use gradless::run::{Run, Snapshot};

/// Optimizers that move members and so can search blocks.
const MOVERS: [&str; 6] = ["pso", "mpso", "empso", "rempso", "spso-2011", "gwo"];

fn built(space: &str, name: &str, settings: &[(&str, &str)]) -> Box<dyn Optimizer> {
    let settings: BTreeMap<_, _> = settings.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    search::build(space, name, &settings).unwrap()
}

/// Two classes that a bow divides.
fn network(hidden: &[u32]) -> Network {
    let number = |i: u32| ((i.wrapping_mul(2_654_435_761)) >> 8) as f32 / 8_388_608.0 - 1.0;
    let features: Vec<f32> = (0..240).map(|i| 2.0 * number(i + 1)).collect();
    let labels: Vec<u32> = features.chunks(2).map(|p| u32::from(p[0] * p[0] > p[1])).collect();
    let architecture =
        Architecture { inputs: 2, hidden: hidden.to_vec(), outputs: 2, activation: Activation::Tanh, pictures: None };
    Network::new(architecture, &features, &labels).unwrap()
}

fn sphere(dims: u32) -> Formula {
    let function = functions::find("sphere").unwrap();
    Formula::known(function, dims, function.shift).unwrap()
}

fn run(gpu: &Gpu, objective: &dyn Objective, optimizer: &dyn Optimizer, generations: u32) -> Run {
    Run::new(gpu, objective, optimizer).members(10).generations(generations).seed(3).start().unwrap()
}

/// The best vector has the fitness that is reported for it, and is better than the first.
fn improves(gpu: &Gpu, network: &Network, optimizer: &dyn Optimizer, what: &str) {
    let mut run = run(gpu, network, optimizer, 30);
    run.advance(30).unwrap();
    let report = run.report().clone();
    let best = run.best().unwrap();
    let (first, last) = (report.history[0].best, report.best);
    assert!(last.is_finite() && last < first, "{what}: {first} to {last}");
    if network.batch.is_none() {
        let true_loss = network.mean_loss(gpu, &best).unwrap();
        assert!((true_loss - last).abs() <= 2e-5 * last.max(1.0), "{what}: reported {last}, is {true_loss}");
    }
}

#[test]
fn every_mover_runs_in_every_search_space_of_a_network() {
    let Some(gpu) = common::gpu() else { return };
    for name in MOVERS {
        for space in ["neurons", "layers", "blocks:4"] {
            for form in ["sequential", "subset"] {
                let optimizer = built(space, name, &[("search.form", form)]);
                improves(&gpu, &network(&[6]), optimizer.as_ref(), &format!("{space}/{name}, {form}"));
            }
        }
        let mut batched = network(&[5, 4]);
        batched.batch = Some(60);
        // On a batch of its own every generation the loss goes up and down: it must run and stay finite.
        for form in ["sequential", "subset", "simultaneous"] {
            let optimizer = built("neurons", name, &[("search.form", form)]);
            let mut run = run(&gpu, &batched, optimizer.as_ref(), 12);
            assert!(run.advance(12).unwrap().best < 2.0, "{name}, {form}");
        }
    }
}

#[test]
fn every_mover_searches_blocks_of_a_function() {
    let Some(gpu) = common::gpu() else { return };
    for name in MOVERS {
        let optimizer = built("blocks:3", name, &[]);
        let mut run = run(&gpu, &sphere(10), optimizer.as_ref(), 60);
        let report = run.advance(60).unwrap();
        assert!(report.best < 0.5 * report.history[0].best, "{name}: {:?}", report.history[0].best);
        // Only ever better, since a block is taken over when the whole gets better.
        assert!(report.history.windows(2).all(|two| two[1].best <= two[0].best), "{name}");
    }
    for name in ["cpso-s", "cpso-h"] {
        let optimizer = built("whole", name, &[]);
        let mut run = run(&gpu, &sphere(30), optimizer.as_ref(), 600);
        let report = run.advance(600).unwrap();
        assert!(report.best < 0.05 * report.history[0].best, "{name}: {}", report.best);
    }
}

#[test]
fn what_cannot_be_searched_by_blocks_is_refused() {
    let Some(gpu) = common::gpu() else { return };
    let by = |name: &str| search::build("neurons", name, &BTreeMap::new());
    for entry in OPTIMIZERS {
        assert_eq!(by(entry.name).is_ok(), MOVERS.contains(&entry.name), "{}", entry.name);
    }
    let start = |objective: &dyn Objective, space: &str| {
        let optimizer = built(space, "pso", &[]);
        let error = Run::new(&gpu, objective, optimizer.as_ref()).members(10).start().err();
        error.map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(start(&sphere(5), "neurons").contains("only networks have neurons"));
    assert!(start(&sphere(5), "blocks:6").contains("number of coordinates, 5"));
    let host = HostFunction { dims: 4, domain: Domain::boxed(-1.0, 1.0), call: |x: &[f32]| x[0] };
    assert!(start(&host, "blocks:2").contains("closure"));
    let gate = built("neurons", "pso", &[("search.gate", "hard")]);
    let error = Run::new(&gpu, &network(&[3]), gate.as_ref()).members(10).start().err().unwrap().to_string();
    assert!(error.contains("--validation"), "{error}");
}

#[test]
fn one_seed_is_one_run_and_goes_on_from_a_snapshot() {
    let Some(gpu) = common::gpu() else { return };
    let forms =
        [("neurons", "sequential"), ("neurons", "subset"), ("layers", "sequential"), ("neurons", "simultaneous")];
    for (space, form) in forms {
        for (name, batch) in [("pso", None), ("gwo", None), ("rempso", Some(40)), ("spso-2011", None)] {
            let mut network = network(&[5, 3]);
            network.batch = batch;
            let optimizer = built(space, name, &[("search.form", form)]);
            let whole = |step: u32| -> (Snapshot, Vec<f32>) {
                let mut run = run(&gpu, &network, optimizer.as_ref(), 24);
                while run.report().stop.is_none() {
                    run.advance(step).unwrap();
                }
                (run.snapshot().unwrap(), run.best().unwrap())
            };
            let once = whole(24);
            let what = format!("{space}, {form}, {name}, {batch:?}");
            assert!(whole(5) == once, "{what}: by five");
            let mut first = run(&gpu, &network, optimizer.as_ref(), 24);
            first.advance(11).unwrap();
            let halfway = first.snapshot().unwrap();
            let mut second = run(&gpu, &network, optimizer.as_ref(), 24);
            second.restore(&halfway).unwrap();
            second.advance(13).unwrap();
            assert!((second.snapshot().unwrap(), second.best().unwrap()) == once, "{what}: restored");
        }
    }
}

#[test]
fn a_hard_gate_never_leaves_what_the_rows_held_out_chose() {
    let Some(gpu) = common::gpu() else { return };
    let mut network = network(&[6]);
    let labels: Vec<u32> = (0..30).map(|i| u32::from(i % 3 == 0)).collect();
    let features: Vec<f32> = (0..60).map(|i| (i as f32 * 0.7).sin()).collect();
    network.hold_out(&features, &labels).unwrap();
    let held_out = Network::new(network.architecture.clone(), &features, &labels).unwrap();
    let optimizer = built("neurons", "pso", &[("search.gate", "hard")]);
    let mut run = run(&gpu, &network, optimizer.as_ref(), 40);
    let mut least = f32::MAX;
    for _ in 0..8 {
        run.advance(5).unwrap();
        let now = held_out.mean_loss(&gpu, &run.best().unwrap()).unwrap();
        assert!(now <= least + 1e-6, "{now} after {least}");
        least = now;
    }
}
