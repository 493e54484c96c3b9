//! A thousand networks trained at once against one after another: 4-10-3 on 120 rows as iris has them, tanh, softmax
//! cross-entropy, Adam, batches of 40, 40 epochs. One after another is timed over a few of them, from the drawing of the
//! first weights to the last step; kernels are compiled before either is timed.
//!
//! `cargo bench --bench members`

use std::time::{Duration, Instant};

use criterion::Criterion;
use gradless::gpu::{Gpu, Pick};
use gradless::objective::network::{Activation, Architecture, Network};
use gradless::optimizer::{Descent, Name};
use gradless::run::Run;

const ROWS: u32 = 120;
const BATCH: u32 = 40;
const GENERATIONS: u32 = 40 * ROWS / BATCH;
const TOGETHER: u32 = 1000;

fn main() -> gradless::Result<()> {
    let gpu = Gpu::open(&Pick::Best)?;
    println!("on {} ({})", gpu.report().name, gpu.report().driver);
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let network = network()?;
    let one = measured(&mut criterion, &gpu, &network, 1)?;
    let all = measured(&mut criterion, &gpu, &network, TOGETHER)?;
    if let (Some(one), Some(all)) = (one, all) {
        let (alone, together) = (1.0 / one, f64::from(TOGETHER) / all);
        println!("one after another {alone:.1} networks/s, {TOGETHER} at once {together:.0} networks/s");
        println!("{:.1} times as many", together / alone);
    }
    criterion.final_summary();
    Ok(())
}

fn network() -> gradless::Result<Network> {
    let architecture =
        Architecture { inputs: 4, hidden: vec![10], outputs: 3, activation: Activation::Tanh, pictures: None };
    let features: Vec<f32> =
        (0..4 * ROWS).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 4_194_304.0 - 2.0).collect();
    let labels: Vec<u32> = (0..ROWS).map(|row| row.wrapping_mul(2_654_435_761) % 3).collect();
    let mut network = Network::new(architecture, &features, &labels)?;
    network.batch = Some(BATCH);
    Ok(network)
}

/// Median seconds of a training of so many networks; none when the name was filtered out.
fn measured(criterion: &mut Criterion, gpu: &Gpu, network: &Network, members: u32) -> gradless::Result<Option<f64>> {
    let optimizer = Descent { rate: 0.1.into(), ..Descent::new(Name::Adam) };
    let train = |seed: u64| -> gradless::Result<Duration> {
        let began = Instant::now();
        let run = Run::new(gpu, network, &optimizer).members(members).generations(GENERATIONS).seed(seed);
        run.start()?.advance(GENERATIONS)?;
        Ok(began.elapsed())
    };
    train(0)?;
    let mut times = Vec::new();
    criterion.bench_function(&format!("{members} networks"), |bencher| {
        bencher.iter_custom(|count| {
            let took: Duration = (0..count).map(|seed| train(seed).expect("it went before")).sum();
            times.push(took.as_secs_f64() / count as f64);
            took
        });
    });
    times.sort_by(f64::total_cmp);
    Ok(times.get(times.len() / 2).copied())
}
