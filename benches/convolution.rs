//! Scoring a population of LeNet-5 (61,706 weights) layer by layer: 64 candidates on a batch of 64 pictures of 28 x 28.
//!
//! `cargo bench --bench convolution`. Time is the device's own where it has timestamps, else the wall clock's; it includes
//! laying out the weights and the losses.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use gradless::gpu::{Gpu, Pick, Recording};
use gradless::objective::network::pictures::Size;
use gradless::objective::network::{Activation, Network, Spec};
use gradless::population::{Context, Objective, Points, Shape};

const SIZE: Size = Size { channels: 1, height: 28, width: 28 };
const ROWS: u32 = 64;

fn main() -> gradless::Result<()> {
    let gpu = Gpu::open(&Pick::Best)?;
    println!("on {} ({})", gpu.report().name, gpu.report().driver);
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("LeNet-5");
    for members in [1, 64] {
        let network = network()?;
        let recording = scoring(&gpu, &network, members)?;
        seconds(&gpu, &recording)?;
        let mut best = f64::INFINITY;
        group.throughput(Throughput::Elements(members.into()));
        group.bench_function(BenchmarkId::from_parameter(members), |bench| {
            bench.iter_custom(|iterations| {
                let total: f64 =
                    (0..iterations).map(|_| seconds(&gpu, &recording).expect("it was scored before")).sum();
                best = best.min(total / iterations as f64);
                Duration::from_secs_f64(total)
            });
        });
        if best.is_finite() {
            let rate = f64::from(members) / best;
            println!(
                "LeNet-5, {members}: {rate:.4e} candidates/s at best, {:.4e} rows/s, {:.1} GFLOP/s in products\n",
                rate * f64::from(ROWS),
                rate * f64::from(ROWS) * network.architecture.operations() * 1e-9,
            );
        }
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

fn network() -> gradless::Result<Network> {
    let architecture = Spec::parse("lenet5", true)?.build(Some(SIZE), (SIZE.count(), 10), Activation::Relu)?;
    let labels: Vec<u32> = (0..ROWS).map(|row| row.wrapping_mul(2_654_435_761) % 10).collect();
    Network::new(architecture, &numbers(SIZE.count() * ROWS, 1), &labels)
}

/// The commands that score `members` candidates.
fn scoring(gpu: &Gpu, network: &Network, members: u32) -> gradless::Result<Recording> {
    let context = Context::resting(gpu)?;
    let shape = Shape { blocks: 1, members, width: network.dims() };
    let fitness = Points::fitness_buffer(gpu, "fitness", shape)?;
    let points = Points::direct(&context, "positions", shape, &fitness)?;
    for chunk in &points.chunks {
        gpu.write(&chunk.positions.view(), &numbers(points.dims * points.stride, 2));
    }
    let mut recording = Recording::new();
    network.bind(&context)?.score(&points, &mut recording)?;
    Ok(recording)
}

/// How long the commands take.
fn seconds(gpu: &Gpu, recording: &Recording) -> gradless::Result<f64> {
    let began = Instant::now();
    let device = gpu.run(recording, &[])?.device_seconds;
    Ok(device.unwrap_or(began.elapsed().as_secs_f64()))
}

/// Repeatable numbers in [-1, 1).
fn numbers(count: u32, seed: u32) -> Vec<f32> {
    let mixed = |i: u32| (i ^ seed.wrapping_mul(0x9E37_79B9)).wrapping_mul(2_654_435_761);
    (0..count).map(|i| (mixed(mixed(i) >> 15) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}
