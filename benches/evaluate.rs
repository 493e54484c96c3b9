//! Scoring a population with a fused network: 4-10-3, tanh, softmax cross-entropy over 150 rows (the shape of iris).
//!
//! `cargo bench --bench evaluate`. Time is the device's own where it has timestamps, else the wall clock's.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use gradless::bench::{Scoring, dense_network};
use gradless::gpu::{Gpu, Pick};

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
        let scoring = scoring(&gpu, members)?;
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

fn scoring(gpu: &Gpu, members: u32) -> gradless::Result<Scoring> {
    Scoring::new(gpu, &dense_network(&[4, 10, 3], ROWS)?, members)
}
