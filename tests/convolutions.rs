//! Networks on pictures against the plain `f64` twin: scores and gradients of whole populations.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

#[path = "common/case.rs"]
mod case;
mod common;
#[path = "common/numbers.rs"]
mod numbers;
#[path = "common/placed.rs"]
mod placed;

use case::Case;
use common::gpu;
use gradless::gpu::{Gpu, Recording};
use gradless::objective::network::pictures::Size;
use gradless::objective::network::{Activation, Architecture, Loss, Network, Spec};
use gradless::population::{Objective, Slope};
use gradless::reference;

/// Every kind of layer with odd sizes, strides and paddings.
const NETWORKS: [(&str, [u32; 3]); 21] = [
    ("conv:3x3", [1, 5, 7]),
    ("conv:6x5p2,relu", [1, 11, 13]),
    ("conv:5x3s2p1,tanh,dense:7,tanh", [3, 9, 8]),
    ("conv:9x1,relu,conv:17x2,sigmoid", [2, 5, 6]),
    ("conv:4x3p2,gelu,conv:3x3s3,leaky-relu", [2, 8, 7]),
    ("max:2", [3, 5, 7]),
    ("max:3s1,conv:4x2s2p1,relu", [1, 7, 6]),
    ("average:3s2,dense:5,gelu", [2, 9, 8]),
    ("conv:5x3,relu,global-average", [2, 7, 9]),
    ("conv:4x3p1,gelu,max:2,conv:6x3,tanh,average:2", [1, 13, 12]),
    ("conv:8x7p3,relu,max:3s2", [1, 9, 33]),
    ("conv:3x4s3p2,relu,dense:9,relu", [2, 14, 31]),
    ("conv:20x2s2,relu", [1, 4, 70]),
    ("conv:2x11p5,tanh,average:4", [1, 12, 12]),
    ("conv:5x3b0,norm,tanh", [2, 6, 7]),
    ("conv:3x2s3b0,gelu,norm,gelu,conv:4x3p1,norm,max:2", [1, 9, 12]),
    ("conv:4x3p1b0,norm,relu,block:4", [2, 5, 6]),
    ("conv:3x3p1b0,norm,tanh,block:9s2,gelu,global-average", [1, 9, 7]),
    ("max:2,block:3,leaky-relu,block:10s2,dense:6,relu", [2, 10, 11]),
    ("conv:8x3,gelu,block:8,gelu,block:8s2,tanh,average:2", [1, 9, 10]),
    ("conv:4x3p1b0,norm,relu,block:4,block:8s2,block:8,block:12s2,global-average", [3, 12, 12]),
];

fn architecture(model: &str, [channels, height, width]: [u32; 3]) -> Architecture {
    let size = Size { channels, height, width };
    Spec::parse(model, true).unwrap().build(Some(size), (size.count(), 3), Activation::Relu).unwrap()
}

impl Case {
    fn score(&self, gpu: &Gpu, largest_chunk: u32) -> Vec<f32> {
        let (context, points) = self.points(gpu, largest_chunk);
        let mut evaluation = self.network.bind(&context).unwrap();
        let mut recording = Recording::new();
        evaluation.prepare(&mut recording).unwrap();
        evaluation.score(&points, &mut recording).unwrap();
        let mut fitness: Vec<f32> = gpu.run(&recording, &[points.fitness.view()]).unwrap().values(0);
        fitness.truncate(self.members as usize);
        fitness
    }

    /// The worst error of a gradient relative to the largest slope of the same layer and member, at most so many
    /// coordinates of each, against central differences of the twin.
    fn worst(&self, gradient: &[f32], most: usize) -> f64 {
        let Network { architecture, loss, .. } = &self.network;
        let dims = self.network.dims() as usize;
        // Small, for units are near the kink of their activation.
        let step = 1e-7;
        let mut worst: f64 = 0.0;
        for member in 0..self.members as usize {
            let mut position: Vec<f64> = self.member(member).iter().map(|x| f64::from(*x)).collect();
            for layer in architecture.layers() {
                let (first, count) = (layer.offset as usize, layer.parameters() as usize);
                let slopes: Vec<(f64, f64)> = (first..first + count)
                    .step_by(count.div_ceil(most))
                    .map(|coordinate| {
                        let middle = position[coordinate];
                        let mut at = |x: f64| {
                            position[coordinate] = x;
                            reference::network::mean_loss(architecture, loss, &position, &self.features, &self.labels)
                        };
                        let slope = (at(middle + step) - at(middle - step)) / (2.0 * step) / f64::from(layer.scale);
                        position[coordinate] = middle;
                        (f64::from(gradient[member * dims + coordinate]), slope)
                    })
                    .collect();
                let size = slopes.iter().map(|(_, exact)| exact.abs()).fold(1e-9, f64::max);
                worst = slopes.iter().map(|(found, exact)| (found - exact).abs() / size).fold(worst, f64::max);
            }
        }
        worst
    }
}

