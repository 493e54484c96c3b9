//! Whole generations of a particle swarm (ask, evaluate, tell, tick) on Rastrigin's function in 1,000 dimensions, and
//! how near the memory traffic comes to the adapter's own copying.
//!
//! `cargo bench --bench swarm`. Time is the device's own where it has timestamps, else the wall clock's.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use gradless::bench::elapsed;
use gradless::gpu::{Gpu, Pick};
use gradless::objective::{Formula, functions};
use gradless::optimizer::Pso;
use gradless::run::Run;

const DIMS: u32 = 1_000;
/// Bytes that a generation moves for one coordinate of a candidate, 4 each: `ask` reads position, velocity and own best
/// and writes position and velocity; `evaluate` reads the position. An own best that was beaten is written too: rare,
/// and not counted.
const BYTES: u64 = 24;

fn main() -> gradless::Result<()> {
    let gpu = Gpu::open(&Pick::Best)?;
    println!("on {} ({})", gpu.report().name, gpu.report().driver);
    let copied = copy_bandwidth(&gpu)?;
    println!("copying between buffers: {:.1} GB/s read and written\n", copied * 1e-9);
    let function = functions::find("rastrigin").expect("it is in the catalogue");
    let objective = Formula::known(function, DIMS, 0.0)?;
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("pso rastrigin 1000");
    for members in [4_096, 16_384] {
        let optimizer = Pso::default();
        let mut run = Run::new(&gpu, &objective, &optimizer).members(members).generations(u32::MAX).start()?;
        elapsed(&mut run, 3)?;
        let bytes = BYTES * u64::from(DIMS) * u64::from(members);
        let mut best = f64::INFINITY;
        group.throughput(Throughput::BytesDecimal(bytes));
        group.bench_function(BenchmarkId::from_parameter(members), |bench| {
            bench.iter_custom(|iterations| {
                let total = elapsed(&mut run, iterations as u32).expect("it went on before");
                best = best.min(total / iterations as f64);
                Duration::from_secs_f64(total)
            });
        });
        if best.is_finite() {
            let speed = bytes as f64 / best;
            println!(
                "swarm {members}: {:.2} iterations/s at best, {:.4e} evaluations/s, {:.2} GB/s, {:.0} % of copying",
                1.0 / best,
                f64::from(members) / best,
                speed * 1e-9,
                100.0 * speed / copied,
            );
            kernels(&gpu, &mut run)?;
        }
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// Device time of a generation by kernel.
fn kernels(gpu: &Gpu, run: &mut Run) -> gradless::Result<()> {
    const GENERATIONS: u32 = 5;
    gpu.start_profile();
    run.advance(GENERATIONS)?;
    for (name, _, nanoseconds) in gpu.profile().iter().flat_map(|profile| &profile.kernels) {
        println!("  {name:10} {:8.3} ms", *nanoseconds as f64 * 1e-6 / f64::from(GENERATIONS));
    }
    gpu.stop_profile();
    println!();
    Ok(())
}

/// Bytes read and written in a second by the adapter's own copying, the best of several.
fn copy_bandwidth(gpu: &Gpu) -> gradless::Result<f64> {
    const TIMES: u32 = 20;
    let length = 64 << 20;
    let from = gpu.upload("from", &vec![1u8; length])?;
    let to = gpu.upload("to", &vec![2u8; length])?;
    let mut best = 0.0f64;
    for _ in 0..7 {
        let began = Instant::now();
        gpu.copy(&from.view(), &to.view(), TIMES)?;
        best = best.max(2.0 * length as f64 * f64::from(TIMES) / began.elapsed().as_secs_f64());
    }
    Ok(best)
}
