//! Gradients of formulas by differences on the device, against differences of their `f64` twins.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::gpu::{Gpu, Recording};
use gradless::objective::functions::{self, Function};
use gradless::objective::{Formula, HostFunction};
use gradless::population::{Context, Domain, Gradient, Objective, OutputSwarm, Points, Shape, Slope};

const MEMBERS: u32 = 13;

fn context(gpu: &Gpu, largest_chunk: u32) -> Context {
    let clock = gpu.upload("clock", &[3u32, 0, 0, 9, 9, 0, 0, 0]).unwrap();
    Context { largest_chunk, descends: true, ..Context::new(gpu, clock.view()) }
}

/// Repeatable numbers in [0, 1).
fn numbers(count: u32) -> Vec<f32> {
    (0..count).map(|i| ((i.wrapping_mul(2_654_435_761) ^ 0x5bd1_e995) >> 8) as f32 / 16_777_216.0).collect()
}

/// Fitness of candidates, and their gradients, one candidate after the other.
fn slopes(gpu: &Gpu, objective: &dyn Objective, candidates: &[Vec<f32>], chunk: u32) -> (Vec<f32>, Vec<Vec<f64>>) {
    let context = context(gpu, chunk);
    let shape = Shape { blocks: 1, members: candidates.len() as u32, width: objective.dims() };
    let fitness = Points::fitness_buffer(gpu, "fitness", shape).unwrap();
    let points = Points::direct(&context, "positions", shape, &fitness).unwrap();
    let (dims, stride) = (points.dims as usize, points.stride as usize);
    let mut into = Vec::new();
    for chunk in &points.chunks {
        let mut columns = vec![0f32; dims * stride];
        for member in 0..chunk.members as usize {
            (0..dims).for_each(|i| columns[i * stride + member] = candidates[chunk.first as usize + member][i]);
        }
        gpu.write(&chunk.positions.view(), &columns);
        into.push(gpu.buffer::<f32>("gradient", (dims * stride) as u64).unwrap());
    }
    let mut recording = Recording::new();
    let gradient = Gradient { slope: &Slope::Exact, into: &into, from: 0, moved: 0, keep: false };
    objective.bind(&context).unwrap().differentiate(&points, &gradient, &mut recording).unwrap();
    let mut views = vec![fitness.view()];
    views.extend(into.iter().map(gradless::gpu::Buffer::view));
    let read = gpu.run(&recording, &views).unwrap();
    let mut gradients = Vec::new();
    for (index, chunk) in points.chunks.iter().enumerate() {
        let columns: Vec<f32> = read.values(index + 1);
        let one = |member: usize| (0..dims).map(|i| f64::from(columns[i * stride + member])).collect();
        gradients.extend((0..chunk.members as usize).map(one));
    }
    (read.values(0)[..candidates.len()].to_vec(), gradients)
}

/// Slope of the twin along coordinate i, between h up and h down.
fn twin_slope(function: &Function, x: &[f32], i: usize, h: f64) -> f64 {
    let mut moved: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    let middle = moved[i];
    let mut value = |x: f64| {
        moved[i] = x;
        function.evaluate(&moved, function.shift)
    };
    (value(middle + h) - value(middle - h)) / (2.0 * h)
}

/// Largest rounding error, in units of the gradient's and the function's size together: see
/// `src/objective/formula/slope.rs`. Seen: 1e-4.
const ROUNDING: f64 = 2e-4;

/// Largest error of the difference itself, likewise: waves of length 1 that coordinates of size 10 step through by
/// hundredths (Levi, Ackley). Seen: 2e-3.
const CURVED: f64 = 5e-3;

