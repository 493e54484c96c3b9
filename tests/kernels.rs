//! Kernels against their plain-Rust twins.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::gpu::{Gpu, Recording};
use gradless::objective::functions::{FUNCTIONS, Function};
use gradless::objective::{Formula, HostFunction};
use gradless::optimizer::{
    EmPso, Form, Gwo, Leaders, MPso, Neighbourhood, Pso, Recurrence, RemPso, Schedule, Spso2011,
};
use gradless::population::{Context, Domain, Objective, Optimizer, Points, Shape, Start, WORST};
use gradless::reference;
use gradless::reference::spso_2011::StandardSwarm;
use gradless::reference::swarm::{Rule, Swarm};
use gradless::run::{Run, Snapshot};
use proptest::prelude::*;

/// A seed that fills both words of the key.
const SEED: u64 = 0x299f_31d0_a409_3822;

// Movers. Both sides are told the same fitness, so that every decision is the same and only rounding is left.

/// Positions that a snapshot holds in one buffer, member after member.
fn rows(snapshot: &Snapshot, name: &str, members: usize, dims: usize) -> Vec<Vec<f32>> {
    let values: Vec<f32> = values(snapshot, &format!("{name}.0"));
    let stride = values.len() / dims;
    (0..members).map(|member| (0..dims).map(|i| values[i * stride + member]).collect()).collect()
}

fn values<T: bytemuck::Pod>(snapshot: &Snapshot, name: &str) -> Vec<T> {
    let (_, bytes) = snapshot.buffers.iter().find(|(known, _)| known == name).expect("a buffer of this name");
    bytemuck::pod_collect_to_vec(bytes)
}

/// The largest difference of any coordinate.
fn apart<'a>(device: impl IntoIterator<Item = &'a Vec<f32>>, twin: &[Vec<f64>]) -> f64 {
    let pairs = device.into_iter().zip(twin).flat_map(|(device, twin)| device.iter().zip(twin));
    pairs.map(|(device, twin)| (f64::from(*device) - twin).abs()).fold(0.0, f64::max)
}

/// An objective that the test scores itself.
fn told(dims: u32, domain: Domain) -> impl Objective {
    HostFunction { dims, domain, call: |_: &[f32]| -> f32 { unreachable!("the test tells the fitness") } }
}

/// A bowl with ripples, its lowest point off the middle; quarter steps make some members equal.
fn bowl(x: &[f32]) -> f32 {
    let sum: f32 = x.iter().map(|x| (x - 0.3) * (x - 0.3) + (5.0 * x).sin()).sum();
    (sum * 4.0).round() / 4.0
}

const BOX: Domain =
    Domain { low: -2.0, high: 3.0, start: Start::Uniform, bounded: true, step: None, groups: Vec::new() };
const OPEN: Domain =
    Domain { low: -1.0, high: 1.0, start: Start::Normal, bounded: false, step: Some(0.4), groups: Vec::new() };
const GENERATIONS: u32 = 6;
const SHAPES: [(u32, u32); 18] = {
    let (members, dims) = ([1, 2, 3, 30, 70, 1000], [1, 2, 7]);
    let mut shapes = [(0, 0); 18];
    let mut index = 0;
    while index < 18 {
        shapes[index] = (members[index / 3], dims[index % 3]);
        index += 1;
    }
    shapes
};
/// Largest difference of a coordinate in six generations, where positions are below 8: a generation adds a rounding
/// or two, 1e-6, and carries on those before. Seen: 5e-6.
const DRIFT: f64 = 5e-5;

