//! Search in random subspaces: positions against the plain-Rust twin, buffers, and what is refused.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::Error;
use gradless::gpu::Gpu;
use gradless::objective::{Formula, HostFunction, functions};
use gradless::optimizer::{Eggroll, Gwo, OPTIMIZERS, OpenAiEs, Pso, SepCmaEs, Snes, Subspace};
use gradless::population::{Domain, Optimizer, Start};
use gradless::reference::strategy::{Strategy, Update};
use gradless::reference::subspace::lift;
use gradless::run::{Run, Snapshot};

/// A seed that fills both words of the key.
const SEED: u64 = 0x299f_31d0_a409_3822;
const DIMS: u32 = 30;
const BOX: Domain =
    Domain { low: -2.0, high: 3.0, start: Start::Uniform, bounded: true, step: None, groups: Vec::new() };
const OPEN: Domain =
    Domain { low: -1.0, high: 1.0, start: Start::Normal, bounded: false, step: Some(0.4), groups: Vec::new() };
/// The inner optimizer's, where steps are not limited.
const INNER: Domain =
    Domain { low: -10.0, high: 10.0, start: Start::Normal, bounded: false, step: None, groups: Vec::new() };
/// Sums of 30 products of normals, each good to 2e-6.
const ROUNDING: f64 = 5e-5;

fn bowl(x: &[f32]) -> f32 {
    x.iter().map(|x| (x - 0.3) * (x - 0.3)).sum()
}

fn values(snapshot: &Snapshot, name: &str) -> Vec<f32> {
    let (_, bytes) = snapshot.buffers.iter().find(|(known, _)| known == name).expect("a buffer of this name");
    bytemuck::pod_collect_to_vec(bytes)
}

fn apart(device: &[f32], twin: &[f64]) -> f64 {
    assert_eq!(device.len(), twin.len());
    device.iter().zip(twin).map(|(device, twin)| (f64::from(*device) - twin).abs()).fold(0.0, f64::max)
}

fn start(gpu: &Gpu, domain: &Domain, optimizer: &dyn Optimizer, members: u32, chunk: u32) -> Run {
    let objective = HostFunction { dims: DIMS, domain: domain.clone(), call: bowl };
    let run = Run::new(gpu, &objective, optimizer).members(members).generations(9).seed(SEED);
    run.largest_chunk(chunk).start().unwrap()
}

#[test]
fn positions_and_the_best_are_lifted_as_the_twin_lifts_them() {
    let Some(gpu) = common::gpu() else { return };
    let members = 37;
    for domain in [BOX, OPEN] {
        for count in [1, 3, 4, 7, DIMS] {
            let optimizer = Subspace::new(count, Box::new(Pso::default()));
            let mut run = start(&gpu, &domain, &optimizer, members, u32::MAX);
            for generation in 0..3 {
                let asked = run.ask().unwrap();
                let inner = values(&run.snapshot().unwrap(), "positions.0");
                let stride = inner.len() / count as usize;
                for (member, found) in asked.chunks(DIMS as usize).enumerate() {
                    let z: Vec<f64> = (0..count as usize).map(|j| inner[j * stride + member].into()).collect();
                    let difference = apart(found, &lift(SEED, DIMS, &domain, &z));
                    assert!(difference < ROUNDING, "member {member}, generation {generation}: {difference} apart");
                }
                let fitness: Vec<f32> = asked.chunks(DIMS as usize).map(bowl).collect();
                run.tell(&fitness).unwrap();
                let z: Vec<f64> =
                    values(&run.snapshot().unwrap(), "best")[..count as usize].iter().map(|z| f64::from(*z)).collect();
                let best = run.best().unwrap();
                let difference = apart(&best, &lift(SEED, DIMS, &domain, &z));
                assert!(difference < ROUNDING, "the best of generation {generation} is {difference} apart");
                assert!((bowl(&best) - run.report().best).abs() < 1e-3, "the best is worth what it says");
            }
        }
    }
}

