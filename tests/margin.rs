//! The additive-margin softmax: cosines of features and class weights, against the plain `f64` forward pass.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;

use common::gpu;
use gradless::config::Config;
use gradless::data;
use gradless::objective::network::{Activation, Architecture, Form, Loss, Margin, Network};
use gradless::optimizer::search;
use gradless::population::Objective;
use gradless::reference;
use gradless::run::Run;
use gradless::training::Training;
use numbers::numbers;

const OTHER: Loss = Loss::AdditiveMargin(Margin { scale: 1.0, margin: 1.0 });

fn usual() -> Loss {
    "additive-margin".parse().unwrap()
}

fn network(inputs: u32, hidden: &[u32], outputs: u32, rows: u32, loss: Loss) -> (Network, Vec<f32>, Vec<u32>) {
    let architecture =
        Architecture { inputs, hidden: hidden.to_vec(), outputs, activation: Activation::Tanh, pictures: None };
    let features: Vec<f32> = numbers((rows * inputs) as usize, 1).iter().map(|x| 2.0 * x).collect();
    let labels: Vec<u32> = (0..rows).map(|row| row.wrapping_mul(2_654_435_761) % outputs).collect();
    let mut network = Network::new(architecture, &features, &labels).unwrap();
    network.loss = loss;
    (network, features, labels)
}

fn close(found: f32, expected: f64, what: &str) {
    let difference = (f64::from(found) - expected).abs();
    assert!(difference <= 1e-4 * expected.abs().max(1e-2), "{what}: {found} for {expected}");
}

#[test]
fn logits_and_loss_agree_with_the_twin() {
    let Some(gpu) = gpu() else { return };
    let shapes: [(u32, &[u32], u32, u32); 7] = [
        (4, &[10], 3, 150),
        (1, &[1], 2, 1),
        (7, &[], 10, 5_000),
        (37, &[], 3, 40),
        (13, &[21], 10, 8_200),
        (9, &[20, 7, 5], 10, 300),
        (40, &[64, 33], 45, 70),
    ];
    for (number, (inputs, hidden, outputs, rows)) in shapes.into_iter().enumerate() {
        let loss = if number % 2 == 0 { usual() } else { OTHER };
        let (network, features, labels) = network(inputs, hidden, outputs, rows, loss.clone());
        let position: Vec<f32> = numbers(network.dims() as usize, 3).iter().map(|x| 2.0 * x).collect();
        let name = format!("{inputs}, {hidden:?}, {outputs}, {rows} rows, {loss}");
        for gpu in [gpu.clone(), gpu.clone().without_subgroups()] {
            let logits = network.logits(&gpu, &position).unwrap();
            for (row, found) in logits.chunks(outputs as usize).enumerate() {
                let features = &features[row * inputs as usize..][..inputs as usize];
                let expected = reference::network::outputs(&network.architecture, &loss, &position, features);
                for (found, expected) in found.iter().zip(expected) {
                    // Cosines near 0 are differences of larger numbers.
                    let scale = f64::from(loss.margin().unwrap().scale);
                    assert!((f64::from(*found) - expected).abs() <= 1e-5 * scale, "{name}: {found} for {expected}");
                }
            }
            let expected = reference::network::mean_loss(&network.architecture, &loss, &position, &features, &labels);
            close(network.mean_loss(&gpu, &position).unwrap(), expected, &name);
        }
    }
}

#[test]
fn populations_in_every_form_of_search_agree_with_the_twin() {
    let Some(gpu) = gpu() else { return };
    for (number, (space, name)) in
        [("whole", "pso"), ("whole", "eggroll"), ("whole", "openai-es"), ("subspace:9", "gwo")].into_iter().enumerate()
    {
        let loss = if number % 2 == 0 { usual() } else { OTHER };
        for hidden in [&[][..], &[6], &[8, 5]] {
            let (network, features, labels) = network(7, hidden, 4, 90, loss.clone());
            let optimizer = search::build(space, name, &[].into()).unwrap();
            let mut run = Run::new(&gpu, &network, optimizer.as_ref()).members(20).largest_chunk(12).start().unwrap();
            let best = run.advance(4).unwrap().best;
            let position = run.best().unwrap();
            let expected = reference::network::mean_loss(&network.architecture, &loss, &position, &features, &labels);
            close(best, expected, &format!("{space}/{name}, {hidden:?}, {loss}"));
        }
    }
}

