//! The three forms of the network objective against the plain `f64` forward pass.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;
#[path = "common/placed.rs"]
mod placed;

use common::gpu;
use gradless::gpu::{Gpu, Recording};
use gradless::objective::network::{Activation, Architecture, Form, Loss, Network};
use gradless::population::{Context, Objective, Points, Shape};
use gradless::reference;
use numbers::numbers;
use placed::place;

fn architecture(inputs: u32, hidden: &[u32], outputs: u32, activation: Activation) -> Architecture {
    Architecture { inputs, hidden: hidden.to_vec(), outputs, activation, pictures: None }
}

fn network(architecture: &Architecture, rows: usize) -> (Network, Vec<f32>, Vec<u32>) {
    let features: Vec<f32> = numbers(rows * architecture.inputs as usize, 1).iter().map(|x| 2.0 * x).collect();
    let labels: Vec<u32> = (0..rows as u32).map(|r| r.wrapping_mul(2_654_435_761) % architecture.outputs).collect();
    (Network::new(architecture.clone(), &features, &labels).unwrap(), features, labels)
}

/// Fitness of a whole population, and its positions candidate after candidate.
fn score(gpu: &Gpu, network: &Network, members: u32, largest_chunk: u32) -> (Vec<f32>, Vec<f32>) {
    score_at(gpu, network, members, largest_chunk, 5)
}

/// The same in a given generation, on which the batch depends.
fn score_at(gpu: &Gpu, network: &Network, members: u32, largest_chunk: u32, generation: u32) -> (Vec<f32>, Vec<f32>) {
    let dims = network.dims();
    let clock = gpu.upload("clock", &[3u32, 0, generation, 9, 9, 0, 0, 0]).unwrap();
    let context = Context { largest_chunk, ..Context::new(gpu, clock.view()) };
    let shape = Shape { blocks: 1, members, width: dims };
    let fitness = Points::fitness_buffer(gpu, "fitness", shape).unwrap();
    let points = Points::direct(&context, "positions", shape, &fitness).unwrap();
    let positions: Vec<f32> = numbers((dims * members) as usize, 2).iter().map(|x| 3.0 * x).collect();
    place(gpu, &points, &positions);
    let mut evaluation = network.bind(&context).unwrap();
    let mut recording = Recording::new();
    evaluation.prepare(&mut recording).unwrap();
    evaluation.score(&points, &mut recording).unwrap();
    let mut fitness: Vec<f32> = gpu.run(&recording, &[fitness.view()]).unwrap().values(0);
    fitness.truncate(members as usize);
    (fitness, positions)
}

fn compare(gpu: &Gpu, shape: &Architecture, rows: usize, members: u32, loss: &Loss, form: Form) {
    let (mut network, features, labels) = network(shape, rows);
    network.loss = loss.clone();
    network.form = Some(form);
    let (fitness, positions) = score(gpu, &network, members, u32::MAX);
    for (value, position) in fitness.iter().zip(positions.chunks(network.dims() as usize)) {
        let expected = reference::network::mean_loss(shape, loss, position, &features, &labels);
        // Sums of up to a few thousand f32 terms; the exponential of the software adapter is good to 4e-6. A tie of two
        // logits may fall either way: one row of them all.
        let tolerance = if *loss == Loss::Accuracy { 1.0 / rows as f64 } else { 2e-5 * expected.abs().max(1.0) };
        let difference = (f64::from(*value) - expected).abs();
        assert!(difference <= tolerance, "{shape:?} {loss:?} {form:?}: {value} for {expected}");
    }
}

#[test]
fn every_activation_and_loss_agrees_with_the_twin_in_every_form() {
    let Some(gpu) = gpu() else { return };
    for activation in Activation::ALL {
        for form in [Form::Registers, Form::Tiled, Form::Layered] {
            compare(&gpu, &architecture(4, &[10], 3, activation), 150, 37, &Loss::CrossEntropy, form);
        }
    }
    for loss in Loss::ALL {
        for form in [Form::Registers, Form::Tiled, Form::Layered] {
            if loss.margin().is_none() {
                compare(&gpu, &architecture(5, &[6], 4, Activation::Tanh), 70, 9, &loss, form);
            }
        }
    }
}