#[test]
fn known_functions_have_their_slopes() {
    let Some(gpu) = common::gpu() else { return };
    for (name, dims) in [
        ("sphere", 5),
        ("rosenbrock", 6),
        ("rastrigin", 4),
        ("ackley", 5),
        ("griewank", 3),
        ("schwefel-1.2", 7),
        ("cubic", 1),
        ("exp-cos", 1),
        ("himmelblau", 2),
        ("three-hump-camel", 2),
        ("booth", 2),
        ("levi-13", 2),
    ] {
        let function = functions::find(name).unwrap();
        let objective = Formula::known(function, dims, function.shift).unwrap();
        let (low, high) = function.domain.cube();
        // Within the walls, where differences have two sides.
        let unit = |share: &f32| low + (high - low) * (0.1 + 0.8 * share);
        let numbers = numbers(MEMBERS * dims);
        let candidates: Vec<Vec<f32>> =
            numbers.chunks(dims as usize).map(|one| one.iter().map(unit).collect()).collect();
        let (fitness, found) = slopes(&gpu, &objective, &candidates, u32::MAX);
        let (mut rounding, mut curved) = (0f64, 0f64);
        for ((x, found), fitness) in candidates.iter().zip(&found).zip(fitness) {
            let wanted: Vec<f64> = (0..dims as usize).map(|i| twin_slope(function, x, i, 1e-6)).collect();
            let size = wanted.iter().map(|g| g.abs()).fold(0.0, f64::max) + f64::from(fitness).abs();
            for (i, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                let same_step = twin_slope(function, x, i, 1e-3 * f64::from(x[i]).abs().max(1.0));
                rounding = rounding.max((found - same_step).abs() / size);
                curved = curved.max((found - wanted).abs() / size);
            }
        }
        println!("{name}: rounding {rounding:.1e}, in all {curved:.1e}");
        assert!(rounding < ROUNDING && curved < CURVED, "{name}: {rounding:e}, {curved:e}");
        // However the candidates are cut into buffers.
        assert_eq!(slopes(&gpu, &objective, &candidates, 4).1, found, "{name}");
    }
}

/// At a wall the formula is not asked what is beyond, and where it has no value there is no step.
#[test]
fn a_users_formula_is_differentiated_up_to_its_walls() {
    let Some(gpu) = common::gpu() else { return };
    let text = "fn half(candidate: u32) -> f32 { return 0.5 * at(candidate, 1u); }
        fn objective(candidate: u32) -> f32 {
            return log(at(candidate, 0u)) + half(candidate) * at(candidate, 1u) + at(candidate, 2u) * half(candidate);
        }";
    let objective = Formula::new("mine", text, 3, Domain::boxed(0.5, 4.0)).unwrap();
    let (_, found) = slopes(&gpu, &objective, &[vec![0.5, 2.0, 1.0], vec![4.0, 1.0, 3.0], vec![1.0, 4.0, 0.5]], 4);
    let wanted = [[2.0, 2.5, 1.0], [0.25, 2.5, 0.5], [1.0, 4.25, 2.0]];
    for (found, wanted) in found.iter().flatten().zip(wanted.as_flattened()) {
        // One-sided differences are off by h / 2 of the second derivative: 1e-3 relative for log at 0.5.
        assert!((found - wanted).abs() < 4e-3, "{found} for {wanted}");
    }
    let text = "fn objective(candidate: u32) -> f32 { return log(at(candidate, 0u)) + at(candidate, 1u); }";
    let open = Formula::new("mine", text, 2, Domain { bounded: false, ..Domain::boxed(-1.0, 1.0) }).unwrap();
    let (_, found) = slopes(&gpu, &open, &[vec![-1.0, 0.5], vec![0.5, 0.5]], 4);
    assert_eq!(found[0], [0.0, 0.0]);
    assert!((found[1][0] - 2.0).abs() < 1e-3 && (found[1][1] - 1.0).abs() < 1e-3, "{found:?}");
}

#[test]
fn what_has_no_slope_says_so() {
    let Some(gpu) = common::gpu() else { return };
    let context = context(&gpu, u32::MAX);
    let shape = Shape { blocks: 1, members: 1, width: 2 };
    let fitness = Points::fitness_buffer(&gpu, "fitness", shape).unwrap();
    let points = Points::direct(&context, "positions", shape, &fitness).unwrap();
    let into = [gpu.buffer::<f32>("gradient", 16).unwrap()];
    let refused = |objective: &dyn Objective, slope: &Slope| {
        let gradient = Gradient { slope, into: &into, from: 0, moved: 0, keep: false };
        let error = objective.bind(&context).unwrap().differentiate(&points, &gradient, &mut Recording::new());
        error.unwrap_err().to_string()
    };
    let sphere = Formula::known(functions::find("sphere").unwrap(), 2, 0.0).unwrap();
    assert!(refused(&sphere, &Slope::Swarm(OutputSwarm::default())).contains("emulated"));
    let host = HostFunction { dims: 2, domain: Domain::boxed(-1.0, 1.0), call: |x: &[f32]| x[0] };
    assert!(refused(&host, &Slope::Exact).contains("no gradient"));
}