#[test]
fn every_layer_over_pictures_agrees_with_the_twin() {
    let Some(gpu) = gpu() else { return };
    let mut worst: f64 = 0.0;
    for (number, (model, size)) in NETWORKS.into_iter().enumerate() {
        let members = [1, 3, 5][number % 3];
        let rows = [1, 9, 70][number / 2 % 3];
        let case = Case::new(architecture(model, size), rows, members);
        for gpu in [gpu.clone(), gpu.clone().without_subgroups()] {
            for (member, value) in case.score(&gpu, u32::MAX).iter().enumerate() {
                let Network { architecture, loss, .. } = &case.network;
                let position = case.member(member);
                let exact = reference::network::mean_loss(architecture, loss, position, &case.features, &case.labels);
                let error = (f64::from(*value) - exact).abs() / exact.abs();
                assert!(error <= 1e-4, "{model}, member {member}: {value} for {exact}");
                worst = worst.max(error);
            }
        }
        // Values of every output, of which a mean loss may hide an error.
        let logits = case.network.logits(&gpu, case.member(0)).unwrap();
        let Network { architecture, .. } = &case.network;
        let exact = reference::network::logits_of_batch(architecture, case.member(0), &case.features, None);
        for (row, (values, exact)) in logits.chunks(3).zip(&exact).enumerate() {
            let size = exact.iter().fold(1e-3, |size: f64, z| size.max(z.abs()));
            for (value, exact) in values.iter().zip(exact) {
                assert!((f64::from(*value) - exact).abs() <= 1e-4 * size, "{model}, row {row}: {values:?} {exact:?}");
            }
        }
    }
    eprintln!("worst relative error of a loss {worst:.2e}");
}

#[test]
fn chunks_and_parts_do_not_change_a_score() {
    let Some(gpu) = gpu() else { return };
    // More rows than a part has.
    let case = Case::new(architecture("conv:6x3p1,relu,max:2,dense:4,relu", [1, 6, 6]), 4200, 5);
    let whole = case.score(&gpu, u32::MAX);
    assert_eq!(whole, case.score(&gpu, 4));
    let exact = |member| {
        let Network { architecture, loss, .. } = &case.network;
        reference::network::mean_loss(architecture, loss, case.member(member), &case.features, &case.labels)
    };
    for (member, value) in whole.iter().enumerate() {
        assert!((f64::from(*value) - exact(member)).abs() <= 1e-4 * exact(member), "{value} {}", exact(member));
    }
}

#[test]
fn a_drawn_batch_of_pictures_is_part_of_the_rows() {
    let Some(gpu) = gpu() else { return };
    let mut case = Case::new(architecture("conv:3x3,relu,max:2", [1, 8, 8]), 60, 2);
    let whole = case.score(&gpu, u32::MAX);
    case.network.batch = Some(60);
    for (a, b) in whole.iter().zip(case.score(&gpu, u32::MAX)) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    case.network.loss = Loss::Accuracy;
    case.network.batch = Some(12);
    assert!(case.score(&gpu, u32::MAX).iter().all(|share| (share * 12.0).fract() < 1e-4));
}

#[test]
fn every_layer_over_pictures_has_the_gradient_of_its_twin() {
    let Some(gpu) = gpu() else { return };
    let mut worst: f64 = 0.0;
    for (number, (model, size)) in NETWORKS.into_iter().enumerate() {
        let (members, rows) = ([1, 3, 2][number % 3], [1, 9, 17][number / 2 % 3]);
        let case = Case::new(architecture(model, size), rows, members);
        for gpu in [gpu.clone(), gpu.clone().without_subgroups()] {
            let error = case.worst(&case.gradient(&gpu, u32::MAX, &Slope::Exact, &[(0, 0)]).unwrap(), 25);
            assert!(error <= 1e-4, "{model}: {error}");
            worst = worst.max(error);
        }
    }
    eprintln!("worst relative error of a gradient {worst:.2e}");
}

#[test]
fn a_gradient_over_parts_and_stages_is_that_of_the_twin() {
    over_stages("conv:6x3p1,gelu,max:2,conv:3x2,relu,dense:4,relu", 4200);
    // Norms need all rows at once.
    over_stages("conv:3x3p1b0,norm,gelu,max:2,block:3,block:4s2,dense:4,relu", 70);
}

fn over_stages(model: &str, rows: usize) {
    let Some(gpu) = gpu() else { return };
    let case = Case::new(architecture(model, [1, 6, 6]), rows, 3);
    let whole = case.gradient(&gpu, u32::MAX, &Slope::Exact, &[(0, 0)]).unwrap();
    let error = case.worst(&whole, 2);
    assert!(error <= 1e-4, "{error}");
    let layers = case.network.architecture.layers().len();
    let stages: Vec<(usize, usize)> = (0..layers).rev().map(|l| (l, if l + 1 == layers { 0 } else { l + 1 })).collect();
    assert_eq!(whole, case.gradient(&gpu, 4, &Slope::Exact, &stages).unwrap());
}
