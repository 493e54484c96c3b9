//! One seed, one run: whatever the number of generations in a submission, the size of the buffers, or a stop between.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::gpu::Gpu;
use gradless::objective::{Formula, HostFunction, functions};
use gradless::optimizer::{
    Ars, Eggroll, EmPso, Emulated, Form, Gwo, Leaders, MPso, Name, Neighbourhood, OpenAiEs, Pepg, Pso, Recurrence,
    RemPso, Rule, Schedule, SepCmaEs, Shaping, Snes, Spso2011, Subspace,
};
use gradless::population::{Objective, Optimizer};
use gradless::run::{Record, Run, Snapshot, Stop};

const GENERATIONS: u32 = 50;
const DIMS: u32 = 5;

/// Every optimizer in every variant.
fn optimizers() -> Vec<Box<dyn Optimizer>> {
    vec![
        Box::new(Pso::default()),
        Box::new(Pso { schedule: Schedule::Adaptive, vmax: Some(2.0), ..Pso::default() }),
        Box::new(Pso { neighbourhood: Neighbourhood::Ring, ..Pso::default() }),
        Box::new(MPso::default()),
        Box::new(MPso { form: Recurrence::Printed, ..MPso::default() }),
        Box::new(EmPso::default()),
        Box::new(EmPso { form: Form::Listing, bias_correction: true, ..EmPso::default() }),
        Box::new(RemPso::default()),
        Box::new(Spso2011::default()),
        Box::new(Gwo { leaders: Leaders::Original }),
        Box::new(Gwo { leaders: Leaders::BestThree }),
        Box::new(Emulated::default()),
        Box::new(Emulated { rule: Rule::default(), ..Emulated::default() }),
        Box::new(OpenAiEs::default()),
        Box::new(OpenAiEs { shaping: Shaping::Standard, rule: momentum(), ..OpenAiEs::default() }),
        Box::new(Eggroll::default()),
        Box::new(Snes::default()),
        Box::new(Pepg::default()),
        Box::new(Ars::default()),
        Box::new(SepCmaEs::default()),
        Box::new(Subspace::new(3, Box::new(Pso::default()))),
        Box::new(Subspace::new(DIMS, Box::new(Gwo::default()))),
        Box::new(Subspace::new(2, Box::new(OpenAiEs::default()))),
        Box::new(Subspace::new(4, Box::new(SepCmaEs::default()))),
    ]
}

fn momentum() -> Rule {
    Rule { rule: Name::Momentum, ..Rule::default() }
}

/// Strategies keep no arrays of the population's size, nor do searches in subspaces one of the objective's width.
fn is_narrow(optimizer: &dyn Optimizer) -> bool {
    optimizer.arrays() == 0
}

fn known(name: &str) -> Formula {
    Formula::known(functions::find(name).unwrap(), DIMS, 0.0).unwrap()
}

/// A run of `GENERATIONS` on `objective`.
fn start(gpu: &Gpu, objective: &dyn Objective, optimizer: &dyn Optimizer, members: u32, chunk: u32) -> Run {
    let run = Run::new(gpu, objective, optimizer).members(members).generations(GENERATIONS).seed(11);
    run.largest_chunk(chunk).start().unwrap()
}

/// Runs to the end, `step` generations a submission.
fn finish(run: &mut Run, step: u32) {
    while run.report().stop.is_none() {
        run.advance(step).unwrap();
    }
}

fn same(one: &[Record], other: &[Record]) -> bool {
    bytemuck::cast_slice::<_, u32>(one) == bytemuck::cast_slice::<_, u32>(other)
}

#[test]
fn generations_in_a_submission_do_not_matter() {
    let Some(gpu) = common::gpu() else { return };
    let objective = known("rastrigin");
    for optimizer in optimizers() {
        for members in [if is_narrow(optimizer.as_ref()) { 4 } else { 1 }, 30] {
            let mut whole = start(&gpu, &objective, optimizer.as_ref(), members, u32::MAX);
            finish(&mut whole, GENERATIONS);
            let snapshot = whole.snapshot().unwrap();
            assert_eq!(whole.report().generation, GENERATIONS);
            assert_eq!(whole.report().history.len(), GENERATIONS as usize);
            for step in [1, 7] {
                let mut parts = start(&gpu, &objective, optimizer.as_ref(), members, u32::MAX);
                finish(&mut parts, step);
                assert!(parts.snapshot().unwrap() == snapshot, "{optimizer:?}, {members} members by {step}");
                assert!(same(&parts.report().history, &whole.report().history), "{optimizer:?} by {step}");
            }
            // The loop that chooses the number by itself.
            let mut free = start(&gpu, &objective, optimizer.as_ref(), members, u32::MAX);
            free.until_stopped(|_| true).unwrap();
            assert!(free.snapshot().unwrap() == snapshot, "{optimizer:?}, {members} members");
        }
    }
}