fn swarm_agrees(gpu: &Gpu, optimizer: &dyn Optimizer, rule: &Rule, domain: &Domain) {
    for (members, dims) in SHAPES {
        let case = format!("{optimizer:?}, {members} members, {dims} dims");
        let objective = told(dims, domain.clone());
        let run = Run::new(gpu, &objective, optimizer).members(members).seed(SEED).generations(GENERATIONS);
        let mut run = run.start().unwrap();
        let mut twin = Swarm::start(rule.clone(), members, dims, domain.clone(), SEED, GENERATIONS);
        for generation in 0..GENERATIONS {
            let asked: Vec<Vec<f32>> = run.ask().unwrap().chunks(dims as usize).map(<[f32]>::to_vec).collect();
            let difference = apart(&asked, twin.ask());
            assert!(difference < DRIFT, "{case}: positions of generation {generation} are {difference} apart");
            let fitness: Vec<f32> = asked.iter().map(|x| bowl(x)).collect();
            run.tell(&fitness).unwrap();
            twin.tell(&fitness.iter().map(|f| f64::from(*f)).collect::<Vec<_>>());

            let snapshot = run.snapshot().unwrap();
            let own_fitness: Vec<f32> = values(&snapshot, "own_fitness");
            let twin_fitness: Vec<f32> = twin.own_fitness.iter().map(|f| *f as f32).collect();
            assert_eq!(own_fitness[..members as usize], twin_fitness, "{case}, generation {generation}");
            assert!(own_fitness[members as usize..].iter().all(|f| *f == WORST), "{case}: padding has a fitness");
            assert_eq!(f64::from(run.report().best), twin.best_fitness, "{case}, generation {generation}");
            // A record beaten in this generation is where the member is until it moves on.
            let improved: Vec<u32> = values(&snapshot, "improved");
            let beaten = |member: usize| (improved[member / 4] >> (member % 4)) & 1 == 1;
            let mut personal = rows(&snapshot, "personal", members as usize, dims as usize);
            for (member, own) in personal.iter_mut().enumerate().filter(|(member, _)| beaten(*member)) {
                own.clone_from(&asked[member]);
            }
            let difference = apart(&personal, &twin.personal);
            assert!(difference < DRIFT, "{case}: personal bests of generation {generation} are {difference} apart");
            let difference = apart(&[run.best().unwrap()], std::slice::from_ref(&twin.best));
            assert!(difference < DRIFT, "{case}: the bests of generation {generation} are {difference} apart");
        }
    }
}

#[test]
fn pso_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    for schedule in [Schedule::Constant, Schedule::Adaptive] {
        for neighbourhood in [Neighbourhood::Global, Neighbourhood::Ring] {
            let pso = Pso { schedule, neighbourhood, ..Pso::default() };
            swarm_agrees(&gpu, &pso, &Rule::Pso(pso.clone()), &BOX);
        }
    }
    let limited = Pso { vmax: Some(0.25), ..Pso::default() };
    swarm_agrees(&gpu, &limited, &Rule::Pso(limited.clone()), &BOX);
}

#[test]
fn mpso_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    for form in [Recurrence::Standard, Recurrence::Printed] {
        let mpso = MPso { form, ..MPso::default() };
        swarm_agrees(&gpu, &mpso, &Rule::MPso(mpso.clone()), &BOX);
    }
}

#[test]
fn empso_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    for form in [Form::Equations, Form::Listing] {
        for bias_correction in [false, true] {
            let empso = EmPso { form, bias_correction, ..EmPso::default() };
            swarm_agrees(&gpu, &empso, &Rule::EmPso(empso.clone()), &BOX);
        }
    }
}

#[test]
fn rempso_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    for (pairs, angle) in [(0.4, 36.0), (0.5, -100.0)] {
        let rempso = RemPso { pairs, angle, ..RemPso::default() };
        swarm_agrees(&gpu, &rempso, &Rule::RemPso(rempso.clone()), &BOX);
    }
}

#[test]
fn rempso_with_the_axes_left_alone_is_empso() {
    let Some(gpu) = common::gpu() else { return };
    let (angle, pairs) = (RemPso { angle: 0.0, ..RemPso::default() }, RemPso { pairs: 0.0, ..RemPso::default() });
    for rempso in [angle, pairs] {
        swarm_agrees(&gpu, &rempso, &Rule::EmPso(EmPso::default()), &BOX);
    }
}

/// How far a direction in two coordinates is off where both normal numbers are small, as of the thousands drawn some
/// are: an error of 1e-6 in a vector of length 0.01 or so, times a distance of a few. Sums over more hide it.
const TURN: f64 = 2e-3;

