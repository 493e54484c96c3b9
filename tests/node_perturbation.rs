//! Gradients told from noise at the units: against the plain twin, against backpropagation, and what they learn.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

#[path = "common/case.rs"]
mod case;
mod common;
#[path = "common/numbers.rs"]
mod numbers;
#[path = "common/placed.rs"]
mod placed;

use case::{Case, SEED};
use common::gpu;
use gradless::config::Config;
use gradless::data;
use gradless::gpu::Gpu;
use gradless::objective::network::pictures::Size;
use gradless::objective::network::{Activation, Architecture, Loss, Spec};
use gradless::population::{NodeNoise, Objective, Slope};
use gradless::reference::node_noise::{self, Place};
use gradless::training::Training;

fn dense(hidden: &[u32], activation: Activation, rows: usize, members: u32) -> Case {
    let architecture = Architecture { inputs: 2, hidden: hidden.to_vec(), outputs: 3, activation, pictures: None };
    Case::new(architecture, rows, members)
}

fn told(noise: &NodeNoise) -> Slope {
    Slope::Nodes(noise.clone())
}

impl Case {
    /// The largest difference from the twin, in units of the largest slope of the layer.
    fn off_the_twin(&self, gpu: &Gpu, noise: &NodeNoise, largest_chunk: u32) -> f64 {
        let Self { network, features, labels, .. } = self;
        let found = self.gradient(gpu, largest_chunk, &told(noise), &[(0, 0)]).unwrap();
        let mut worst: f64 = 0.0;
        for (member, found) in found.chunks(network.dims() as usize).enumerate() {
            let place = Place { seed: SEED.into(), generation: 0, member: member as u32 };
            let rows = (&features[..], &labels[..]);
            let position = self.member(member);
            let twin = node_noise::gradient(&network.architecture, &network.loss, position, rows, noise, place);
            for layer in network.architecture.layers() {
                let of_layer = layer.offset as usize..layer.offset as usize + layer.parameters() as usize;
                let largest = twin[of_layer.clone()].iter().map(|slope| slope.abs()).fold(1e-12, f64::max);
                let off = of_layer.map(|i| (f64::from(found[i]) - twin[i]).abs() / largest).fold(0.0, f64::max);
                worst = worst.max(off);
            }
        }
        worst
    }
}

#[test]
fn slopes_are_those_of_the_twin() {
    let Some(gpu) = gpu() else { return };
    for activation in [Activation::Tanh, Activation::Relu, Activation::Gelu] {
        for hidden in [&[][..], &[9, 7]] {
            let case = dense(hidden, activation, 37, 5);
            // More than a word of signs has; a noise that a loss of size 1 in f32 tells to 1e-4.
            let noise = NodeNoise { perturbations: 40, sigma: 0.1 };
            for (chunk, gpu) in [(u32::MAX, gpu.clone()), (4, gpu.clone().without_subgroups())] {
                let off = case.off_the_twin(&gpu, &noise, chunk);
                assert!(off <= 1e-4, "{activation:?} {hidden:?} in chunks of {chunk}: {off}");
            }
        }
    }
}

/// Wide layers and many rows: the passes of a part do not fit into memory at once, and there are several parts.
#[test]
fn passes_and_rows_go_by_turns_where_memory_ends() {
    let Some(gpu) = gpu() else { return };
    let case = dense(&[256], Activation::Tanh, 5000, 1);
    let off = case.off_the_twin(&gpu, &NodeNoise { perturbations: 11, sigma: 0.1 }, u32::MAX);
    assert!(off <= 1e-4, "{off}");
}

/// The estimate is the gradient plus noise: of variance (units of the layer) / (perturbations), in squares of it, for each
/// row. The nodes below pictures go through pools and paddings.
#[test]
fn more_perturbations_come_nearer_to_the_gradient() {
    let Some(gpu) = gpu() else { return };
    let size = Size { channels: 2, height: 9, width: 8 };
    let spec = "conv:4x3p1,relu,max:2,conv:5x3,tanh,average:2,dense:6,relu";
    let architecture = Spec::parse(spec, true).unwrap().build(Some(size), (size.count(), 3), Activation::Relu).unwrap();
    let case = Case::new(architecture, 30, 2);
    let exact = case.gradient(&gpu, u32::MAX, &Slope::Exact, &[(0, 0)]).unwrap();
    let apart = |perturbations| {
        let noise = NodeNoise { perturbations, sigma: 0.003 };
        let found = case.gradient(&gpu, u32::MAX, &told(&noise), &[(0, 0)]).unwrap();
        let pairs = found.iter().zip(&exact).map(|(a, b)| (f64::from(*a), f64::from(*b)));
        let (apart, length) =
            pairs.fold((0.0, 0.0), |(apart, length), (a, b)| (apart + (a - b).powi(2), length + b * b));
        f64::sqrt(apart / length)
    };
    let [few, many] = [64, 4096].map(apart);
    println!("{few:.3} {many:.3}");
    // 64 times as many: an eighth; corners of relu and of pools leave something.
    assert!(many < 0.2 && many < few / 5.0, "{few} with 64, {many} with 4096");
}

fn iris(gpu: &Gpu, loss: &Loss, settings: &[(&str, f64)]) -> f64 {
    let mut config = Config {
        data: "iris".into(),
        optimizer: "node-perturbation".into(),
        loss: loss.clone(),
        generations: Some(300),
        ..Config::default()
    };
    for (key, value) in settings {
        config.settings.insert((*key).into(), toml::Value::Float(*value));
    }
    let dataset = data::load("iris", &config.data_options()).unwrap();
    let outcome = Training::new(&config, &dataset).unwrap().run(gpu, |_| true).unwrap();
    // A pass as it is, and 64 with noise for each of the two layers.
    assert_eq!(outcome.evaluations, 300 * (1 + 2 * 64));
    outcome.test.unwrap().classes().unwrap().accuracy
}

#[test]
fn iris_is_learned_by_its_loss_and_by_right_and_wrong_alone() {
    let Some(gpu) = gpu() else { return };
    assert!(iris(&gpu, &Loss::CrossEntropy, &[("rate", 0.05)]) >= 0.86);
    assert!(iris(&gpu, &Loss::Accuracy, &[("rate", 0.05), ("sigma", 0.5)]) >= 0.86);
}

#[test]
fn what_it_does_not_go_with_is_refused() {
    let Some(gpu) = gpu() else { return };
    let size = Size { channels: 1, height: 6, width: 6 };
    let build = |spec| Spec::parse(spec, true).unwrap().build(Some(size), (size.count(), 3), Activation::Relu).unwrap();
    let refused = |case: &Case, noise: NodeNoise| {
        case.gradient(&gpu, u32::MAX, &told(&noise), &[(0, 0)]).err().map(|error| error.to_string()).unwrap()
    };
    let normed = refused(&Case::new(build("conv:3x3p1b0,norm,relu"), 8, 1), NodeNoise::default());
    assert!(normed.contains("estimate = nodes") && normed.contains("norm"), "{normed}");
    let mut margin = dense(&[4], Activation::Tanh, 8, 1);
    margin.network.loss = "additive-margin".parse().unwrap();
    assert!(refused(&margin, NodeNoise::default()).contains("cross-entropy"));
    let none = NodeNoise { perturbations: 0, ..NodeNoise::default() };
    assert!(refused(&dense(&[], Activation::Tanh, 8, 1), none).contains("1 to 4096"));
}
