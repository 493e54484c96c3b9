//! Neurons scored by what is kept of the network, against full forward passes.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;

use common::gpu;
use gradless::gpu::{Buffer, Gpu, Recording};
use gradless::objective::network::{Activation, Architecture, Loss, Network};
use gradless::population::{Context, Evaluation, Group, Objective, Points, Shape};
use gradless::reference;
use numbers::numbers;

/// Repeatable numbers in [-2, 2).
fn wide(count: usize, seed: u32) -> Vec<f32> {
    numbers(count, seed).iter().map(|x| 2.0 * x).collect()
}

struct Case {
    network: Network,
    features: Vec<f32>,
    labels: Vec<u32>,
}

fn case(inputs: u32, hidden: &[u32], outputs: u32, rows: usize, loss: Loss) -> Case {
    let architecture =
        Architecture { inputs, hidden: hidden.to_vec(), outputs, activation: Activation::Tanh, pictures: None };
    let features = wide(rows * inputs as usize, 1);
    let labels: Vec<u32> = (0..rows as u32).map(|r| r.wrapping_mul(2_654_435_761) % outputs).collect();
    let mut network = Network::new(architecture, &features, &labels).unwrap();
    network.loss = loss;
    Case { network, features, labels }
}

/// A vector, some blocks of it, and members for them.
struct Arena {
    context: Context,
    vector: Vec<f32>,
    buffer: Buffer<f32>,
    whole: Points,
    blocks: Points,
    members: Vec<f32>,
    columns: usize,
    group: Group,
    chosen: Vec<u32>,
}

fn arena(gpu: &Gpu, case: &Case, layer: usize, members: u32, slots: u32) -> Arena {
    let clock = gpu.upload("clock", &[3u32, 0, 5, 9, 9, 0, 0, 0]).unwrap();
    let context = Context { blockwise: true, ..Context::new(gpu, clock.view()) };
    let dims = case.network.dims();
    let group = case.network.domain().groups[layer];
    let slots = slots.min(group.blocks);
    let vector = wide(dims as usize, 4);
    let buffer = gpu.upload("vector", &vector).unwrap();
    let one = Shape { blocks: 1, members: 1, width: dims };
    let whole = Points::vector(gpu, &buffer, dims, &Points::fitness_buffer(gpu, "fitness", one).unwrap()).unwrap();
    let shape = Shape { blocks: slots, members, width: group.width };
    let fitness = Points::fitness_buffer(gpu, "fitness", shape).unwrap();
    let direct = Points::direct(&context, "members", shape, &fitness).unwrap();
    let columns = direct.stride as usize;
    let positions = wide((shape.coordinates() * direct.stride) as usize, 9);
    gpu.write(&direct.chunks[0].positions.view(), &positions);
    // Every other block, from the last.
    let chosen: Vec<u32> =
        (0..slots).map(|slot| (group.blocks - 1 + slot * (group.blocks + 1)) % group.blocks).collect();
    let chosen: Vec<u32> = if slots == group.blocks { (0..slots).rev().collect() } else { chosen };
    let places = gpu.upload("chosen", &chosen).unwrap();
    let blocks = Points::blocks(gpu, &direct, group, slots, (&buffer.view(), &places.view(), dims)).unwrap();
    Arena { context, vector, buffer, whole, blocks, members: positions, columns, group, chosen }
}

impl Arena {
    /// The vector with member `m`'s block in the place of slot `s`'s.
    fn candidate(&self, s: usize, m: usize) -> Vec<f32> {
        let mut all = self.vector.clone();
        let width = self.group.width as usize;
        let first = (self.group.offset + self.chosen[s] * self.group.width) as usize;
        for i in 0..width {
            all[first + i] = self.members[(s * width + i) * self.columns + m];
        }
        all
    }

    fn scored(&self, evaluation: &mut dyn Evaluation) -> Vec<f32> {
        let mut recording = Recording::new();
        evaluation.prepare(&mut recording).unwrap();
        evaluation.refresh(&self.whole, None, &mut recording).unwrap();
        evaluation.score(&self.blocks, &mut recording).unwrap();
        self.context.gpu.run(&recording, &[self.blocks.fitness.view()]).unwrap().values(0)
    }
}