fn spso_agrees(gpu: &Gpu, spso: &Spso2011, domain: &Domain) {
    // The last is of more coordinates than one thread sums over.
    for (members, dims) in SHAPES.into_iter().chain([(5, 100)]) {
        let case = format!("{spso:?}, {members} members, {dims} dims");
        let objective = told(dims, domain.clone());
        let run = Run::new(gpu, &objective, spso).members(members).seed(SEED).generations(GENERATIONS);
        let mut run = run.start().unwrap();
        let mut twin = StandardSwarm::start(spso.clone(), members, dims, domain.clone(), SEED);
        let allowed = if dims == 2 { TURN } else { DRIFT };
        for generation in 0..GENERATIONS {
            let asked: Vec<Vec<f32>> = run.ask().unwrap().chunks(dims as usize).map(<[f32]>::to_vec).collect();
            let difference = apart(&asked, twin.ask());
            assert!(difference < allowed, "{case}: positions of generation {generation} are {difference} apart");
            let fitness: Vec<f32> = asked.iter().map(|x| bowl(x)).collect();
            run.tell(&fitness).unwrap();
            twin.tell(&fitness.iter().map(|f| f64::from(*f)).collect::<Vec<_>>());
            let snapshot = run.snapshot().unwrap();
            assert_eq!(values::<u32>(&snapshot, "epoch")[0], twin.epoch, "{case}, generation {generation}");
            let own_fitness: Vec<f32> = values(&snapshot, "own_fitness");
            let twin_fitness: Vec<f32> = twin.own_fitness.iter().map(|f| *f as f32).collect();
            assert_eq!(own_fitness[..members as usize], twin_fitness, "{case}, generation {generation}");
            assert_eq!(f64::from(run.report().best), twin.best_fitness, "{case}, generation {generation}");
            let difference = apart(&[run.best().unwrap()], std::slice::from_ref(&twin.best));
            assert!(difference < allowed, "{case}: the bests of generation {generation} are {difference} apart");
        }
    }
}

#[test]
fn spso_2011_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    spso_agrees(&gpu, &Spso2011::default(), &BOX);
    spso_agrees(&gpu, &Spso2011 { informants: 6, vmax: Some(0.5), ..Spso2011::default() }, &BOX);
    spso_agrees(&gpu, &Spso2011::default(), &OPEN);
}

#[test]
fn a_normal_start_without_walls_agrees_with_the_twin() {
    let Some(gpu) = common::gpu() else { return };
    swarm_agrees(&gpu, &Pso::default(), &Rule::Pso(Pso::default()), &OPEN);
    gwo_agrees(&gpu, Leaders::Original, &OPEN);
}

fn gwo_agrees(gpu: &Gpu, rule: Leaders, domain: &Domain) {
    for (members, dims) in SHAPES {
        let case = format!("{rule:?}, {members} members, {dims} dims");
        let objective = told(dims, domain.clone());
        let gwo = Gwo { leaders: rule };
        let run = Run::new(gpu, &objective, &gwo).members(members).seed(SEED).generations(GENERATIONS);
        let mut run = run.start().unwrap();
        let mut twin = reference::gwo::Gwo::start(rule, members, dims, domain.clone(), SEED, GENERATIONS);
        for generation in 0..GENERATIONS {
            let asked: Vec<Vec<f32>> = run.ask().unwrap().chunks(dims as usize).map(<[f32]>::to_vec).collect();
            let difference = apart(&asked, twin.ask());
            assert!(difference < DRIFT, "{case}: positions of generation {generation} are {difference} apart");
            let fitness: Vec<f32> = asked.iter().map(|x| bowl(x)).collect();
            run.tell(&fitness).unwrap();
            twin.tell(&fitness.iter().map(|f| f64::from(*f)).collect::<Vec<_>>());
            let snapshot = run.snapshot().unwrap();
            let leader_fitness: Vec<f32> = values(&snapshot, "leader_fitness");
            let twin_fitness = twin.leaders.each_ref().map(|leader| leader.fitness as f32);
            assert_eq!(leader_fitness[..3], twin_fitness, "{case}, generation {generation}");
            let leaders = rows(&snapshot, "leaders", 3, dims as usize);
            let difference = apart(&leaders, &twin.leaders.each_ref().map(|leader| leader.position.clone()));
            assert!(difference < DRIFT, "{case}: leaders of generation {generation} are {difference} apart");
            assert_eq!(run.best().unwrap(), leaders[0], "{case}: the best is alpha");
            assert_eq!(run.report().best, leader_fitness[0], "{case}: the best is alpha");
        }
    }
}

#[test]
fn gwo_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    gwo_agrees(&gpu, Leaders::Original, &BOX);
    gwo_agrees(&gpu, Leaders::BestThree, &BOX);
}

// Reductions and the leader rule, on fitness made to be difficult.

