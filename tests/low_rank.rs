//! A centre plus low-rank noise, scored as such, against the same candidates spelled out.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;

use common::gpu;
use gradless::gpu::{Gpu, Recording};
use gradless::objective::network::{Activation, Architecture, Form, Loss, Network};
use gradless::optimizer::{Decay, Eggroll, Name, Rule};
use gradless::population::{Context, Noise, Objective, Perturbed, Points, Shape, Structure};
use gradless::reference;
use gradless::run::Run;
use numbers::numbers;

/// A network, its rows and a population around a centre.
struct Case {
    architecture: Architecture,
    rows: usize,
    members: u32,
    rank: u32,
    loss: Loss,
    batch: Option<u32>,
    largest_chunk: u32,
}

/// What scoring gave.
struct Scored {
    /// By the structure of the noise.
    shared: Vec<f32>,
    /// Through `at`, as if there were none.
    plain: Vec<f32>,
    /// Coordinates, candidate after candidate.
    positions: Vec<f32>,
    features: Vec<f32>,
    labels: Vec<u32>,
}

fn case(inputs: u32, hidden: &[u32], outputs: u32) -> Case {
    Case {
        architecture: Architecture {
            inputs,
            hidden: hidden.to_vec(),
            outputs,
            activation: Activation::Tanh,
            pictures: None,
        },
        rows: 70,
        members: 12,
        rank: 1,
        loss: Loss::CrossEntropy,
        batch: None,
        largest_chunk: u32::MAX,
    }
}

fn score(gpu: &Gpu, case: &Case) -> Scored {
    let features: Vec<f32> =
        numbers(case.rows * case.architecture.inputs as usize, 1).iter().map(|x| 2.0 * x).collect();
    let classes = case.architecture.outputs;
    let labels: Vec<u32> = (0..case.rows as u32).map(|r| r.wrapping_mul(2_654_435_761) % classes).collect();
    let mut network = Network::new(case.architecture.clone(), &features, &labels).unwrap();
    network.loss = case.loss.clone();
    network.batch = case.batch;
    network.form = Some(Form::Layered);
    if case.architecture.hidden.len() == 1 && case.architecture.inputs < 100 && case.loss.margin().is_none() {
        // The tiled form keeps no columns: those for the shared products are drawn beside its rows.
        network.form = Some(Form::Tiled);
    }
    let clock = gpu.upload("clock", &[3u32, 0, 5, 9, 9, 0, 0, 0]).unwrap();
    let context = Context { largest_chunk: case.largest_chunk, ..Context::new(gpu, clock.view()) };
    let width = network.dims();
    let shape = Shape { blocks: 1, members: case.members, width };
    let with_centre = Shape { members: case.members + 1, ..shape };
    let noise = Noise { antithetic: true, rank: Some(case.rank) };
    let fitness = Points::fitness_buffer(gpu, "fitness", with_centre).unwrap();
    let perturbed = Perturbed::new(&context, shape, &network.domain(), noise, &fitness).unwrap();
    let centre: Vec<f32> = numbers(width as usize, 2).iter().map(|x| 2.0 * x).collect();
    gpu.write(&perturbed.centre.view(), &centre);
    gpu.write(&perturbed.spread.view(), &vec![0.3f32; width as usize]);

    let scored = |points: &Points| {
        let mut evaluation = network.bind(&context).unwrap();
        let mut recording = Recording::new();
        evaluation.prepare(&mut recording).unwrap();
        evaluation.score(points, &mut recording).unwrap();
        let first: Vec<f32> = gpu.run(&recording, &[fitness.view()]).unwrap().values(0);
        let again: Vec<f32> = gpu.run(&recording, &[fitness.view()]).unwrap().values(0);
        assert_eq!(first, again, "scored again");
        first[..points.candidates as usize].to_vec()
    };
    assert!(matches!(perturbed.points.structure, Structure::LowRank(_)));
    let shared = scored(&perturbed.points);
    let plain = scored(&Points { structure: Structure::Noisy, ..perturbed.points.clone() });
    let positions = perturbed.points.read(&context).unwrap();
    Scored { shared, plain, positions, features, labels }
}

fn compare(gpu: &Gpu, case: &Case) {
    let scored = score(gpu, case);
    let name = format!("{:?}, {} members, rank {}, {:?}", case.architecture, case.members, case.rank, case.loss);
    assert_eq!(scored.shared.len() as u32, case.members + 1, "{name}");
    let rows = case.batch.map_or(case.rows, |batch| batch as usize);
    // A tie of two logits may fall either way: two rows of them all, one on each side.
    let tolerance = |value: f64, part: f64| if case.loss == Loss::Accuracy { 2.0 / rows as f64 } else { part * value };
    for (c, (a, b)) in scored.shared.iter().zip(&scored.plain).enumerate() {
        let (a, b) = (f64::from(*a), f64::from(*b));
        assert!((a - b).abs() <= tolerance(b.abs().max(1.0), 3e-5), "{name}, candidate {c}: {a} for {b}");
    }
    if case.batch.is_some() {
        return;
    }
    let width = scored.positions.len() / scored.shared.len();
    for (value, position) in scored.shared.iter().zip(scored.positions.chunks(width)) {
        let expected =
            reference::network::mean_loss(&case.architecture, &case.loss, position, &scored.features, &scored.labels);
        let difference = (f64::from(*value) - expected).abs();
        assert!(difference <= tolerance(expected.abs().max(1.0), 3e-5), "{name}: {value} for {expected}");
    }
}

