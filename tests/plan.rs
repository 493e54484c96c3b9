//! What `train --dry-run` predicts is what a run takes.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;

use gradless::gpu::{Gpu, Pick};
use gradless::objective::network::pictures::Size;
use gradless::objective::network::{Activation, Network, Spec};
use gradless::optimizer::{Entry, OPTIMIZERS};
use gradless::population::Objective;
use gradless::run::Run;
use numbers::numbers;

fn network(model: &str, size: Size, rows: usize) -> Network {
    let spec = Spec::parse(model, size.height < 32).unwrap();
    let architecture = spec.build(Some(size), (size.count(), 3), Activation::Tanh).unwrap();
    let labels: Vec<u32> = (0..rows as u32).map(|row| row % 3).collect();
    Network::new(architecture, &numbers(rows * size.count() as usize, 1), &labels).unwrap()
}

/// A device of the test's own: tests beside it allocate, too.
fn gpu() -> Option<Gpu> {
    common::gpu().map(|_| Gpu::open(&Pick::Best).unwrap())
}

const SMALL: Size = Size { channels: 1, height: 8, width: 8 };

#[test]
fn the_prediction_is_what_is_allocated() {
    let Some(gpu) = gpu() else { return };
    let grey = Size { channels: 1, height: 28, width: 28 };
    for (model, size) in
        [("mlp:20", SMALL), ("lenet5", grey), ("conv:8x3p1b0,norm,relu,block:8,block:16s2,global-average", SMALL)]
    {
        let mut network = network(model, size, 64);
        for (optimizer, members) in [("pso", 12), ("openai-es", 20), ("adam", 1), ("adam", 3)] {
            network.batch = (members < 20).then_some(16);
            let optimizer = Entry::find(optimizer).unwrap().build(&[].into()).unwrap();
            let builder = || Run::new(&gpu, &network, optimizer.as_ref()).members(members);
            let planned = builder().plan().unwrap();
            let held = gpu.account();
            let run = builder().start().unwrap();
            let taken = run.device_memory();
            let apart = planned.total().abs_diff(taken) as f64 / taken as f64;
            assert!(apart <= 0.05, "{model}: {} planned, {taken} taken", planned.total());
            for (part, labels) in &planned.parts {
                let before: u64 = held.parts.get(part).map_or(0, |labels| labels.values().sum());
                let now: u64 = gpu.account().parts[part].values().sum();
                assert_eq!(labels.values().sum::<u64>(), now - before, "{model}, {part}");
            }
            // What there must be at least.
            let positions = 4 * u64::from(network.dims()) * u64::from(if members == 20 { 1 } else { members });
            assert!(taken > positions, "{model}: {taken} bytes");
        }
    }
}

#[test]
fn every_optimizer_can_be_planned() {
    let Some(gpu) = gpu() else { return };
    let network = network("mlp:5", SMALL, 30);
    for entry in OPTIMIZERS {
        let optimizer = entry.build(&[].into()).unwrap();
        let builder = || Run::new(&gpu, &network, optimizer.as_ref()).members(10);
        let planned = builder().plan().unwrap().total();
        assert_eq!(planned, builder().start().unwrap().device_memory(), "{}", entry.name);
    }
}

#[test]
fn the_largest_population_fits_and_a_larger_one_does_not() {
    let Some(gpu) = gpu() else { return };
    let network = network("mlp:20", SMALL, 30);
    for (optimizer, available) in [("pso", 64 << 20), ("adam", 200 << 20)] {
        let optimizer = Entry::find(optimizer).unwrap().build(&[].into()).unwrap();
        let builder = |members| Run::new(&gpu, &network, optimizer.as_ref()).members(members);
        let most = builder(8).largest(available).unwrap().unwrap();
        let taken = |members| builder(members).plan().unwrap().total();
        assert!(most > 100 && taken(most) <= available, "{most}");
        assert!(taken(most + most / 256 + 8) > available, "{most}");
        assert_eq!(builder(8).largest(1000).unwrap(), None);
    }
}
