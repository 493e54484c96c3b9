//! Movers over several blocks of coordinates: each block is a swarm of its own, in the same dispatches.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::gpu::Gpu;
use gradless::optimizer::{EmPso, Neighbourhood, Pso, RemPso, Spso2011};
use gradless::population::{Context, Domain, Optimizer, Shape};

const MEMBERS: u32 = 22;
const WIDTH: u32 = 7;
const GENERATIONS: u32 = 60;

fn optimizers() -> [Box<dyn Optimizer>; 5] {
    [
        Box::new(Pso::default()),
        Box::new(Pso { neighbourhood: Neighbourhood::Ring, ..Pso::default() }),
        Box::new(EmPso::default()),
        Box::new(RemPso::default()),
        Box::new(Spso2011::default()),
    ]
}

/// Squared distance from a point at which block 0 and the others differ.
fn bowl(block: u32, x: &[f32]) -> f32 {
    let middle = if block == 0 { 1.0 } else { -0.5 };
    x.iter().map(|x| (x - middle) * (x - middle)).sum()
}

/// Positions of the members after some generations, and the best fitness of each block after all.
fn run(gpu: &Gpu, optimizer: &dyn Optimizer, blocks: u32, largest_chunk: u32) -> (Vec<Vec<f32>>, Vec<f32>) {
    let word = |generation| [5, 9, generation, GENERATIONS, GENERATIONS, 0, 0, 0];
    let clock = gpu.upload("clock", &word(0)).unwrap();
    let context = Context { largest_chunk, ..Context::new(gpu, clock.view()) };
    let shape = Shape { blocks, members: MEMBERS, width: WIDTH };
    let step = optimizer.bind(&context, shape, &Domain::boxed(-2.0, 2.0)).unwrap();
    gpu.run(step.start(), &[]).unwrap();
    let mut all = Vec::new();
    for generation in 0..GENERATIONS {
        gpu.write(&clock.view(), &word(generation));
        gpu.run(step.ask(), &[]).unwrap();
        let asked = step.points().read(&context).unwrap();
        let mut fitness = vec![f32::MAX; (blocks * shape.padded()) as usize];
        for (member, x) in asked.chunks(shape.coordinates() as usize).enumerate() {
            for (block, x) in (0..blocks).zip(x.chunks(WIDTH as usize)) {
                fitness[block as usize * shape.padded() as usize + member] = bowl(block, x);
            }
        }
        gpu.write(&step.points().fitness.view(), &fitness);
        gpu.run(step.tell(), &[]).unwrap();
        if generation % 10 == 0 {
            all.extend(asked.chunks(shape.coordinates() as usize).map(<[f32]>::to_vec));
        }
    }
    let best: Vec<f32> = gpu.read(&step.best_fitness().view()).unwrap();
    let point: Vec<f32> = gpu.read(&step.best().view()).unwrap();
    for (block, x) in (0..blocks).zip(point.chunks(WIDTH as usize)) {
        assert_eq!(bowl(block, x), best[block as usize], "{optimizer:?}: the best of block {block}");
    }
    (all, best[..blocks as usize].to_vec())
}

#[test]
fn a_block_is_a_swarm_of_its_own() {
    let Some(gpu) = common::gpu() else { return };
    for optimizer in optimizers() {
        let (alone, _) = run(&gpu, optimizer.as_ref(), 1, u32::MAX);
        let (beside, best) = run(&gpu, optimizer.as_ref(), 3, u32::MAX);
        for (alone, beside) in alone.iter().zip(&beside) {
            assert_eq!(*alone, beside[..WIDTH as usize], "{optimizer:?}: block 0 does not see the others");
        }
        assert!(best.iter().all(|best| *best < 1.5), "{optimizer:?}: every block comes near its minimum: {best:?}");
        assert_ne!(best[1], best[2], "{optimizer:?}: blocks draw their own numbers");
    }
}

#[test]
fn blocks_do_not_depend_on_the_size_of_the_buffers() {
    let Some(gpu) = common::gpu() else { return };
    for optimizer in optimizers() {
        let whole = run(&gpu, optimizer.as_ref(), 3, u32::MAX);
        assert!(run(&gpu, optimizer.as_ref(), 3, 8) == whole, "{optimizer:?} in chunks of 8");
    }
}
