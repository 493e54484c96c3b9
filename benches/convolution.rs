//! Scoring a population of LeNet-5 (61,706 weights) layer by layer: 64 candidates on a batch of 64 pictures of 28 x 28.
//!
//! `cargo bench --bench convolution`. Time is the device's own where it has timestamps, else the wall clock's; it includes
//! laying out the weights and the losses.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use gradless::bench::{Scoring, labels, numbers};
use gradless::gpu::{Gpu, Pick};
use gradless::objective::network::pictures::Size;
use gradless::objective::network::{Activation, Network, Spec};

const SIZE: Size = Size { channels: 1, height: 28, width: 28 };
const ROWS: u32 = 64;

fn main() -> gradless::Result<()> {
    let gpu = Gpu::open(&Pick::Best)?;
    println!("on {} ({})", gpu.report().name, gpu.report().driver);
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("LeNet-5");
    for members in [1, 64] {
        let network = network()?;
        let scoring = Scoring::new(&gpu, &network, members)?;
        scoring.seconds(1)?;
        let mut best = f64::INFINITY;
        group.throughput(Throughput::Elements(members.into()));
        group.bench_function(BenchmarkId::from_parameter(members), |bench| {
            bench.iter_custom(|iterations| {
                let total: f64 = (0..iterations).map(|_| scoring.seconds(1).expect("it was scored before")).sum();
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
    Network::new(architecture, &numbers(SIZE.count() * ROWS, 1), &labels(ROWS, 10))
}
