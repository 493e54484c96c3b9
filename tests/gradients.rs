//! Gradients of whole populations against central differences of the plain `f64` forward pass.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;
#[path = "common/placed.rs"]
mod placed;

use common::gpu;
use gradless::gpu::{Gpu, Recording};
use gradless::objective::network::{Activation, Architecture, Loss, Margin, Network};
use gradless::population::{Context, Gradient, Objective, Points, Shape, Slope};
use gradless::reference;
use numbers::numbers;
use placed::place;

/// A population at known places, with buffers for its gradient.
struct Case {
    architecture: Architecture,
    features: Vec<f32>,
    /// Classes, or the bits of numbers.
    labels: Vec<u32>,
    numbers: bool,
    members: u32,
    positions: Vec<f32>,
}

impl Case {
    fn new(inputs: u32, hidden: &[u32], outputs: u32, activation: Activation, (rows, members): (usize, u32)) -> Self {
        let architecture = Architecture { inputs, hidden: hidden.to_vec(), outputs, activation, pictures: None };
        let dims = architecture.parameters() as usize;
        Self {
            features: numbers(rows * inputs as usize, 1).iter().map(|x| 2.0 * x).collect(),
            labels: (0..rows as u32).map(|r| r.wrapping_mul(2_654_435_761) % outputs).collect(),
            positions: numbers(dims * members as usize, 2).iter().map(|x| 1.5 * x).collect(),
            numbers: false,
            members,
            architecture,
        }
    }

    /// The same rows with numbers from -4 to 4.
    fn of_numbers(self) -> Self {
        let labels = numbers(self.labels.len(), 3).iter().map(|x| (4.0 * x).to_bits()).collect();
        Self { labels, numbers: true, ..self }
    }

    /// Fitness and gradient of every member, after these calls.
    fn on_device(&self, gpu: &Gpu, loss: Loss, largest_chunk: u32, calls: &[(usize, usize)]) -> (Vec<f32>, Vec<f32>) {
        let mut network = if self.numbers {
            let targets: Vec<f32> = self.labels.iter().map(|bits| f32::from_bits(*bits)).collect();
            Network::regression(self.architecture.clone(), &self.features, &targets).unwrap()
        } else {
            Network::new(self.architecture.clone(), &self.features, &self.labels).unwrap()
        };
        network.loss = loss;
        let dims = network.dims();
        let clock = gpu.upload("clock", &[3u32, 0, 0, 9, 9, 0, 0, 0]).unwrap();
        let context = Context { largest_chunk, descends: true, ..Context::new(gpu, clock.view()) };
        let shape = Shape { blocks: 1, members: self.members, width: dims };
        let fitness = Points::fitness_buffer(gpu, "fitness", shape).unwrap();
        let points = Points::direct(&context, "positions", shape, &fitness).unwrap();
        place(gpu, &points, &self.positions);
        let size = u64::from(dims * points.stride);
        let into: Vec<_> = points.chunks.iter().map(|_| gpu.buffer::<f32>("gradient", size).unwrap()).collect();
        let mut evaluation = network.bind(&context).unwrap();
        let mut recording = Recording::new();
        for (call, (from, moved)) in calls.iter().enumerate() {
            let keep = call + 1 < calls.len();
            let gradient = Gradient { slope: &Slope::Exact, into: &into, from: *from, moved: *moved, keep };
            evaluation.differentiate(&points, &gradient, &mut recording).unwrap();
        }
        let mut views = vec![fitness.view()];
        views.extend(into.iter().map(gradless::gpu::Buffer::view));
        let read = gpu.run(&recording, &views).unwrap();
        let mut gradient = Vec::new();
        for (index, chunk) in points.chunks.iter().enumerate() {
            let columns: Vec<f32> = read.values(index + 1);
            for member in 0..chunk.members {
                gradient.extend((0..dims).map(|i| columns[(i * points.stride + member) as usize]));
            }
        }
        (read.values(0)[..self.members as usize].to_vec(), gradient)
    }