#[test]
fn equal_cosines_cost_the_plateau_and_biases_of_the_last_layer_nothing() {
    let Some(gpu) = gpu() else { return };
    for (loss, plateau) in [(usual(), 12.697), (OTHER, 3.2373)] {
        let (network, ..) = network(5, &[6], 10, 60, loss.clone());
        let last = network.architecture.layers()[1];
        let mut position = numbers(network.dims() as usize, 4);
        for class in 0..10 {
            for input in 0..last.inputs {
                position[last.coordinate(class, input) as usize] = 0.1 * (input + 1) as f32;
            }
        }
        let found = network.mean_loss(&gpu, &position).unwrap();
        assert!((found - plateau).abs() < 1e-3, "{loss}: {found} for {plateau}");
        // Without weights all cosines are 0, and so they are without features.
        let found = network.mean_loss(&gpu, &vec![0.0; position.len()]).unwrap();
        assert!((found - plateau).abs() < 1e-3, "{loss}: {found} for {plateau}");

        let position = numbers(network.dims() as usize, 5);
        let mut biased = position.clone();
        (0..10).for_each(|class| biased[last.coordinate(class, last.inputs) as usize] += 3.0);
        assert_eq!(network.logits(&gpu, &position).unwrap(), network.logits(&gpu, &biased).unwrap());
    }
}

#[test]
fn what_does_not_score_cosines_says_so() {
    let Some(gpu) = gpu() else { return };
    let refused = |network: &Network, space: &str| {
        let optimizer = search::build(space, "pso", &[].into()).unwrap();
        Run::new(&gpu, network, optimizer.as_ref()).start().err().expect("refused").to_string()
    };
    let (mut network, ..) = network(5, &[6], 3, 20, usual());
    for space in ["neurons", "layers", "blocks:3"] {
        assert!(refused(&network, space).contains("search"), "{space}");
    }
    for form in [Form::Registers, Form::Tiled] {
        network.form = Some(form);
        assert!(refused(&network, "whole").contains("additive-margin"), "{form:?}");
    }
    network.form = None;
    network.loss = Loss::AdditiveMargin(Margin { scale: f32::NAN, margin: 0.0 });
    assert!(refused(&network, "whole").contains("scale"));
}

#[test]
fn strategies_learn_iris_by_cosines() {
    let Some(gpu) = gpu() else { return };
    for (optimizer, loss, plateau) in [("eggroll", usual(), 11.19), ("openai-es", OTHER, 1.8620)] {
        let config = Config {
            data: "iris".into(),
            optimizer: optimizer.into(),
            loss: loss.clone(),
            population: Some(64),
            generations: Some(100),
            ..Config::default()
        };
        let dataset = data::load("iris", &config.data_options()).unwrap();
        let outcome = Training::new(&config, &dataset).unwrap().run(&gpu, |_| true).unwrap();
        let (train, test) = (outcome.train.classes().unwrap(), outcome.test.as_ref().unwrap().classes().unwrap());
        assert!(train.loss < 0.7 * plateau && train.accuracy > 0.9 && test.accuracy > 0.8, "{optimizer}: {train:?}");
        let logits = outcome.model.logits(&gpu, &dataset.test.features).unwrap();
        for row in outcome.model.probabilities(&logits).chunks(3) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
        let largest = logits.iter().fold(0.0f32, |top, z| top.max(z.abs()));
        assert!(largest <= loss.margin().unwrap().scale * 1.0001, "scaled cosines, not products: {largest}");
    }
}
