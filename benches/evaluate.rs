//! Scoring a population with a fused network: 4-10-3, tanh, softmax cross-entropy over 150 rows (the shape of iris).
//!
//! `cargo bench --bench evaluate`. Time is the device's own where it has timestamps, else the wall clock's.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use gradless::gpu::{Gpu, Pick, Recording};
use gradless::objective::network::{Activation, Architecture, Network};
use gradless::population::{Context, Objective, Points, Shape};

const ROWS: u32 = 150;
/// Additions and multiplications of a row: 2 (4 * 10 + 10 * 3). The 10 hyperbolic tangents, 3 exponentials and the
/// logarithm of a row are not counted.
const OPERATIONS: f64 = 140.0;

fn main() -> gradless::Result<()> {
    let gpu = Gpu::open(&Pick::Best)?;
    println!("on {} ({})", gpu.report().name, gpu.report().driver);
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("network 4-10-3");
    for members in [4_096, 65_536] {
        let recording = scoring(&gpu, members)?;
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
                "network {members}: {rate:.4e} candidates/s at best, {:.4e} rows/s, {:.1} GFLOP/s in products\n",
                rate * f64::from(ROWS),
                rate * f64::from(ROWS) * OPERATIONS * 1e-9,
            );
        }
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// The commands that score `members` candidates.
fn scoring(gpu: &Gpu, members: u32) -> gradless::Result<Recording> {
    let architecture =
        Architecture { inputs: 4, hidden: vec![10], outputs: 3, activation: Activation::Tanh, pictures: None };
    let labels: Vec<u32> = (0..ROWS).map(|row| row.wrapping_mul(2_654_435_761) % 3).collect();
    let network = Network::new(architecture, &numbers(4 * ROWS, 1), &labels)?;
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