/// Rows that chunks of at most `chunk` members hold, member after member.
fn rows(snapshot: &Snapshot, name: &str, members: usize, chunk: usize) -> Vec<u32> {
    let mut all = Vec::new();
    for (index, first) in (0..members).step_by(chunk).enumerate() {
        let name = format!("{name}.{index}");
        let (_, bytes) = snapshot.buffers.iter().find(|(known, _)| *known == name).expect("a chunk of this number");
        let values: Vec<u32> = bytemuck::pod_collect_to_vec(bytes);
        let stride = values.len() / DIMS as usize;
        for member in 0..chunk.min(members - first) {
            all.extend((0..DIMS as usize).map(|i| values[i * stride + member]));
        }
    }
    all
}

#[test]
fn the_size_of_the_buffers_does_not_matter() {
    let Some(gpu) = common::gpu() else { return };
    // The quartic draws noise for every candidate, which must not know of buffers either.
    for (objective, members) in [(known("rastrigin"), 70), (known("rastrigin"), 300), (known("quartic"), 70)] {
        for optimizer in optimizers() {
            let mut whole = start(&gpu, &objective, optimizer.as_ref(), members, u32::MAX);
            finish(&mut whole, GENERATIONS);
            let snapshot = whole.snapshot().unwrap();
            let chunked: &[&str] = match optimizer.name() {
                // Noise is drawn again.
                _ if is_narrow(optimizer.as_ref()) => &[],
                "gwo" => &["positions"],
                "emulated" => &["swarm.positions", "swarm.velocity", "swarm.personal", "swarm.momentum"],
                "pso" | "spso-2011" => &["positions", "velocity", "personal"],
                _ => &["positions", "velocity", "personal", "momentum"],
            };
            // Chunks are whole quads: 10 makes chunks of 8.
            for (largest, chunk) in [(10, 8), (64, 64)] {
                let case = format!("{optimizer:?}, {members} members in chunks of {chunk}");
                let mut parts = start(&gpu, &objective, optimizer.as_ref(), members, largest);
                finish(&mut parts, GENERATIONS);
                assert!(same(&parts.report().history, &whole.report().history), "{case}");
                let found = parts.snapshot().unwrap();
                for name in chunked {
                    let members = members as usize;
                    let expected = rows(&snapshot, name, members, members);
                    assert!(rows(&found, name, members, chunk) == expected, "{case}: {name}");
                }
                // What is not cut into chunks.
                for (name, bytes) in snapshot.buffers.iter().filter(|(name, _)| !name.contains('.')) {
                    let (_, other) = found.buffers.iter().find(|(known, _)| known == name).unwrap();
                    assert!(other == bytes, "{case}: {name}");
                }
            }
        }
    }
}

#[test]
fn a_restored_run_goes_on_bit_for_bit() {
    let Some(gpu) = common::gpu() else { return };
    let objective = known("quartic");
    for optimizer in optimizers() {
        for chunk in [u32::MAX, 16] {
            let mut whole = start(&gpu, &objective, optimizer.as_ref(), 30, chunk);
            whole.advance(23).unwrap();
            let halfway = whole.snapshot().unwrap();
            finish(&mut whole, 50);

            let mut other = start(&gpu, &objective, optimizer.as_ref(), 30, chunk);
            other.restore(&halfway).unwrap();
            assert_eq!(other.report().generation, 23);
            finish(&mut other, 5);
            assert!(other.snapshot().unwrap() == whole.snapshot().unwrap(), "{optimizer:?} in chunks of {chunk}");
            assert!(same(&other.report().history, &whole.report().history[23..]), "{optimizer:?}");

            // The same run, sent back.
            whole.restore(&halfway).unwrap();
            finish(&mut whole, 50);
            assert!(other.snapshot().unwrap() == whole.snapshot().unwrap(), "{optimizer:?} sent back");
        }
    }
}

