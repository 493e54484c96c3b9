//! Gradients told from noise at the units: against the plain twin, against backpropagation, and what they learn.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;
#[path = "common/placed.rs"]
mod placed;

use common::gpu;
use gradless::config::Config;
use gradless::data;
use gradless::gpu::{Gpu, Recording};
use gradless::objective::network::pictures::Size;
use gradless::objective::network::{Activation, Architecture, Loss, Network, Spec};
use gradless::population::{Context, Gradient, NodeNoise, Objective, Points, Shape, Slope};
use gradless::reference::node_noise::{self, Place};
use gradless::training::Training;
use numbers::numbers;
use placed::place;

const SEED: u32 = 3;
const GENERATION: u32 = 5;

struct Case {
    network: Network,
    features: Vec<f32>,
    labels: Vec<u32>,
    members: u32,
    positions: Vec<f32>,
}

impl Case {
    fn new(architecture: Architecture, rows: usize, members: u32) -> Self {
        let features: Vec<f32> = numbers(rows * architecture.inputs as usize, 1).iter().map(|x| 2.0 * x).collect();
        let labels: Vec<u32> = (0..rows as u32).map(|r| r.wrapping_mul(2_654_435_761) % architecture.outputs).collect();
        let network = Network::new(architecture, &features, &labels).unwrap();
        let positions = numbers((network.dims() * members) as usize, 2).iter().map(|x| 1.5 * x).collect();
        Self { network, features, labels, members, positions }
    }

    fn dense(hidden: &[u32], activation: Activation, rows: usize, members: u32) -> Self {
        let architecture = Architecture { inputs: 2, hidden: hidden.to_vec(), outputs: 3, activation, pictures: None };
        Self::new(architecture, rows, members)
    }

    /// The gradients of all members.
    fn gradients(&self, gpu: &Gpu, slope: &Slope, largest_chunk: u32) -> gradless::Result<Vec<Vec<f32>>> {
        let clock = gpu.upload("clock", &[SEED, 0, GENERATION, 9, 9, 0, 0, 0]).unwrap();
        let context = Context { largest_chunk, descends: true, ..Context::new(gpu, clock.view()) };
        let dims = self.network.dims();
        let shape = Shape { blocks: 1, members: self.members, width: dims };
        let fitness = Points::fitness_buffer(gpu, "fitness", shape).unwrap();
        let points = Points::direct(&context, "positions", shape, &fitness).unwrap();
        place(gpu, &points, &self.positions);
        let size = u64::from(dims * points.stride);
        let into: Vec<_> = points.chunks.iter().map(|_| gpu.buffer::<f32>("gradient", size).unwrap()).collect();
        let gradient = Gradient { slope, into: &into, from: 0, moved: 0, keep: false };
        let mut recording = Recording::new();
        self.network.bind(&context)?.differentiate(&points, &gradient, &mut recording)?;
        let views: Vec<_> = into.iter().map(gradless::gpu::Buffer::view).collect();
        let read = gpu.run(&recording, &views).unwrap();
        let mut gradients = Vec::new();
        for (index, chunk) in points.chunks.iter().enumerate() {
            let columns: Vec<f32> = read.values(index);
            let of = |member| (0..dims).map(|i| columns[(i * points.stride + member) as usize]).collect();
            gradients.extend((0..chunk.members).map(of));
        }
        Ok(gradients)
    }

    /// The largest difference from the twin, in units of the largest slope of the layer.
    fn off_the_twin(&self, gpu: &Gpu, noise: &NodeNoise, largest_chunk: u32) -> f64 {
        let Self { network, features, labels, positions, .. } = self;
        let found = self.gradients(gpu, &Slope::Nodes(noise.clone()), largest_chunk).unwrap();
        let mut worst: f64 = 0.0;
        for (member, found) in found.iter().enumerate() {
            let place = Place { seed: SEED.into(), generation: GENERATION, member: member as u32 };
            let position = &positions[member * network.dims() as usize..][..network.dims() as usize];
            let rows = (&features[..], &labels[..]);
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
            let case = Case::dense(hidden, activation, 37, 5);
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
    let case = Case::dense(&[256], Activation::Tanh, 5000, 1);
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
    let exact = case.gradients(&gpu, &Slope::Exact, u32::MAX).unwrap();
    let apart = |perturbations| {
        let noise = NodeNoise { perturbations, sigma: 0.003 };
        let found = case.gradients(&gpu, &Slope::Nodes(noise), u32::MAX).unwrap();
        let pairs = found.iter().flatten().zip(exact.iter().flatten()).map(|(a, b)| (f64::from(*a), f64::from(*b)));
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
        case.gradients(&gpu, &Slope::Nodes(noise), u32::MAX).err().map(|error| error.to_string()).unwrap()
    };
    let normed = refused(&Case::new(build("conv:3x3p1b0,norm,relu"), 8, 1), NodeNoise::default());
    assert!(normed.contains("estimate = nodes") && normed.contains("norm"), "{normed}");
    let mut margin = Case::dense(&[4], Activation::Tanh, 8, 1);
    margin.network.loss = "additive-margin".parse().unwrap();
    assert!(refused(&margin, NodeNoise::default()).contains("cross-entropy"));
    let none = NodeNoise { perturbations: 0, ..NodeNoise::default() };
    assert!(refused(&Case::dense(&[], Activation::Tanh, 8, 1), none).contains("1 to 4096"));
}