/// So the losses of Pixel Swarm's table follow from its accuracies: 14.29 % is 2.318, 14.9 % is 2.312.
#[test]
fn a_sure_network_under_a_double_softmax_costs_a_constant_less_its_accuracy() {
    let Some(gpu) = gpu() else { return };
    let shape = architecture(1, &[], 10, Activation::Tanh);
    let labels: Vec<u32> = (0..200).map(|row| row % 10 * u32::from(row % 7 != 0)).collect();
    let mut network = Network::new(shape.clone(), &vec![0.0; labels.len()], &labels).unwrap();
    network.loss = Loss::DoubleSoftmax;
    let context = Context::resting(&gpu).unwrap();
    let cost = |position: &[f32]| -> f64 {
        let points = Points::alone(&context, position, network.dims()).unwrap();
        let mut recording = Recording::new();
        network.bind(&context).unwrap().score(&points, &mut recording).unwrap();
        f64::from(gpu.run(&recording, &[points.fitness.view()]).unwrap().values::<f32>(0)[0])
    };
    let [layer] = shape.layers().try_into().unwrap();
    for class in 0..10 {
        let mut position = vec![0.0; network.dims() as usize];
        position[layer.coordinate(class, layer.inputs) as usize] = 100.0 / layer.scale;
        let accuracy = labels.iter().filter(|label| **label == class).count() as f64 / labels.len() as f64;
        assert!((cost(&position) - (2.4612 - accuracy)).abs() < 1e-4, "{class}");
    }
    assert!((cost(&vec![0.0; network.dims() as usize]) - 10f64.ln()).abs() < 1e-5);
}

#[test]
fn odd_sizes_agree_with_the_twin() {
    let Some(gpu) = gpu() else { return };
    let tanh = Activation::Tanh;
    for (shape, rows, members) in [
        (architecture(1, &[1], 2, tanh), 1, 1),
        (architecture(2, &[], 2, tanh), 3, 5),
        (architecture(7, &[5, 4], 3, tanh), 65, 6),
        (architecture(3, &[20, 7, 5], 2, tanh), 100, 3),
        (architecture(60, &[11], 2, tanh), 166, 10),
        (architecture(13, &[10], 28, tanh), 300, 5),
        (architecture(117, &[20], 2, tanh), 130, 4),
        (architecture(40, &[64, 33], 10, tanh), 257, 7),
    ] {
        let mut forms = vec![Form::Layered];
        if shape.hidden.len() == 1 {
            forms.push(Form::Tiled);
        }
        if shape.parameters() < 300 {
            forms.push(Form::Registers);
        }
        for form in forms {
            compare(&gpu, &shape, rows, members, &Loss::CrossEntropy, form);
        }
        // The layers of an adapter without subgroups, which fetch weights in another way.
        compare(&gpu.clone().without_subgroups(), &shape, rows, members, &Loss::CrossEntropy, Form::Layered);
    }
}

#[test]
fn a_loop_past_65535_iterations_sees_every_row() {
    // llvmpipe ends loops after 65,535 iterations in total without a word.
    let Some(gpu) = gpu() else { return };
    let shape = architecture(3, &[4], 2, Activation::Tanh);
    for form in [Form::Registers, Form::Tiled, Form::Layered] {
        compare(&gpu, &shape, 150_000, 3, &Loss::Accuracy, form);
        compare(&gpu, &shape, 150_000, 3, &Loss::CrossEntropy, form);
    }
}

#[test]
fn fitness_does_not_depend_on_the_chunks() {
    let Some(gpu) = gpu() else { return };
    for (form, hidden) in [(Form::Registers, 8), (Form::Tiled, 40), (Form::Layered, 40)] {
        let (mut network, ..) = network(&architecture(6, &[hidden], 3, Activation::Tanh), 200);
        network.form = Some(form);
        let whole = score(&gpu, &network, 150, u32::MAX).0;
        assert_eq!(whole, score(&gpu, &network, 150, 64).0, "{form:?}");
        assert_eq!(whole, score(&gpu, &network, 150, 4).0, "{form:?}");
    }
}

