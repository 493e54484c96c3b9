//! Descents: what they learn, that members are runs of their own, swarms over outputs, position-wise updates.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::config::Config;
use gradless::data;
use gradless::gpu::{Gpu, Recording};
use gradless::objective::network::{Activation, Architecture, Loss, Network};
use gradless::optimizer::{Clip, Descent, Name, Update, Varied};
use gradless::population::{
    Context, Extent, Gradient, Objective, Optimizer, Origin, OutputSwarm, Points, Shape, Slope,
};
use gradless::reference::network::{mean_loss, sigmoid};
use gradless::reference::output_swarm::{Place, slope};
use gradless::run::Run;
use gradless::training::Training;

/// Mean test accuracy on iris over seeds 1 to 10, 4-10-3 relu, batches of 40, 40 epochs, rate 0.1.
fn iris(gpu: &Gpu, optimizer: &str, loss: &Loss, settings: &[(&str, &str)]) -> f64 {
    let accuracy = |seed| {
        let mut config = Config {
            data: "iris".into(),
            optimizer: optimizer.into(),
            activation: Activation::Relu,
            loss: loss.clone(),
            batch: Some(40),
            epochs: Some(40),
            seed,
            ..Config::default()
        };
        config.settings.insert("rate".into(), toml::Value::Float(0.1));
        for (key, value) in settings {
            config.settings.insert((*key).into(), toml::Value::String((*value).into()));
        }
        let dataset = data::load("iris", &config.data_options()).unwrap();
        let training = Training::new(&config, &dataset).unwrap();
        let outcome = training.run(gpu, |_| true).unwrap();
        assert_eq!(outcome.generations, 120);
        outcome.test.unwrap().classes().unwrap().accuracy
    };
    let mean = (1..=10).map(accuracy).sum::<f64>() / 10.0;
    println!("{optimizer} {loss} {settings:?}: {mean:.4}");
    mean
}

#[test]
fn iris_is_learned_by_adam_and_by_swarms_over_outputs() {
    let Some(gpu) = common::gpu() else { return };
    assert!(iris(&gpu, "adam", &Loss::CrossEntropy, &[]) >= 0.95);
    for loss in [Loss::Bce, Loss::Mse, Loss::Mae] {
        assert!(iris(&gpu, "adaswarm", &loss, &[]) >= 0.95);
    }
    // One swarm over a row's logits, where the loss needs them together.
    assert!(iris(&gpu, "adaswarm", &Loss::CrossEntropy, &[]) >= 0.93);
}

#[test]
fn one_swarm_for_the_whole_batch_needs_the_label_or_many_moves() {
    let Some(gpu) = common::gpu() else { return };
    let shared = |origin, moves| {
        iris(&gpu, "adaswarm", &Loss::Bce, &[("extent", "shared"), ("origin", origin), ("iterations", moves)])
    };
    assert!(shared("uniform", "5") <= 0.6);
    assert!(shared("label", "5") >= 0.95);
}

/// A network on repeatable rows.
fn small(hidden: &[u32], outputs: u32, rows: u32, loss: Loss) -> (Network, Vec<f32>, Vec<u32>) {
    let architecture =
        Architecture { inputs: 2, hidden: hidden.to_vec(), outputs, activation: Activation::Tanh, pictures: None };
    let features: Vec<f32> = (0..2 * rows).map(|i| ((i * 37 % 19) as f32 - 9.0) / 6.0).collect();
    let labels: Vec<u32> = (0..rows).map(|row| row * 7 % outputs).collect();
    let mut network = Network::new(architecture, &features, &labels).unwrap();
    network.loss = loss;
    (network, features, labels)
}