#[test]
fn strategies_see_the_subspace_and_nothing_else() {
    let Some(gpu) = common::gpu() else { return };
    let (members, count) = (38, 6);
    let (es, low_rank, snes) = (OpenAiEs::default(), Eggroll::default(), Snes::default());
    let all: [(Box<dyn Optimizer>, Update); 3] = [
        (Box::new(es.clone()), Update::OpenAiEs(es)),
        (Box::new(low_rank.clone()), Update::Eggroll(low_rank)),
        (Box::new(snes.clone()), Update::Snes(snes)),
    ];
    for (inner, update) in all {
        let optimizer = Subspace::new(count, inner);
        for chunk in [u32::MAX, 16] {
            let mut run = start(&gpu, &BOX, &optimizer, members, chunk);
            let mut twin = Strategy::start(update.clone(), members, count, INNER, SEED, 9);
            for generation in 0..4 {
                let asked = run.ask().unwrap();
                let lifted: Vec<f64> = twin.ask().iter().flat_map(|z| lift(SEED, DIMS, &BOX, z)).collect();
                let difference = apart(&asked, &lifted);
                assert!(difference < 2.0 * ROUNDING, "{update:?}, generation {generation}: {difference} apart");
                let fitness: Vec<f32> = asked.chunks(DIMS as usize).map(bowl).collect();
                run.tell(&fitness).unwrap();
                twin.tell(&fitness.iter().map(|f| f64::from(*f)).collect::<Vec<_>>());
            }
        }
    }
}

/// Columns are of bounded size: 50,000 coordinates of 1,000 candidates do not fit.
#[test]
fn columns_are_shared_when_they_do_not_hold_all_candidates() {
    let Some(gpu) = common::gpu() else { return };
    let objective = Formula::known(functions::find("sphere").unwrap(), 50_000, 0.0).unwrap();
    let all: [Box<dyn Optimizer>; 2] = [Box::new(Pso::default()), Box::new(SepCmaEs::default())];
    for inner in all {
        let optimizer = Subspace::new(5, inner);
        let run = |chunk| {
            let run = Run::new(&gpu, &objective, &optimizer).members(1000).generations(2).seed(4);
            let mut run = run.largest_chunk(chunk).start().unwrap();
            run.advance(2).unwrap();
            (run.report().best, run.report().history.iter().map(|r| r.mean).collect::<Vec<_>>(), run.best().unwrap())
        };
        assert!(run(u32::MAX) == run(48), "{optimizer:?}");
    }
}

#[test]
fn a_subspace_larger_than_the_space_is_refused() {
    let Some(gpu) = common::gpu() else { return };
    let refused = |count, dims| {
        let objective = HostFunction { dims, domain: BOX, call: bowl };
        let optimizer = Subspace::new(count, Box::new(Pso::default()));
        match Run::new(&gpu, &objective, &optimizer).members(4).start() {
            Err(Error::Setting { name, value, remedy }) => {
                assert_eq!((name, value), ("search".to_string(), format!("subspace:{count}")));
                Some(remedy)
            }
            Err(error) => panic!("{error}"),
            Ok(_) => None,
        }
    };
    assert!(refused(0, 5).unwrap().contains("at least one"));
    assert!(refused(6, 5).unwrap().contains("at most 5"));
    assert_eq!(refused(5, 5), None);
    if gpu.loop_limit() < 70_000 {
        assert!(refused(70_000, 70_000).unwrap().contains("60000"));
    }
}

#[test]
fn the_inner_optimizers_settings_are_checked_and_shown() {
    let pso = Pso { inertia: 7.0, ..Pso::default() };
    assert!(Subspace::new(3, Box::new(pso)).check().is_err());
    let gwo = Subspace::new(3, Box::new(Gwo::default()));
    assert_eq!((gwo.name(), gwo.settings()), ("gwo", Gwo::default().settings()));
}

/// A bowl in 200 dimensions of which three matter: a plane of ten nearly holds the minimum.
#[test]
fn a_subspace_reaches_what_few_coordinates_ask_for() {
    let Some(gpu) = common::gpu() else { return };
    let text = "fn objective(candidate: u32) -> f32 {
        var sum = 0.0;
        for (var i = 0u; i < 3u; i += 1u) { let d = at(candidate, 70u * i) - 0.7; sum += d * d; }
        return sum;
    }";
    let objective = Formula::new("three of 200", text, 200, Domain { bounded: false, ..BOX }).unwrap();
    for entry in OPTIMIZERS {
        // Their published pulls let them come to rest early, whatever the space.
        // Blocks of a vector have no subspace, nor have gradients.
        if ["mpso", "empso", "rempso", "emulated", "cpso-s", "cpso-h"].contains(&entry.name) {
            continue;
        }
        let inner = entry.build(&[].into()).unwrap();
        if inner.descends() {
            continue;
        }
        let optimizer = Subspace::new(10, inner);
        let best = |seed| {
            let run = Run::new(&gpu, &objective, &optimizer).members(40).generations(300).seed(seed);
            run.start().unwrap().advance(300).unwrap().best
        };
        let mut bests: Vec<f32> = (0..5).map(best).collect();
        bests.sort_by(f32::total_cmp);
        println!("{}: median {:.2e}", entry.name, bests[2]);
        assert!(bests[2] < 0.3, "{}: {bests:?}", entry.name);
    }
}
