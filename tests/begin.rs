//! Runs that begin at a given position: where every optimizer puts it, and what is refused.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::Error;
use gradless::objective::{Formula, HostFunction, functions};
use gradless::optimizer::{ByBlocks, OPTIMIZERS, Partition, Pso, Subspace};
use gradless::population::{Domain, Objective, Optimizer};
use gradless::run::Run;

const POSITION: [f32; 7] = [0.1, -0.2, 0.3, 0.0, 1.5, -2.5, 0.25];
const MEMBERS: u32 = 10;

fn sphere() -> Formula {
    Formula::known(functions::find("sphere").unwrap(), 7, 0.0).unwrap()
}

/// The members that are at the given position before anything moved.
fn there(optimizer: &dyn Optimizer, name: &str) -> Vec<u32> {
    let gpu = common::gpu().unwrap();
    let objective = sphere();
    let run = Run::new(&gpu, &objective, optimizer).members(MEMBERS).seed(5).generations(300).begin_at(&POSITION);
    let mut run = run.start().unwrap();
    let mut found = Vec::new();
    let mut member = 0;
    while let Ok(position) = run.member(member) {
        if position == POSITION {
            found.push(member);
        }
        member += 1;
    }
    // The given position is scored in the first generation, so nothing worse is the best.
    let fitness: f32 = POSITION.iter().map(|x| x * x).sum();
    let first = run.advance(1).unwrap().best;
    assert!(first <= fitness * 1.000_001, "{name}: {first} for {fitness}");
    let last = run.advance(299).unwrap().best;
    assert!(last < first, "{name} stands still at {last}");
    found
}

#[test]
fn every_optimizer_begins_where_it_is_told() {
    if common::gpu().is_none() {
        return;
    }
    // A swarm over outputs needs outputs, noise at the units needs units.
    for entry in OPTIMIZERS.iter().filter(|entry| !["adaswarm", "node-perturbation"].contains(&entry.name)) {
        let optimizer = entry.build(&[].into()).unwrap();
        let expected = if optimizer.descends() {
            (0..MEMBERS).collect()
        } else if optimizer.arrays() == 0 {
            // The centre stands behind the members.
            vec![MEMBERS]
        } else {
            vec![0]
        };
        assert_eq!(there(optimizer.as_ref(), entry.name), expected, "{}", entry.name);
    }
    let blocks = ByBlocks::new(Partition::Equal(3), Box::new(Pso::default()));
    assert_eq!(there(&blocks, "blocks"), [0], "the vector that blocks are searched in");
}

/// Members in several buffers: the first of them, or all.
#[test]
fn chunks_of_a_population_begin_as_one() {
    let Some(gpu) = common::gpu() else { return };
    for name in ["pso", "gwo", "sgd", "openai-es"] {
        let optimizer = OPTIMIZERS.iter().find(|entry| entry.name == name).unwrap().build(&[].into()).unwrap();
        let after = |chunk| {
            let objective = sphere();
            let run = Run::new(&gpu, &objective, optimizer.as_ref()).members(50).seed(2).generations(5);
            let mut run = run.begin_at(&POSITION).largest_chunk(chunk).start().unwrap();
            run.advance(5).unwrap();
            (run.report().best, run.best().unwrap())
        };
        assert_eq!(after(u32::MAX), after(8), "{name}");
    }
}

#[test]
fn positions_that_are_none_are_refused() {
    let Some(gpu) = common::gpu() else { return };
    let refused = |objective: &dyn Objective, optimizer: &dyn Optimizer, position: &[f32]| match Run::new(
        &gpu, objective, optimizer,
    )
    .members(8)
    .begin_at(position)
    .start()
    {
        Err(Error::Setting { name, value, remedy }) => format!("{name} = {value}: {remedy}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("a run"),
    };
    let pso = Pso::default();
    assert!(refused(&sphere(), &pso, &POSITION[..6]).contains("begin = 6 values"));
    assert!(refused(&sphere(), &pso, &[f32::NAN; 7]).contains("begin = NaN"));
    let narrow = Subspace::new(3, Box::new(Pso::default()));
    assert!(refused(&sphere(), &narrow, &POSITION).contains("search = subspace:3"));
    // A closure is called between ask and tell; it begins there too.
    let call = |x: &[f32]| x.iter().map(|x| x * x).sum();
    let objective = HostFunction { dims: 7, domain: Domain::boxed(-3.0, 3.0), call };
    let mut run = Run::new(&gpu, &objective, &pso).members(8).begin_at(&POSITION).start().unwrap();
    assert_eq!(run.ask().unwrap()[..7], POSITION);
}