    /// Slope of the loss in one weight of one member.
    fn slope(&self, loss: &Loss, member: usize, coordinate: usize) -> f64 {
        let dims = self.architecture.parameters() as usize;
        let mut position: Vec<f64> = self.positions[member * dims..][..dims].iter().map(|x| f64::from(*x)).collect();
        let layers = self.architecture.layers();
        let layer = layers.iter().rfind(|layer| layer.offset as usize <= coordinate).unwrap();
        let (middle, step) = (position[coordinate], 1e-5);
        let mut at = |x: f64| {
            position[coordinate] = x;
            reference::network::mean_loss(&self.architecture, loss, &position, &self.features, &self.labels)
        };
        (at(middle + step) - at(middle - step)) / (2.0 * step) / f64::from(layer.scale)
    }

    /// The worst error relative to the size of the gradient's own layer and member, at most so many coordinates each.
    fn worst(&self, gradient: &[f32], loss: &Loss, most: usize) -> f64 {
        let dims = self.architecture.parameters() as usize;
        let mut worst: f64 = 0.0;
        for member in 0..self.members as usize {
            for layer in self.architecture.layers() {
                let (first, count) = (layer.offset as usize, layer.parameters() as usize);
                let stride = count.div_ceil(most);
                let pairs: Vec<(f64, f64)> = (first..first + count)
                    .step_by(stride)
                    .map(|i| (f64::from(gradient[member * dims + i]), self.slope(loss, member, i)))
                    .collect();
                let size = pairs.iter().map(|(_, exact)| exact.abs()).fold(0.0, f64::max);
                let errors = pairs.iter().map(|(found, exact)| (found - exact).abs() / size.max(1e-12));
                worst = worst.max(errors.fold(0.0, f64::max));
            }
        }
        worst
    }
}

const LOSSES: [Loss; 6] = [
    Loss::CrossEntropy,
    Loss::DoubleSoftmax,
    Loss::Bce,
    Loss::Mse,
    Loss::Mae,
    Loss::AdditiveMargin(Margin { scale: 4.0, margin: 0.35 }),
];

#[test]
fn every_layer_activation_and_loss_has_the_gradient_of_its_twin() {
    let Some(gpu) = gpu() else { return };
    let mut worst: (f64, String) = (0.0, String::new());
    for activation in Activation::ALL {
        for loss in LOSSES {
            // Without a hidden layer there is no activation.
            let shallow = [&[][..]].into_iter().filter(|_| activation == Activation::Tanh);
            for hidden in shallow.chain([&[9, 7][..]]) {
                let case = Case::new(4, hidden, 3, activation, (37, 3));
                // In registers, and, since it is asked for in stages, layer by layer.
                for calls in [&[(0, 0)][..], &[(hidden.len(), 0), (0, hidden.len())]] {
                    let (_, gradient) = case.on_device(&gpu, loss.clone(), u32::MAX, calls);
                    let error = case.worst(&gradient, &loss, 1000);
                    assert!(error <= 1e-3, "{activation:?} {loss:?} {hidden:?} {calls:?}: {error}");
                    if error > worst.0 {
                        worst = (error, format!("{activation:?} {loss:?} {hidden:?}"));
                    }
                }
            }
        }
    }
    eprintln!("worst relative error {:.2e}: {}", worst.0, worst.1);
}