/// Few distinct values, so that there are ties; in order and reversed; and what is not finite.
fn adversarial() -> impl Strategy<Value = Vec<f32>> {
    let members = prop::sample::select(vec![1usize, 2, 3, 5, 30, 63, 64, 65, 129, 256, 257, 1000]);
    let value = prop_oneof![
        8 => (-4i16..4).prop_map(f32::from),
        2 => -1e6f32..1e6,
        1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, WORST, -3e38, 0.0, -0.0, 1e-40]),
    ];
    members.prop_flat_map(move |members| (prop::collection::vec(value.clone(), members), 0..4)).prop_map(
        |(mut fitness, order)| {
            match order {
                1 => fitness.sort_by(f32::total_cmp),
                2 => fitness.sort_by(|a, b| b.total_cmp(a)),
                3 => fitness.fill(1.0),
                _ => {}
            }
            fitness
        },
    )
}

/// As many generations for one population.
fn generations() -> impl Strategy<Value = Vec<Vec<f32>>> {
    (adversarial(), 1usize..5, any::<u32>()).prop_map(|(first, count, salt)| {
        let mut all = vec![first.clone()];
        for generation in 1..count {
            // The same values, turned round and moved a little up or down.
            let mut next = all[generation - 1].clone();
            next.rotate_left(salt as usize % first.len());
            let change = ((salt >> (2 * generation)) % 3) as f32 - 1.0;
            all.push(next.iter().map(|f| f + change).collect());
        }
        all
    })
}

