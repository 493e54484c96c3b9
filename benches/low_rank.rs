//! Whole generations of evolution strategies on 784-32-10, tanh, softmax cross-entropy, batches of 512 rows: noise of
//! full rank (OpenAI-ES) against noise of rank 1 (EGGROLL), and both against what inference alone would cost: as many
//! rows as all candidates see together through one network without noise.
//!
//! `cargo bench --bench low_rank`. Time is the device's own where it has timestamps, else the wall clock's.

use std::time::{Duration, Instant};

use criterion::Criterion;
use gradless::gpu::{Gpu, Pick, Recording};
use gradless::objective::network::{Activation, Architecture, Form, Network};
use gradless::optimizer::{Eggroll, OpenAiEs};
use gradless::population::{Context, Objective, Optimizer, Points, Shape};
use gradless::run::Run;

const INPUTS: u32 = 784;
const CLASSES: u32 = 10;
/// Rows to draw batches from.
const ROWS: u32 = 4_096;
const BATCH: u32 = 512;
const POPULATION: u32 = 256;
/// Rows of inference in one go: what suits the layered form best, so that the comparison is with its best.
const AT_ONCE: u32 = 4_096;

fn main() -> gradless::Result<()> {
    let gpu = Gpu::open(&Pick::Best)?;
    println!("on {} ({})", gpu.report().name, gpu.report().driver);
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut objective = network(ROWS)?;
    objective.batch = Some(BATCH);

    let full = generation(&mut criterion, &gpu, &objective, &OpenAiEs::default())?;
    let low = generation(&mut criterion, &gpu, &objective, &Eggroll::default())?;
    let plain = inference(&mut criterion, &gpu)?;
    if let (Some(full), Some(low), Some(plain)) = (full, low, plain) {
        println!(
            "population {POPULATION}, batch {BATCH}: openai-es {:.2} ms, eggroll {:.2} ms, inference {:.2} ms",
            1e3 * full,
            1e3 * low,
            1e3 * plain,
        );
        println!("eggroll / openai-es: {:.3} of the time", low / full);
        println!(
            "rows through a network: eggroll {:.3e} /s, inference {:.3e} /s, {:.2} times as many",
            f64::from(POPULATION * BATCH) / low,
            f64::from(POPULATION * BATCH) / plain,
            plain / low,
        );
    }
    criterion.final_summary();
    Ok(())
}

fn network(rows: u32) -> gradless::Result<Network> {
    let architecture = Architecture {
        inputs: INPUTS,
        hidden: vec![32],
        outputs: CLASSES,
        activation: Activation::Tanh,
        pictures: None,
    };
    let labels: Vec<u32> = (0..rows).map(|row| row.wrapping_mul(2_654_435_761) % CLASSES).collect();
    Network::new(architecture, &numbers(INPUTS * rows, 1), &labels)
}

/// Median seconds of a generation; none when the name was filtered out.
fn generation(
    criterion: &mut Criterion,
    gpu: &Gpu,
    objective: &Network,
    optimizer: &dyn Optimizer,
) -> gradless::Result<Option<f64>> {
    let mut run = Run::new(gpu, objective, optimizer).members(POPULATION).generations(u32::MAX).start()?;
    elapsed(&mut run, 2)?;
    let median =
        measured(criterion, optimizer.name(), |count| elapsed(&mut run, count as u32).expect("it went on before"));
    if median.is_some() {
        kernels(gpu, &mut run)?;
    }
    Ok(median)
}

/// How long so many generations take.
fn elapsed(run: &mut Run, generations: u32) -> gradless::Result<f64> {
    let (device, wall) = (run.report().device_seconds.unwrap_or(0.0), Instant::now());
    run.advance(generations)?;
    Ok(run.report().device_seconds.map_or(wall.elapsed().as_secs_f64(), |now| now - device))
}

/// Median seconds of the rows of a generation through one network.
fn inference(criterion: &mut Criterion, gpu: &Gpu) -> gradless::Result<Option<f64>> {
    let mut network = network(AT_ONCE)?;
    network.form = Some(Form::Layered);
    let context = Context::resting(gpu)?;
    let shape = Shape { blocks: 1, members: 1, width: network.dims() };
    let fitness = Points::fitness_buffer(gpu, "fitness", shape)?;
    let points = Points::direct(&context, "positions", shape, &fitness)?;
    for chunk in &points.chunks {
        gpu.write(&chunk.positions.view(), &numbers(points.dims * points.stride, 2));
    }
    let mut once = Recording::new();
    network.bind(&context)?.score(&points, &mut once)?;
    let mut whole = Recording::new();
    (0..POPULATION * BATCH / AT_ONCE).for_each(|_| whole.append(&once));
    let seconds = || -> gradless::Result<f64> {
        let began = Instant::now();
        let device = gpu.run(&whole, &[])?.device_seconds;
        Ok(device.unwrap_or(began.elapsed().as_secs_f64()))
    };
    seconds()?;
    Ok(measured(criterion, "inference", |count| (0..count).map(|_| seconds().expect("it ran before")).sum()))
}

/// Lets criterion measure `run`, which is told how often to do it and says how long that took; the median of its
/// samples, none when the name was filtered out.
fn measured(criterion: &mut Criterion, name: &str, mut run: impl FnMut(u64) -> f64) -> Option<f64> {
    let mut samples = Vec::new();
    criterion.bench_function(&format!("784-32-10/{name}"), |bench| {
        bench.iter_custom(|count| {
            let total = run(count);
            samples.push(total / count as f64);
            Duration::from_secs_f64(total)
        });
    });
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied()
}

/// What each kernel of a generation takes, where the adapter has timestamps.
fn kernels(gpu: &Gpu, run: &mut Run) -> gradless::Result<()> {
    if gpu.start_profile() {
        run.advance(8)?;
        for (name, _, nanoseconds) in gpu.profile().unwrap_or_default().kernels {
            println!("  {name:14} {:8.3} ms a generation", nanoseconds as f64 / 8e6);
        }
        gpu.stop_profile();
        println!();
    }
    Ok(())
}

/// Repeatable numbers in [-1, 1).
fn numbers(count: u32, seed: u32) -> Vec<f32> {
    let mixed = |i: u32| (i ^ seed.wrapping_mul(0x9E37_79B9)).wrapping_mul(2_654_435_761);
    (0..count).map(|i| (mixed(mixed(i) >> 15) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}