#[test]
fn a_swarm_over_an_output_is_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    // Without a hidden layer and with one row the gradient of a bias is the slope in its output.
    let (network, _, labels) = small(&[], 3, 1, Loss::Mse);
    let shape = Shape { blocks: 1, members: 5, width: network.dims() };
    let clock = gpu.upload("clock", &[11u32, 0, 4, 9, 9, 0, 0, 0]).unwrap();
    let context = Context { largest_chunk: 4, descends: true, ..Context::new(&gpu, clock.view()) };
    let fitness = Points::fitness_buffer(&gpu, "fitness", shape).unwrap();
    let points = Points::direct(&context, "positions", shape, &fitness).unwrap();
    for origin in [Origin::Prediction, Origin::Uniform, Origin::Label] {
        let swarm = OutputSwarm { origin, iterations: 4, particles: 6, ..OutputSwarm::default() };
        let into: Vec<_> = points
            .chunks
            .iter()
            .map(|_| gpu.buffer::<f32>("gradient", u64::from(shape.width * points.stride)).unwrap())
            .collect();
        let begins = Slope::Swarm(swarm.clone());
        let gradient = Gradient { slope: &begins, into: &into, from: 0, moved: 0, keep: false };
        let mut recording = Recording::new();
        network.bind(&context).unwrap().differentiate(&points, &gradient, &mut recording).unwrap();
        let views: Vec<_> = into.iter().map(gradless::gpu::Buffer::view).collect();
        let read = gpu.run(&recording, &views).unwrap();
        for (index, chunk) in points.chunks.iter().enumerate() {
            let columns: Vec<f32> = read.values(index);
            for member in 0..chunk.members {
                for output in 0..3 {
                    // All weights are 0.
                    let said = sigmoid(0.0);
                    let place = Place { seed: 11, generation: 4, element: output, member: chunk.first + member };
                    let target = f64::from(u8::from(output == labels[0]));
                    let exact = slope(&swarm, place, said, target, |y, t| 0.5 * (y - t).powi(2));
                    let exact = exact * said * (1.0 - said) / 3.0;
                    let found = f64::from(columns[((output * 3 + 2) * points.stride + member) as usize]);
                    // A dozen roundings of numbers of size 1, divided by eta.
                    assert!((found - exact).abs() < 1e-5, "{origin:?} {output} {member}: {found} {exact}");
                }
            }
        }
    }
}

/// Where all members are after some generations.
fn ends(gpu: &Gpu, network: &Network, optimizer: &dyn Optimizer, members: u32, generations: u32) -> Vec<Vec<f32>> {
    let run = Run::new(gpu, network, optimizer).members(members).generations(generations).seed(3);
    let mut run = run.start().unwrap();
    run.advance(generations).unwrap();
    (0..members).map(|member| run.member(member).unwrap()).collect()
}