fn worst_unless_finite(fitness: &[f32]) -> Vec<f32> {
    fitness.iter().map(|f| if f.is_finite() { *f } else { WORST }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// The parallel rule against wolves looked at strictly in order. Leaders are copies of positions that the device
    /// itself gave, so nothing but equality will do.
    #[test]
    fn leaders_are_those_of_wolves_in_order(generations in generations(), best_three: bool) {
        let Some(gpu) = common::gpu() else { return Ok(()) };
        let rule = if best_three { Leaders::BestThree } else { Leaders::Original };
        let members = generations[0].len();
        let objective = told(2, BOX);
        let gwo = Gwo { leaders: rule };
        let run = Run::new(&gpu, &objective, &gwo).members(members as u32).seed(SEED).generations(10);
        let mut run = run.start().unwrap();
        let mut twin = reference::gwo::Gwo::start(rule, members as u32, 2, BOX, SEED, 10);
        for fitness in &generations {
            let asked = run.ask().unwrap();
            twin.positions = asked.chunks(2).map(|x| x.iter().map(|x| f64::from(*x)).collect()).collect();
            run.tell(fitness).unwrap();
            twin.tell(&fitness.iter().map(|f| f64::from(*f)).collect::<Vec<_>>());
            let snapshot = run.snapshot().unwrap();
            let positions = rows(&snapshot, "leaders", 3, 2);
            let fitness: Vec<f32> = values(&snapshot, "leader_fitness");
            for (k, leader) in twin.leaders.iter().enumerate() {
                prop_assert_eq!(f64::from(fitness[k]), leader.fitness, "leader {} of {}", k, members);
                let position: Vec<f64> = positions[k].iter().map(|x| f64::from(*x)).collect();
                prop_assert_eq!(&position, &leader.position, "leader {} of {}", k, members);
            }
            prop_assert_eq!(run.report().best, fitness[0]);
        }
    }

    /// Best, lowest, mean and share of a generation.
    #[test]
    fn the_lowest_of_the_population_is_found_and_the_first_of_equals(fitness in adversarial()) {
        let Some(gpu) = common::gpu() else { return Ok(()) };
        let members = fitness.len();
        let objective = told(1, BOX);
        let pso = Pso::default();
        let run = Run::new(&gpu, &objective, &pso).members(members as u32).seed(SEED);
        let mut run = run.start().unwrap();
        let asked = run.ask().unwrap();
        let record = run.tell(&fitness).unwrap().history[0];

        let known = worst_unless_finite(&fitness);
        let lowest = known.iter().copied().fold(WORST, f32::min);
        prop_assert_eq!(record.best, lowest);
        prop_assert_eq!(record.lowest, lowest);
        let first = known.iter().position(|f| *f == lowest).unwrap();
        prop_assert_eq!(run.best().unwrap()[0], asked[first], "member {} of {}", first, members);

        let finite: Vec<f64> = known.iter().filter(|f| **f < WORST).map(|f| f64::from(*f)).collect();
        prop_assert_eq!(record.share, finite.len() as f32 / members as f32);
        // Any order of summation is within n roundings of the sum of sizes.
        let size: f64 = finite.iter().map(|f| f.abs()).sum::<f64>();
        let mean = finite.iter().sum::<f64>() / finite.len().max(1) as f64;
        if size < f64::from(WORST) {
            let slack = 6e-8 * (members as f64 + 2.0) * size / finite.len().max(1) as f64;
            prop_assert!((f64::from(record.mean) - mean).abs() <= slack + 1e-38, "{} for {mean}", record.mean);
        }
    }
}

// Objectives.

/// Fitness of these candidates, scored by the objective's own kernels in some generation.
fn score(gpu: &Gpu, objective: &dyn Objective, candidates: &[Vec<f32>]) -> Vec<f32> {
    let context = Context::resting(gpu).unwrap();
    let shape = Shape { blocks: 1, members: candidates.len() as u32, width: objective.dims() };
    let fitness = Points::fitness_buffer(gpu, "fitness", shape).unwrap();
    let points = Points::direct(&context, "positions", shape, &fitness).unwrap();
    let stride = points.stride as usize;
    let mut columns = vec![0.0f32; objective.dims() as usize * stride];
    for (column, candidate) in candidates.iter().enumerate() {
        for (i, x) in candidate.iter().enumerate() {
            columns[i * stride + column] = *x;
        }
    }
    gpu.write(&points.chunks[0].positions.view(), &columns);
    let mut recording = Recording::new();
    objective.bind(&context).unwrap().score(&points, &mut recording).unwrap();
    let mut values: Vec<f32> = gpu.run(&recording, &[fitness.view()]).unwrap().values(0);
    values.truncate(candidates.len());
    values
}

#[test]
fn what_is_not_finite_becomes_the_worst() {
    let Some(gpu) = common::gpu() else { return };
    let text = "fn objective(candidate: u32) -> f32 { return at(candidate, 0u); }";
    let formula = Formula::new("first", text, 1, BOX).unwrap();
    let values = [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, WORST, -WORST, 0.0, 1.5, -3e38];
    let expected = [WORST, WORST, WORST, WORST, WORST, -WORST, 0.0, 1.5, -3e38];
    assert_eq!(score(&gpu, &formula, &values.map(|value| vec![value])), expected);
}

/// Points of the whole box and, by powers of ten, of ever smaller boxes around the minimizer.
fn points(function: &Function, dims: u32, shift: f32) -> Vec<Vec<f32>> {
    let (low, high) = function.domain.cube();
    let minimizer = function.shifted_minimizer(dims, shift);
    let point = |candidate: u32| {
        let reach = 10f64.powi(-(candidate as i32 % 7)) * f64::from(high - low);
        (0..dims)
            .map(|i| {
                let r = reference::random::uniform(SEED, 0, i, candidate, 99);
                let x = match candidate % 7 {
                    0 => f64::from(low) + r * reach,
                    _ => minimizer[i as usize] + (2.0 * r - 1.0) * reach,
                };
                (x as f32).clamp(low, high)
            })
            .collect()
    };
    (0..210).map(point).collect()
}

/// How far `f32` may be from `f64`: rounding of sums of about a hundred terms, sines and powers of the software
/// adapter included.
fn tolerance(function: &Function, dims: u32, value: f64) -> f64 {
    let rounding = 1e-5 * value.abs().max(1.0);
    match function.name {
        // The root is steep at the ridge: 100 sqrt of a rounding of 15 is near 0.1 / 3.
        "bukin-6" => rounding + 0.03,
        // Terms of up to 418 nearly cancel, their sines have arguments up to 22.
        "schwefel" => 5e-7 * 418.0 * f64::from(dims) + 2e-3,
        _ => rounding,
    }
}

#[test]
fn every_function_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    for function in FUNCTIONS {
        for dims in [1, 2, 7, 30].into_iter().filter(|dims| function.dims.accepts(*dims)) {
            for shift in [0.0, function.shift] {
                let formula = Formula::known(function, dims, shift).unwrap();
                let candidates = points(function, dims, shift);
                for (candidate, found) in candidates.iter().zip(score(&gpu, &formula, &candidates)) {
                    let exact: Vec<f64> = candidate.iter().map(|x| f64::from(*x)).collect();
                    let value = function.evaluate(&exact, shift);
                    let tolerance = tolerance(function, dims, value);
                    let difference = f64::from(found) - value;
                    assert!(
                        -tolerance <= difference && difference <= function.noise + tolerance,
                        "{} of {dims} by {shift}: {found} for {value} at {candidate:?}",
                        function.name
                    );
                }
            }
        }
    }
}
