//! Members of one neuron scored by what is kept of the network, against full forward passes of as many candidates and
//! of a large population (the best that full passes do), one run, both ways.
//!
//! `cargo bench --bench incremental`. Time is the device's own where it has timestamps, else the wall clock's.

use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use gradless::bench::{dense_network, numbers, submitted};
use gradless::gpu::{Gpu, Pick, Recording};
use gradless::objective::network::Network;
use gradless::population::{Context, Objective, Points, Shape};

/// Members of a neuron.
const MEMBERS: u32 = 16;
/// Candidates of a population that full passes are good at.
const MANY: u32 = 256;

fn main() -> gradless::Result<()> {
    let gpu = Gpu::open(&Pick::Best)?;
    println!("on {} ({})", gpu.report().name, gpu.report().driver);
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for (inputs, hidden, rows) in [(64, 32, 1437), (784, 128, 2048)] {
        let name = format!("{inputs}-{hidden}-10, {rows} rows");
        let network = dense_network(&[inputs, hidden, 10], rows)?;
        let mut group = criterion.benchmark_group(&name);
        let mut few = [f64::INFINITY; 2];
        for (layer, median) in few.iter_mut().enumerate() {
            let what = format!("{MEMBERS} members of a neuron, layer {}", layer + 1);
            *median = measure(&gpu, &mut group, &what, &neuron(&gpu, &network, layer)?) / f64::from(MEMBERS);
        }
        let same = measure(&gpu, &mut group, &format!("{MEMBERS} full passes"), &full(&gpu, &network, MEMBERS)?);
        let many = measure(&gpu, &mut group, &format!("{MANY} full passes"), &full(&gpu, &network, MANY)?);
        let (same, many) = (same / f64::from(MEMBERS), many / f64::from(MANY));
        group.finish();
        for (layer, each) in few.into_iter().enumerate() {
            println!(
                "{name}, neuron of layer {}: {:.1} us a candidate; full passes {:.1} us ({MEMBERS} at once, {:.1}x), \
                 {:.1} us ({MANY} at once, {:.1}x)",
                layer + 1,
                each * 1e6,
                same * 1e6,
                same / each,
                many * 1e6,
                many / each,
            );
        }
        // As a sweep has them: so many neurons in the hidden layer, 10 in the last.
        let sweep = (few[0] * f64::from(hidden) + few[1] * 10.0) / f64::from(hidden + 10);
        println!("{name}, a sweep over all neurons: {:.1}x and {:.1}x\n", same / sweep, many / sweep);
    }
    criterion.final_summary();
    Ok(())
}

/// Median seconds of the commands.
fn measure(gpu: &Gpu, group: &mut BenchmarkGroup<'_, WallTime>, name: &str, recording: &Recording) -> f64 {
    let mut times = Vec::new();
    group.bench_function(name, |bench| {
        bench.iter_custom(|iterations| {
            let took: Vec<f64> =
                (0..iterations).map(|_| submitted(gpu, recording, 1).expect("the device is there")).collect();
            let total: f64 = took.iter().sum();
            times.extend(took);
            Duration::from_secs_f64(total)
        });
    });
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn context(gpu: &Gpu, blockwise: bool) -> gradless::Result<Context> {
    Ok(Context { blockwise, ..Context::resting(gpu)? })
}

/// The commands that score the members of one neuron of a layer.
fn neuron(gpu: &Gpu, network: &Network, layer: usize) -> gradless::Result<Recording> {
    let context = context(gpu, true)?;
    let group = network.domain().groups[layer];
    let dims = network.dims();
    let vector = gpu.upload("vector", &numbers(dims, 3))?;
    let one = Shape { blocks: 1, members: 1, width: dims };
    let whole = Points::vector(gpu, &vector, dims, &Points::fitness_buffer(gpu, "fitness", one)?)?;
    let shape = Shape { blocks: 1, members: MEMBERS, width: group.width };
    let members = Points::direct(&context, "members", shape, &Points::fitness_buffer(gpu, "fitness", shape)?)?;
    gpu.write(&members.chunks[0].positions.view(), &numbers(group.width * members.stride, 2));
    let chosen = gpu.upload("chosen", &[1u32])?;
    let blocks = Points::blocks(gpu, &members, group, 1, (&vector.view(), &chosen.view(), dims))?;
    let mut evaluation = network.bind(&context)?;
    let mut kept = Recording::new();
    evaluation.refresh(&whole, None, &mut kept)?;
    gpu.run(&kept, &[])?;
    let mut recording = Recording::new();
    evaluation.score(&blocks, &mut recording)?;
    Ok(recording)
}

/// The commands that score so many whole candidates.
fn full(gpu: &Gpu, network: &Network, members: u32) -> gradless::Result<Recording> {
    let context = context(gpu, false)?;
    let shape = Shape { blocks: 1, members, width: network.dims() };
    let points = Points::direct(&context, "positions", shape, &Points::fitness_buffer(gpu, "fitness", shape)?)?;
    gpu.write(&points.chunks[0].positions.view(), &numbers(points.dims * points.stride, 2));
    let mut recording = Recording::new();
    network.bind(&context)?.score(&points, &mut recording)?;
    Ok(recording)
}