#[test]
fn a_member_is_a_run_of_its_own() {
    let Some(gpu) = common::gpu() else { return };
    let (mut network, ..) = small(&[6], 3, 60, Loss::CrossEntropy);
    network.batch = Some(20);
    let of = |rate: Varied| Descent { rate, ..Descent::new(Name::Adam) };
    let together = ends(&gpu, &network, &of("0.3|0.03|0.003".parse().unwrap()), 3, 50);
    for (rate, end) in [0.3, 0.03, 0.003].into_iter().zip(&together) {
        // Beside others that learn at the same rate it ends at the same place, bit for bit.
        let same = ends(&gpu, &network, &of(rate.into()), 3, 50);
        let member = together.iter().position(|other| other == end).unwrap();
        assert_eq!(same[member], *end, "rate {rate}");
    }
    assert_eq!(ends(&gpu, &network, &of(0.3.into()), 1, 50)[0], together[0]);
    let chunked = |largest| {
        let optimizer = of("0.01..1".parse().unwrap());
        let run = Run::new(&gpu, &network, &optimizer).members(9).generations(30).seed(3).largest_chunk(largest);
        let mut run = run.start().unwrap();
        run.advance(30).unwrap();
        (0..9).map(|member| run.member(member).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(chunked(4), chunked(u32::MAX));
}

/// The slope of the loss in every coordinate, in units of the weights, by central differences.
fn slopes(architecture: &Architecture, loss: &Loss, position: &[f64], rows: (&[f32], &[u32])) -> Vec<f64> {
    let mut position = position.to_vec();
    let mut slopes = vec![0.0; position.len()];
    for layer in architecture.layers() {
        for i in layer.offset..layer.offset + layer.parameters() {
            let i = i as usize;
            let middle = position[i];
            let mut at = |x: f64| {
                position[i] = x;
                mean_loss(architecture, loss, &position, rows.0, rows.1)
            };
            slopes[i] = (at(middle + 1e-6) - at(middle - 1e-6)) / 2e-6 / f64::from(layer.scale);
            position[i] = middle;
        }
    }
    slopes
}

#[test]
fn position_wise_moves_the_last_layers_first() {
    let Some(gpu) = common::gpu() else { return };
    let (network, features, labels) = small(&[4, 3], 2, 30, Loss::Bce);
    let layers = network.architecture.layers();
    let rate = 0.5f32;
    let optimizer = |update| Descent { rate: rate.into(), update, ..Descent::new(Name::Sgd) };
    let start = ends(&gpu, &network, &optimizer(Update::All), 1, 1);
    let [all, position_wise] =
        [Update::All, Update::PositionWise].map(|update| ends(&gpu, &network, &optimizer(update), 1, 3).remove(0));
    assert_ne!(all, position_wise);
    // The plain one after a generation is the first position less its gradient: go back from there.
    let mut first: Vec<f64> = start[0].iter().map(|x| f64::from(*x)).collect();
    for _ in 0..60 {
        let back = slopes(&network.architecture, &Loss::Bce, &first, (&features, &labels));
        for layer in &layers {
            for i in layer.offset..layer.offset + layer.parameters() {
                let i = i as usize;
                first[i] = f64::from(start[0][i]) + f64::from(rate) * back[i] / f64::from(layer.scale);
            }
        }
    }
    let mut twin = first;
    for _generation in 0..3 {
        for stage in 0..layers.len() {
            let gradient = slopes(&network.architecture, &Loss::Bce, &twin, (&features, &labels));
            for layer in &layers[layers.len() - 1 - stage..] {
                for i in layer.offset..layer.offset + layer.parameters() {
                    twin[i as usize] -= f64::from(rate) * gradient[i as usize] / f64::from(layer.scale);
                }
            }
        }
    }
    // Nine steps of f32, and a first position that was found by going back.
    for (found, exact) in position_wise.iter().zip(&twin) {
        assert!((f64::from(*found) - exact).abs() < 1e-4, "{found} {exact}");
    }
}

#[test]
fn what_has_no_slope_is_refused_and_a_swarm_needs_none() {
    let Some(gpu) = common::gpu() else { return };
    let (network, ..) = small(&[4], 3, 30, Loss::Accuracy);
    let adam = Descent::new(Name::Adam);
    let refused = Run::new(&gpu, &network, &adam).members(1).start().err().unwrap().to_string();
    assert!(refused.contains("estimate=swarm"), "{refused}");
    let swarm = OutputSwarm { extent: Extent::Own, ..OutputSwarm::default() };
    let adaswarm = Descent { estimate: gradless::optimizer::Estimate::Swarm, swarm, ..Descent::new(Name::Adam) };
    // From some first weights nothing near is better.
    let improves = |seed: &u64| {
        let mut run = Run::new(&gpu, &network, &adaswarm).members(1).generations(100).seed(*seed).start().unwrap();
        let first = run.advance(1).unwrap().best;
        run.advance(99).unwrap().best < first
    };
    assert!((1..=5).filter(improves).count() >= 3);
}

#[test]
fn gradients_are_measured_and_held_to_a_norm() {
    let Some(gpu) = common::gpu() else { return };
    let (network, ..) = small(&[4], 3, 30, Loss::CrossEntropy);
    let after = |clip: f32, members: u32| {
        let descent = Descent { rate: Varied::from(0.1), clip: Clip(Some(clip)), ..Descent::new(Name::Sgd) };
        let mut run = Run::new(&gpu, &network, &descent).members(members).seed(3).generations(5).start().unwrap();
        let before = network.architecture.weights(&run.member(members - 1).unwrap());
        let norm = run.advance(1).unwrap().history[0].norm;
        let after = network.architecture.weights(&run.member(members - 1).unwrap());
        (before.iter().zip(&after).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt(), norm)
    };
    let (moved, norm) = after(f32::INFINITY, 1);
    assert!(norm > 0.05 && (moved - 0.1 * norm).abs() < 1e-5, "{moved} by a gradient of {norm}");
    let (held, same) = after(0.01, 1);
    assert!(same == norm && (held - 0.1 * 0.01).abs() < 1e-6, "{held}");
    let (among, _) = after(0.01, 7);
    assert!((among - 0.1 * 0.01).abs() < 1e-6, "{among}");
}