#[test]
fn losses_of_numbers_have_the_gradient_of_their_twin_and_rounded_ones_none() {
    let Some(gpu) = gpu() else { return };
    let wells = "fn loss(output: f32, wanted: f32) -> f32 {
        let r = output - wanted;
        return 0.1 * r * r + 1.0 - cos(3.0 * r);
    }";
    let own = Loss::own("wells.wgsl", wells).unwrap();
    for hidden in [&[][..], &[9, 7]] {
        let case = Case::new(4, hidden, 1, Activation::Tanh, (37, 3)).of_numbers();
        for calls in [&[(0, 0)][..], &[(hidden.len(), 0), (0, hidden.len())]] {
            // Central differences of f32 values about 2 over 2e-3: a rounding of 1e-7 is 1e-4 of the slope, and what they
            // leave out, 27 h^2 / 6, is less.
            for (loss, twin, tolerance) in [
                (Loss::Squared, Loss::Squared, 1e-3),
                (Loss::Absolute, Loss::Absolute, 1e-3),
                (Loss::Wells, Loss::Wells, 1e-3),
                (own.clone(), Loss::Wells, 5e-3),
            ] {
                let (_, gradient) = case.on_device(&gpu, loss.clone(), u32::MAX, calls);
                let error = case.worst(&gradient, &twin, 1000);
                assert!(error <= tolerance, "{} {hidden:?} {calls:?}: {error}", loss.name());
            }
            let (_, gradient) = case.on_device(&gpu, Loss::Rounded, u32::MAX, calls);
            assert!(gradient.iter().all(|slope| *slope == 0.0));
        }
    }
}

#[test]
fn a_loss_of_ones_own_has_the_gradient_of_the_same_loss_by_name() {
    let Some(gpu) = gpu() else { return };
    let text = "fn loss(output: f32, wanted: f32) -> f32 { return 0.5 * (output - wanted) * (output - wanted); }";
    let case = Case::new(4, &[9, 7], 3, Activation::Tanh, (37, 3));
    for calls in [&[(0, 0)][..], &[(2, 0), (0, 2)]] {
        let (fitness, gradient) = case.on_device(&gpu, Loss::own("half.wgsl", text).unwrap(), u32::MAX, calls);
        let (expected, _) = case.on_device(&gpu, Loss::Mse, u32::MAX, calls);
        assert!(fitness.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{fitness:?} {expected:?}");
        let error = case.worst(&gradient, &Loss::Mse, 1000);
        assert!(error <= 5e-3, "{calls:?}: {error}");
    }
}

#[test]
fn wide_layers_and_many_rows_have_the_gradient_of_their_twin() {
    let Some(gpu) = gpu() else { return };
    // More rows than a part, and a chunk that holds a few members only; and without subgroups.
    for gpu in [gpu.clone(), gpu.without_subgroups()] {
        let case = Case::new(3, &[17], 2, Activation::Tanh, (4500, 6));
        let (_, gradient) = case.on_device(&gpu, Loss::CrossEntropy, 4, &[(0, 0)]);
        assert!(case.worst(&gradient, &Loss::CrossEntropy, 3) <= 1e-3);
        let case = Case::new(70, &[40, 33], 11, Activation::Relu, (100, 2));
        let (_, gradient) = case.on_device(&gpu, Loss::CrossEntropy, u32::MAX, &[(0, 0)]);
        assert!(case.worst(&gradient, &Loss::CrossEntropy, 40) <= 1e-3);
    }
}

#[test]
fn fitness_beside_a_gradient_is_the_loss() {
    let Some(gpu) = gpu() else { return };
    let case = Case::new(5, &[8], 4, Activation::Gelu, (50, 5));
    let (fitness, _) = case.on_device(&gpu, Loss::Bce, u32::MAX, &[(0, 0)]);
    for (value, position) in fitness.iter().zip(case.positions.chunks(case.architecture.parameters() as usize)) {
        let exact =
            reference::network::mean_loss(&case.architecture, &Loss::Bce, position, &case.features, &case.labels);
        assert!((f64::from(*value) - exact).abs() < 1e-5 * exact.max(1.0), "{value} {exact}");
    }
}

#[test]
fn a_gradient_in_stages_is_that_in_one_go() {
    let Some(gpu) = gpu() else { return };
    let case = Case::new(6, &[9, 7], 3, Activation::Sigmoid, (4200, 3));
    let (_, whole) = case.on_device(&gpu, Loss::CrossEntropy, u32::MAX, &[(0, 0)]);
    let (_, staged) = case.on_device(&gpu, Loss::CrossEntropy, u32::MAX, &[(2, 0), (1, 2), (0, 1)]);
    assert_eq!(whole, staged);
}
