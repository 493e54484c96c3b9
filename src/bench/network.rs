//! Scoring a population of networks, each with weights of its own: a fused one, a layered one, a convolutional one.

use super::{Cost, Repeat, Workload, labels, numbers, submitted};
use crate::Result;
use crate::gpu::{Buffer, Gpu, Recording};
use crate::objective::network::pictures::Size;
use crate::objective::network::{Activation, Architecture, Network, Spec};
use crate::population::{Context, Objective, Points, Shape};

/// Pictures of `conv`.
const SIZE: Size = Size { channels: 1, height: 28, width: 28 };
/// Weights written to the device in one go, in numbers.
const WRITTEN: u64 = 1 << 22;

pub(super) const TINY: Workload = Workload {
    name: "tiny",
    about: "scoring networks 4-10-3, tanh, on 150 rows (the shape of iris)",
    counted: "83 weights read, a fitness written; by row 2 operations for each of 70 weights of the matrices. 10 hyperbolic \
              tangents, 3 exponentials and a logarithm of every row are not counted",
    first: 256,
    pairs: false,
    cost: || cost(&dense(&[4, 10, 3]), 150, 1 << 20),
    bind: |gpu, members| bind(gpu, members, dense(&[4, 10, 3]), 150),
};

pub(super) const MEDIUM: Workload = Workload {
    name: "medium",
    about: "scoring networks 784-32-10, tanh, on 512 rows, every candidate with weights of its own",
    counted: "25,450 weights read, a fitness written; by row 2 operations for each of 25,408 weights of the matrices. What \
              is laid out on the way is not counted",
    first: 1,
    pairs: false,
    cost: || cost(&dense(&[784, 32, 10]), 512, 256 << 20),
    bind: |gpu, members| bind(gpu, members, dense(&[784, 32, 10]), 512),
};

pub(super) const CONV: Workload = Workload {
    name: "conv",
    about: "scoring LeNet-5 on 64 pictures of 28 x 28, every candidate with weights of its own",
    counted: "61,706 weights read, a fitness written; by row 2 operations for each weight of the dense layers and for each \
              weight of a filter at each of its places. Layers of values on the way are not counted",
    first: 1,
    pairs: false,
    cost: || cost(&lenet()?, 64, 448 << 20),
    bind: |gpu, members| bind(gpu, members, lenet()?, 64),
};

/// A network of dense layers under tanh on so many rows of made-up numbers. `layers`: inputs, hidden units, outputs.
///
/// # Errors
/// Those of [`Network::new`].
pub fn dense_network(layers: &[u32], rows: u32) -> Result<Network> {
    on_numbers(dense(layers), rows)
}

fn dense(layers: &[u32]) -> Architecture {
    let ends = (layers.first().copied().unwrap_or(0), layers.last().copied().unwrap_or(0));
    let hidden = layers.get(1..layers.len().max(2) - 1).unwrap_or_default().to_vec();
    Architecture { inputs: ends.0, hidden, outputs: ends.1, activation: Activation::Tanh, pictures: None }
}

fn on_numbers(architecture: Architecture, rows: u32) -> Result<Network> {
    let (features, labels) = (numbers(architecture.inputs * rows, 1), labels(rows, architecture.outputs));
    Network::new(architecture, &features, &labels)
}

fn lenet() -> Result<Architecture> {
    Spec::parse("lenet5", true)?.build(Some(SIZE), (SIZE.count(), 10), Activation::Relu)
}

fn cost(architecture: &Architecture, rows: u32, shared_memory: u64) -> Result<Cost> {
    let weights = architecture.parameters();
    Ok(Cost {
        bytes: (4 * weights + 4) as f64,
        operations: f64::from(rows) * architecture.operations(),
        // Beside the weights a fitness, and sums of losses of parts of the rows.
        memory: 4 * weights + 64,
        shared_memory,
    })
}

fn bind(gpu: &Gpu, members: u32, architecture: Architecture, rows: u32) -> Result<Box<dyn Repeat>> {
    Ok(Box::new(Scoring::new(gpu, &on_numbers(architecture, rows)?, members)?))
}

/// The commands that score candidates with weights of their own.
pub struct Scoring {
    gpu: Gpu,
    recording: Recording,
}

impl Scoring {
    /// Of so many candidates.
    ///
    /// # Errors
    /// Whatever keeps them from being scored on this device.
    pub fn new(gpu: &Gpu, network: &Network, members: u32) -> Result<Self> {
        let context = Context::resting(gpu)?;
        let shape = Shape { blocks: 1, members, width: network.dims() };
        let fitness = Points::fitness_buffer(gpu, "fitness", shape)?;
        let points = Points::direct(&context, "positions", shape, &fitness)?;
        let values = points.chunks.first().map_or(1, |chunk| chunk.positions.len()).min(WRITTEN);
        let values = numbers(values as u32, 2);
        for chunk in &points.chunks {
            fill(gpu, &chunk.positions, &values)?;
        }
        let mut recording = Recording::new();
        network.bind(&context)?.score(&points, &mut recording)?;
        Ok(Self { gpu: gpu.clone(), recording })
    }

    /// How long it takes to score them so many times.
    ///
    /// # Errors
    /// Those of the device.
    pub fn seconds(&self, times: u32) -> Result<f64> {
        submitted(&self.gpu, &self.recording, times)
    }
}

impl Repeat for Scoring {
    fn repeat(&mut self, times: u32) -> Result<f64> {
        self.seconds(times)
    }
}

/// Writes `values` over and over. Part by part, since what is under way lies in memory twice.
fn fill(gpu: &Gpu, buffer: &Buffer<f32>, values: &[f32]) -> Result<()> {
    for first in (0..buffer.len()).step_by(values.len().max(1)) {
        let part = &values[..values.len().min((buffer.len() - first) as usize)];
        gpu.write(&buffer.part(first, part.len() as u64), part);
        gpu.run(&Recording::new(), &[])?;
    }
    Ok(())
}
