//! Whole generations of evolution strategies on 784-32-10, tanh, softmax cross-entropy, batches of 512 rows: noise of
//! full rank (OpenAI-ES) against noise of rank 1 (EGGROLL), and both against what inference alone would cost: as many
//! rows as all candidates see together through one network without noise.
//!
//! `cargo bench --bench low_rank`. Time is the device's own where it has timestamps, else the wall clock's.

use std::time::Duration;

use criterion::Criterion;
use gradless::bench::{Scoring, dense_network, elapsed};
use gradless::gpu::{Gpu, Pick};
use gradless::objective::network::{Form, Network};
use gradless::optimizer::{Eggroll, OpenAiEs};
use gradless::population::Optimizer;
use gradless::run::Run;

const LAYERS: [u32; 3] = [784, 32, 10];
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
    let mut objective = dense_network(&LAYERS, ROWS)?;
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

/// Median seconds of the rows of a generation through one network.
fn inference(criterion: &mut Criterion, gpu: &Gpu) -> gradless::Result<Option<f64>> {
    let mut network = dense_network(&LAYERS, AT_ONCE)?;
    network.form = Some(Form::Layered);
    let scoring = Scoring::new(gpu, &network, 1)?;
    let seconds = || scoring.seconds(POPULATION * BATCH / AT_ONCE);
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
