//! 65,536 parameter sets of a user's system (van der Pol's, mu from 0.1 to 8) at once, 1,000 steps of RK4 each, against
//! the same loop in plain `f32` Rust with one thread and with two.
//!
//! `cargo bench --bench trajectories`. "device" is computing alone, by the device's own clock where it has timestamps;
//! "whole" adds sending values and reading ends. Kernels are compiled before. On Linux the seconds that processors worked
//! are told too: what a repetition costs where others keep them busy.

use std::time::{Duration, Instant};

use criterion::Criterion;
use gradless::gpu::{Gpu, Pick};
use gradless::objective::ode::{Ode, System, spread};

const SETS: usize = 65_536;
const STEPS: u32 = 1_000;
const END: f32 = 20.0;
/// Additions and multiplications of a step: 4 right-hand sides of 5, and 12 for each of two components.
const OPERATIONS: f64 = 44.0;
const SYSTEM: &str = "//! state x = 2, v = 0
//! constants mu = 1
//! time 0 20
//! steps 1000
fn rhs(t: f32, y: State) -> State {
    return State(y[v], constants[mu] * (1.0 - y[x] * y[x]) * y[v] - y[x]);
}
";

fn main() -> gradless::Result<()> {
    let gpu = Gpu::open(&Pick::Best)?;
    println!("on {} ({})", gpu.report().name, gpu.report().driver);
    let system = System::own("van-der-pol.wgsl", SYSTEM)?;
    let ode = Ode { every: STEPS, ..Ode::new(&system) };
    let mu = spread(&[(0.1, 8.0)], SETS, 1)?;
    let starts = system.initial.repeat(SETS);
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();

    let (solution, plain) = (ode.integrate(&gpu, &starts, &mu)?, on_threads(&mu, 2));
    let apart = (0..SETS).filter_map(|set| Some((solution.end(set)?, plain[set])));
    let apart =
        apart.fold(0.0f32, |most, (end, plain)| most.max((end[0] - plain[0]).abs()).max((end[1] - plain[1]).abs()));
    println!("ends differ by {apart:.1e} at most");

    let one = measured(&mut criterion, "rust, one thread", || seconds(|| on_threads(&mu, 1)));
    let two = measured(&mut criterion, "rust, two threads", || seconds(|| on_threads(&mu, 2)));
    let integrated = || ode.integrate(&gpu, &starts, &mu).expect("it went before");
    let device = measured(&mut criterion, "device", || integrated().seconds);
    let whole = measured(&mut criterion, "whole", || seconds(integrated));
    let rate = |seconds: f64| SETS as f64 / seconds;
    for (name, times) in [("rust 1", &one), ("rust 2", &two), ("device", &device), ("whole", &whole)] {
        let Some((best, median, worked)) = times else { continue };
        let speed = OPERATIONS * f64::from(STEPS) * rate(*best) * 1e-9;
        println!(
            "{name}: {:.4e} trajectories/s at best, {:.4e} in the median, {speed:.1} GFLOP/s, processors worked {worked:.4} s",
            rate(*best),
            rate(*median)
        );
    }
    if let (Some(two), Some(device), Some(whole)) = (two, device, whole) {
        println!("two threads of Rust take {:.1} times as long, {:.1} with all", two.0 / device.0, two.0 / whole.0);
    }
    criterion.final_summary();
    Ok(())
}

/// The ends of all sets, the sets dealt out evenly among threads.
fn on_threads(mu: &[f32], threads: usize) -> Vec<[f32; 2]> {
    std::thread::scope(|scope| {
        let parts: Vec<_> = mu
            .chunks(mu.len().div_ceil(threads))
            .map(|part| scope.spawn(|| part.iter().map(|mu| end(*mu)).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().expect("it only computes")).collect()
    })
}

/// The end of one trajectory.
fn end(mu: f32) -> [f32; 2] {
    let h = END / STEPS as f32;
    let rhs = |[x, v]: [f32; 2]| [v, mu * (1.0 - x * x) * v - x];
    let moved = |[x, v]: [f32; 2], h: f32, k: [f32; 2]| [x + h * k[0], v + h * k[1]];
    let mut y = [2.0, 0.0];
    for _ in 0..STEPS {
        let k1 = rhs(y);
        let k2 = rhs(moved(y, 0.5 * h, k1));
        let k3 = rhs(moved(y, 0.5 * h, k2));
        let k4 = rhs(moved(y, h, k3));
        let slope = [0, 1].map(|i| k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]);
        y = moved(y, h / 6.0, slope);
    }
    y
}

fn seconds<T>(run: impl FnOnce() -> T) -> f64 {
    let began = Instant::now();
    std::hint::black_box(run());
    began.elapsed().as_secs_f64()
}

/// Best and median of the samples of `run`, which says how long it took, and the mean that processors worked for one; none
/// when the name was filtered out.
fn measured(criterion: &mut Criterion, name: &str, mut run: impl FnMut() -> f64) -> Option<(f64, f64, f64)> {
    let (mut samples, before) = (Vec::new(), worked());
    criterion.bench_function(&format!("65536 trajectories/{name}"), |bench| {
        bench.iter_custom(|count| {
            let times: Vec<f64> = (0..count).map(|_| run()).collect();
            samples.extend(&times);
            Duration::from_secs_f64(times.iter().sum())
        });
    });
    let worked = worked() - before;
    samples.sort_by(f64::total_cmp);
    Some((*samples.first()?, samples[samples.len() / 2], worked / samples.len() as f64))
}

/// Seconds that processors have worked for this process, to a hundredth; NaN where that cannot be read.
fn worked() -> f64 {
    // After the name in brackets: user and system time are the 12th and 13th word, in ticks of 1/100 s.
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let words = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks: Option<Vec<f64>> = words.map(|word| word.parse().ok()).collect();
    ticks.filter(|ticks| ticks.len() == 2).map_or(f64::NAN, |ticks| ticks.iter().sum::<f64>() / 100.0)
}