#[test]
fn a_target_stops_at_the_same_generation() {
    let Some(gpu) = common::gpu() else { return };
    let objective = known("sphere");
    for optimizer in optimizers() {
        // What is reached about halfway, so that there are generations before and after.
        let mut free = start(&gpu, &objective, optimizer.as_ref(), 30, u32::MAX);
        finish(&mut free, GENERATIONS);
        let target = free.report().history[GENERATIONS as usize / 2].best;
        let reached = free.report().history.iter().position(|record| record.best <= target).unwrap() as u32 + 1;
        assert!(reached > 1, "{optimizer:?}: the target must not be met at once");
        let run = |step: u32| {
            let run = Run::new(&gpu, &objective, optimizer.as_ref()).members(30).generations(GENERATIONS).seed(11);
            let mut run = run.target(target).start().unwrap();
            finish(&mut run, step);
            assert_eq!(run.report().stop, Some(Stop::Target), "{optimizer:?} by {step}");
            assert_eq!(run.report().generation, reached, "{optimizer:?} by {step}");
            assert_eq!(run.report().best, run.report().history[reached as usize - 1].best);
            run.snapshot().unwrap()
        };
        let one = run(1);
        for step in [7, GENERATIONS] {
            assert!(run(step) == one, "{optimizer:?} by {step}: commands after the stop must change nothing");
        }
    }
}

fn sphere(x: &[f32]) -> f32 {
    x.iter().map(|x| x * x).sum()
}

fn rosenbrock(x: &[f32]) -> f32 {
    x.windows(2).map(|x| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (x[0] - 1.0).powi(2)).sum()
}

#[test]
fn a_host_closure_and_the_device_formula_agree() {
    let Some(gpu) = common::gpu() else { return };
    let generations = 8;
    for (name, call) in [("sphere", sphere as fn(&[f32]) -> f32), ("rosenbrock", rosenbrock)] {
        let formula = known(name);
        let host = HostFunction { dims: DIMS, domain: formula.domain(), call };
        for optimizer in optimizers() {
            let start = |objective: &dyn Objective| {
                let run = Run::new(&gpu, objective, optimizer.as_ref()).members(40).generations(generations).seed(3);
                run.start().unwrap()
            };
            let (mut device, mut closure, mut told) = (start(&formula), start(&host), start(&host));
            finish(&mut device, generations);
            finish(&mut closure, generations);
            for _ in 0..generations {
                let fitness: Vec<f32> = told.ask().unwrap().chunks(DIMS as usize).map(call).collect();
                told.tell(&fitness).unwrap();
            }
            // Ask and tell by hand are what the closure's run does by itself.
            assert!(told.snapshot().unwrap() == closure.snapshot().unwrap(), "{optimizer:?} on {name}");
            assert!(same(&told.report().history, &closure.report().history), "{optimizer:?} on {name}");
            assert_eq!(closure.report().stop, Some(Stop::Generations));
            // Host and device round the objective differently, in the last bit or two; as long as no comparison falls
            // the other way, positions are the same and only fitness differs; but where it is what noise is weighed by,
            // they go apart by as much.
            for (device, closure) in device.report().history.iter().zip(&closure.report().history) {
                let close = |a: f32, b: f32| (a - b).abs() <= 1e-5 * b.abs().max(1e-3);
                assert!(
                    close(device.best, closure.best) && close(device.lowest, closure.lowest),
                    "{optimizer:?} on {name}: {device:?} and {closure:?}"
                );
            }
        }
    }
}

#[test]
fn one_member_of_one_dimension_runs() {
    let Some(gpu) = common::gpu() else { return };
    let objective = Formula::known(functions::find("abs").unwrap(), 1, 0.5).unwrap();
    // Beside a swarm of one there may be a point, which is another candidate.
    let alone = |optimizer: &dyn Optimizer| !is_narrow(optimizer) && optimizer.name() != "emulated";
    for optimizer in optimizers().into_iter().filter(|optimizer| alone(optimizer.as_ref())) {
        let mut run = start(&gpu, &objective, optimizer.as_ref(), 1, u32::MAX);
        let first = run.ask().unwrap();
        finish(&mut run, 50);
        let report = run.report().clone();
        // A swarm of one has nothing to follow but itself and stays; a pack of one moves around its own leaders.
        assert!(report.best <= (first[0] - 0.5).abs(), "{optimizer:?}");
        assert!(report.history.iter().all(|record| record.share == 1.0 && record.mean == record.lowest));
        let best = run.best().unwrap();
        assert_eq!(best.len(), 1);
        assert_eq!((best[0] - 0.5).abs(), report.best, "{optimizer:?}: the best position has the best fitness");
    }
}
