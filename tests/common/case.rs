//! A network on made-up rows, with a population of its weights at known places.

use gradless::gpu::{Gpu, Recording};
use gradless::objective::network::{Architecture, Network};
use gradless::population::{Context, Gradient, Objective, Points, Shape, Slope};

use super::numbers::numbers;
use super::placed::place;

/// Of everything that is drawn.
pub(crate) const SEED: u32 = 3;

pub(crate) struct Case {
    pub(crate) network: Network,
    pub(crate) features: Vec<f32>,
    pub(crate) labels: Vec<u32>,
    pub(crate) members: u32,
    pub(crate) positions: Vec<f32>,
}

impl Case {
    pub(crate) fn new(architecture: Architecture, rows: usize, members: u32) -> Self {
        let features: Vec<f32> = numbers(rows * architecture.inputs as usize, 1).iter().map(|x| 2.0 * x).collect();
        let labels: Vec<u32> = (0..rows as u32).map(|r| r.wrapping_mul(2_654_435_761) % architecture.outputs).collect();
        let network = Network::new(architecture, &features, &labels).unwrap();
        let positions = numbers((network.dims() * members) as usize, 2).iter().map(|x| 2.0 * x).collect();
        Self { network, features, labels, members, positions }
    }

    pub(crate) fn points(&self, gpu: &Gpu, largest_chunk: u32) -> (Context, Points) {
        let clock = gpu.upload("clock", &[SEED, 0, 0, 9, 9, 0, 0, 0]).unwrap();
        let context = Context { largest_chunk, descends: true, ..Context::new(gpu, clock.view()) };
        let shape = Shape { blocks: 1, members: self.members, width: self.network.dims() };
        let fitness = Points::fitness_buffer(gpu, "fitness", shape).unwrap();
        let points = Points::direct(&context, "positions", shape, &fitness).unwrap();
        place(gpu, &points, &self.positions);
        (context, points)
    }

    /// Gradient of every member, after these calls.
    pub(crate) fn gradient(
        &self,
        gpu: &Gpu,
        largest_chunk: u32,
        slope: &Slope,
        calls: &[(usize, usize)],
    ) -> gradless::Result<Vec<f32>> {
        let (context, points) = self.points(gpu, largest_chunk);
        let dims = self.network.dims();
        let size = u64::from(dims * points.stride);
        let into: Vec<_> = points.chunks.iter().map(|_| gpu.buffer::<f32>("gradient", size).unwrap()).collect();
        let mut evaluation = self.network.bind(&context)?;
        let mut recording = Recording::new();
        evaluation.prepare(&mut recording).unwrap();
        for (call, (from, moved)) in calls.iter().enumerate() {
            let keep = call + 1 < calls.len();
            let gradient = Gradient { slope, into: &into, from: *from, moved: *moved, keep };
            evaluation.differentiate(&points, &gradient, &mut recording)?;
        }
        let views: Vec<_> = into.iter().map(gradless::gpu::Buffer::view).collect();
        let read = gpu.run(&recording, &views).unwrap();
        let mut gradient = Vec::new();
        for (index, chunk) in points.chunks.iter().enumerate() {
            let columns: Vec<f32> = read.values(index);
            for member in 0..chunk.members {
                gradient.extend((0..dims).map(|i| columns[(i * points.stride + member) as usize]));
            }
        }
        Ok(gradient)
    }

    /// The position of a member.
    pub(crate) fn member(&self, member: usize) -> &[f32] {
        let dims = self.network.dims() as usize;
        &self.positions[member * dims..][..dims]
    }
}