#[test]
fn a_batch_is_the_same_rows_in_every_form() {
    let Some(gpu) = gpu() else { return };
    let shape = architecture(5, &[8], 3, Activation::Tanh);
    let (mut network, ..) = network(&shape, 333);
    network.batch = Some(50);
    let by_form = [Form::Registers, Form::Tiled, Form::Layered].map(|form| {
        network.form = Some(form);
        score(&gpu, &network, 5, u32::MAX).0
    });
    for other in &by_form[1..] {
        for (a, b) in by_form[0].iter().zip(other) {
            assert!((a - b).abs() < 1e-5 * a.abs().max(1.0), "{by_form:?}");
        }
    }
}

#[test]
fn logits_and_mean_loss_of_one_position_agree_with_the_twin() {
    let Some(gpu) = gpu() else { return };
    let shape = architecture(6, &[12], 3, Activation::Relu);
    let (network, features, labels) = network(&shape, 5000);
    let position = numbers(network.dims() as usize, 7);
    let logits = network.logits(&gpu, &position).unwrap();
    for (row, values) in logits.chunks(3).enumerate() {
        let expected = reference::network::logits(&shape, &position, &features[row * 6..][..6]);
        for (a, b) in values.iter().zip(expected) {
            assert!((f64::from(*a) - b).abs() < 1e-5, "row {row}: {a} for {b}");
        }
    }
    let loss = network.mean_loss(&gpu, &position).unwrap();
    let expected = reference::network::mean_loss(&shape, &Loss::CrossEntropy, &position, &features, &labels);
    assert!((f64::from(loss) - expected).abs() < 1e-5, "{loss} for {expected}");
}

#[test]
fn an_epoch_of_batches_sees_every_row_once_in_an_order_of_its_own() {
    let Some(gpu) = gpu() else { return };
    let shape = architecture(5, &[8], 3, Activation::Tanh);
    let (mut network, ..) = network(&shape, 60);
    let whole = score(&gpu, &network, 4, u32::MAX).0;
    network.batch = Some(12);
    for form in [Form::Registers, Form::Layered] {
        network.form = Some(form);
        let batches: Vec<Vec<f32>> = (0..10).map(|g| score_at(&gpu, &network, 4, u32::MAX, g).0).collect();
        for (candidate, whole) in whole.iter().enumerate() {
            for epoch in [&batches[..5], &batches[5..]] {
                let mean = epoch.iter().map(|batch| batch[candidate]).sum::<f32>() / 5.0;
                // Equal up to rounding only if every row is in exactly one of the five batches.
                assert!((mean - whole).abs() < 1e-5 * whole.abs().max(1.0), "{form:?}: {mean} for {whole}");
            }
        }
        assert_ne!(batches[..5], batches[5..], "the second epoch has another order");
    }
}

#[test]
fn batches_are_drawn_from_more_rows_than_one_binding_holds() {
    let Some(gpu) = gpu() else { return };
    // 137 MiB of rows, drawn from in chunks of 128 MiB; half of them make a batch.
    let shape = architecture(512, &[], 2, Activation::Tanh);
    let (mut network, features, labels) = network(&shape, 70_000);
    network.batch = Some(35_000);
    let (first, positions) = score_at(&gpu, &network, 1, u32::MAX, 0);
    let (second, _) = score_at(&gpu, &network, 1, u32::MAX, 1);
    let whole = reference::network::mean_loss(&shape, &Loss::CrossEntropy, &positions, &features, &labels);
    let mean = f64::from(first[0] + second[0]) / 2.0;
    // Sums of 35,000 rounded losses; a row drawn from the wrong place would cost 1e-5.
    assert!((mean - whole).abs() < 1e-5 * whole.abs().max(1.0), "{mean} for {whole}");
}