/// Every member by kept layers, by a full pass on the device, and by the f64 twin.
fn agrees(gpu: &Gpu, case: &Case, layer: usize, members: u32, slots: u32) {
    let arena = arena(gpu, case, layer, members, slots);
    let kept = arena.scored(case.network.bind(&arena.context).unwrap().as_mut());
    let plain = Context { blockwise: false, ..arena.context.clone() };
    let full = arena.scored(case.network.bind(&plain).unwrap().as_mut());
    let padded = members.next_multiple_of(4) as usize;
    for s in 0..arena.chosen.len() {
        for m in 0..members as usize {
            let position = arena.candidate(s, m);
            let Case { network, features, labels } = case;
            let expected =
                reference::network::mean_loss(&network.architecture, &network.loss, &position, features, labels);
            let rows = labels.len() as f64;
            // The exponential of the software adapter is good to 4e-6; one tie of two logits may fall either way.
            let tolerance = if network.loss == Loss::Accuracy { 1.0 / rows } else { 2e-5 * expected.abs().max(1.0) };
            for (name, values) in [("kept", &kept), ("full", &full)] {
                let value = f64::from(values[s * padded + m]);
                let what = format!("{:?} layer {layer} slot {s} member {m}", network.architecture);
                assert!((value - expected).abs() <= tolerance, "{name} {what}: {value} for {expected}");
            }
        }
    }
}

#[test]
fn neurons_score_as_full_passes_do() {
    let Some(gpu) = gpu() else { return };
    for (inputs, hidden, outputs, rows) in
        [(4, &[10][..], 3, 150), (64, &[32], 10, 400), (7, &[], 3, 33), (6, &[5, 9, 7], 2, 260)]
    {
        let case = case(inputs, hidden, outputs, rows, Loss::CrossEntropy);
        for layer in 0..=hidden.len() {
            for (members, slots) in [(10, 1), (3, 2), (17, u32::MAX)] {
                agrees(&gpu, &case, layer, members, slots);
            }
            agrees(&gpu.clone().without_subgroups(), &case, layer, 10, 2);
        }
    }
}

#[test]
fn every_loss_agrees() {
    let Some(gpu) = gpu() else { return };
    for loss in Loss::ALL.into_iter().filter(|loss| loss.margin().is_none()) {
        let case = case(5, &[6, 7], 4, 70, loss);
        (0..3).for_each(|layer| agrees(&gpu, &case, layer, 9, 2));
    }
}

#[test]
fn what_is_kept_is_the_same_however_it_came_about() {
    let Some(gpu) = gpu() else { return };
    for (hidden, layers) in [(&[9][..], 2), (&[6, 5], 3)] {
        let case = case(8, hidden, 3, 120, Loss::CrossEntropy);
        for layer in 0..layers {
            let arena = arena(&gpu, &case, layer, 8, 1);
            let mut evaluation = case.network.bind(&arena.context).unwrap();
            arena.scored(evaluation.as_mut());
            // The neuron changes, and only its column is run again.
            gpu.write(&arena.buffer.view(), &arena.candidate(0, 3));
            let mut recording = Recording::new();
            evaluation.refresh(&arena.whole, Some(&arena.blocks), &mut recording).unwrap();
            evaluation.score(&arena.blocks, &mut recording).unwrap();
            let views = [arena.whole.fitness.view(), arena.blocks.fitness.view()];
            let some = gpu.run(&recording, &views).unwrap();
            let mut recording = Recording::new();
            evaluation.refresh(&arena.whole, None, &mut recording).unwrap();
            evaluation.score(&arena.blocks, &mut recording).unwrap();
            let all = gpu.run(&recording, &views).unwrap();
            for view in 0..2 {
                assert_eq!(some.values::<u32>(view), all.values::<u32>(view), "layer {layer} of {hidden:?}");
            }
        }
    }
}