#[test]
fn odd_architectures_agree_with_the_twin() {
    let Some(gpu) = gpu() else { return };
    let shapes: [(u32, &[u32], u32); 9] = [
        (1, &[1], 2),
        (2, &[], 2),
        (37, &[], 10),
        (13, &[10], 3),
        (60, &[33], 10),
        (9, &[21], 45),
        (7, &[5, 4], 3),
        (12, &[70, 9], 5),
        (5, &[20, 90, 7], 2),
    ];
    for (number, (inputs, hidden, outputs)) in shapes.into_iter().enumerate() {
        let rank = [1, 2, 4][number % 3];
        let members = [2, 10, 64, 70][number % 4];
        let rows = [70, 130, 257][number % 3];
        let case = Case { rank, members, rows, ..case(inputs, hidden, outputs) };
        compare(&gpu, &case);
        compare(&gpu.clone().without_subgroups(), &case);
    }
}

#[test]
fn every_rank_agrees_with_the_twin() {
    let Some(gpu) = gpu() else { return };
    for rank in [3, 16] {
        compare(&gpu, &Case { rank, ..case(20, &[12], 4) });
        compare(&gpu, &Case { rank, ..case(20, &[12, 34], 4) });
    }
}

#[test]
fn every_loss_and_activation_agrees_with_the_twin() {
    let Some(gpu) = gpu() else { return };
    for loss in Loss::ALL {
        compare(&gpu, &Case { loss: loss.clone(), ..case(8, &[9], 4) });
        compare(&gpu, &Case { loss, ..case(8, &[], 40) });
    }
    for activation in Activation::ALL {
        let mut with = case(8, &[9, 5], 4);
        with.architecture.activation = activation;
        compare(&gpu, &with);
    }
}

#[test]
fn rows_past_a_part_and_batches_are_scored() {
    let Some(gpu) = gpu() else { return };
    for hidden in [&[][..], &[8], &[40, 3]] {
        compare(&gpu, &Case { rows: 9000, members: 4, ..case(6, hidden, 3) });
        compare(&gpu, &Case { rows: 9000, members: 6, batch: Some(8500), ..case(6, hidden, 3) });
        compare(&gpu, &Case { rows: 300, batch: Some(41), ..case(6, hidden, 3) });
    }
}

#[test]
fn fitness_does_not_depend_on_the_chunks() {
    let Some(gpu) = gpu() else { return };
    for hidden in [&[][..], &[10], &[40, 9]] {
        let whole = Case { members: 90, ..case(6, hidden, 3) };
        let parts = Case { members: 90, largest_chunk: 16, ..case(6, hidden, 3) };
        assert_eq!(score(&gpu, &whole).shared, score(&gpu, &parts).shared, "{hidden:?}");
    }
}

#[test]
fn the_centre_moves_by_the_noise_weighted_by_standard_scores() {
    let Some(gpu) = gpu() else { return };
    let network = Network::new(case(7, &[5], 3).architecture, &[0.5; 70], &[1; 10]).unwrap();
    let width = network.dims() as usize;
    for rank in [1, 3] {
        let rule = Rule { rule: Name::Sgd, rate: 0.5, decay: Decay::Constant, ..Rule::default() };
        let optimizer = Eggroll { rank, sigma: 0.25, rule, ..Eggroll::default() };
        let mut moved = Vec::new();
        for largest_chunk in [u32::MAX, 16] {
            let run = Run::new(&gpu, &network, &optimizer).members(54).largest_chunk(largest_chunk);
            let mut run = run.start().unwrap();
            let positions = run.ask().unwrap();
            let fitness = numbers(55, 9);
            run.tell(&fitness).unwrap();
            let after = run.ask().unwrap();
            let (positions, centre) = positions.split_at(54 * width);
            let fitness: Vec<f64> = fitness[..54].iter().map(|f| f64::from(*f)).collect();
            let mean = fitness.iter().sum::<f64>() / 54.0;
            let variance = fitness.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / 54.0;
            for (i, (from, to)) in centre.iter().zip(&after[54 * width..]).enumerate() {
                let off = |m: usize| f64::from(positions[m * width + i]) - f64::from(*from);
                let leaning: f64 = (0..54).map(|m| (mean - fitness[m]) / (variance + 1e-5).sqrt() * off(m)).sum();
                let expected = f64::from(*from) + 0.5 * leaning / (54.0 * 0.25 * 0.25);
                assert!((f64::from(*to) - expected).abs() < 1e-5, "rank {rank}, {i}: {to} for {expected}");
            }
            moved.push(after);
        }
        assert_eq!(moved[0], moved[1], "windows of another size");
    }
}
