//! `gradless tune`, and what it may choose from: no candidate changes a bit of any result.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use std::path::Path;
use std::process::Command;

use gradless::bench::dense_network;
use gradless::gpu::{AdapterReport, Dense, Gpu, Tuning};
use gradless::objective::network::Network;
use gradless::optimizer::{Descent, Name, OpenAiEs, Pso};
use gradless::population::Optimizer;
use gradless::run::Run;
use gradless::tuning::{Cache, candidates, tune};
use serde_json::Value;

fn network(layers: &[u32], rows: u32) -> Network {
    dense_network(layers, rows).unwrap()
}

/// Everything that a run has come to after a few generations.
fn run(gpu: &Gpu, network: &Network, optimizer: &dyn Optimizer, members: u32) -> Vec<u8> {
    let mut run = Run::new(gpu, network, optimizer).members(members).generations(4).seed(5).start().unwrap();
    run.advance(4).unwrap();
    let mut bits: Vec<u8> = run.best().unwrap().iter().flat_map(|x| x.to_bits().to_le_bytes()).collect();
    for record in &run.report().history {
        bits.extend([record.best, record.lowest, record.mean].iter().flat_map(|x| x.to_bits().to_le_bytes()));
    }
    bits
}

#[test]
fn no_candidate_changes_a_bit() {
    let Some(gpu) = common::gpu() else { return };
    let (pso, es, descent) = (Pso::default(), OpenAiEs::default(), Descent::new(Name::Adam));
    // Widths and rows that fill no tile; one fused form, layered ones of one to three layers, with and without a way back.
    let cases: [(&[u32], u32, &dyn Optimizer, u32); 5] = [
        (&[4, 10, 3], 150, &pso, 33),
        (&[5, 7, 2], 131, &es, 32),
        (&[70, 33, 10], 517, &pso, 9),
        (&[784, 32, 10], 100, &es, 8),
        (&[40, 128, 64, 7], 300, &descent, 2),
    ];
    for (layers, rows, optimizer, members) in cases {
        let network = network(layers, rows);
        let usual = run(&gpu, &network, optimizer, members);
        for tuning in candidates(&gpu) {
            let tuned = gpu.clone().with_tuning(tuning);
            assert!(tuned.is_tuned(), "{tuning:?}");
            assert!(run(&tuned, &network, optimizer, members) == usual, "{layers:?} {}: {tuning:?}", optimizer.name());
        }
    }
}

/// Also without subgroups, as most cards run.
#[test]
fn no_candidate_of_cards_changes_a_bit() {
    let Some(gpu) = common::gpu() else { return };
    let gpu = gpu.without_subgroups();
    let network = network(&[40, 128, 64, 7], 300);
    for optimizer in [&Pso::default() as &dyn Optimizer, &Descent::new(Name::Adam)] {
        let usual = run(&gpu, &network, optimizer, 3);
        let all = candidates(&gpu);
        assert!(all.iter().all(|tuning| !tuning.dense.broadcast) && all.len() > 6, "{all:?}");
        for tuning in all {
            assert!(run(&gpu.clone().with_tuning(tuning), &network, optimizer, 3) == usual, "{tuning:?}");
        }
    }
}

#[test]
fn other_shapes_are_other_kernels() {
    let Some(_) = common::gpu() else { return };
    // A device of its own, since kernels are kept by device.
    let gpu = Gpu::open(&gradless::gpu::Pick::Best).unwrap();
    let network = network(&[40, 128, 64, 7], 300);
    run(&gpu, &network, &Pso::default(), 3);
    let (usual, mut before) = (Tuning::usual(&gpu).dense, gpu.shaders().len());
    for tuning in candidates(&gpu).into_iter().filter(|tuning| tuning.dense != usual) {
        run(&gpu.clone().with_tuning(tuning), &network, &Pso::default(), 3);
        let now = gpu.shaders().len();
        assert!(now > before, "{tuning:?} made no kernel of its own");
        before = now;
    }
}

#[test]
fn what_does_not_fit_is_left_out() {
    let Some(gpu) = common::gpu() else { return };
    let usual = Tuning::usual(&gpu);
    let gpu = gpu.without_subgroups();
    let dense = |lanes, sums, units, broadcast| Tuning { dense: Dense { lanes, sums, units, broadcast }, ..usual };
    for tuning in [
        dense(0, 64, 8, false),
        dense(48, 64, 8, false),
        dense(4096, 64, 8, false),
        dense(64, 0, 8, false),
        dense(64, 100_000, 8, false),
        dense(64, 64, 4, false),
        dense(64, 64, 0, false),
        dense(8, 64, 8, true),
        Tuning { rows_at_once: 5, ..Tuning::usual(&gpu) },
    ] {
        assert!(!gpu.clone().with_tuning(tuning).is_tuned(), "{tuning:?}");
    }
}

#[test]
fn tuning_measures_every_candidate() {
    let Some(gpu) = common::gpu() else { return };
    let tuned = tune(&gpu, &mut |_| ()).unwrap();
    assert_eq!(tuned.measured.len(), candidates(&gpu).len());
    assert!(tuned.measured.iter().all(|one| one.seconds > 0.0 && (0.01..100.0).contains(&one.ratio)));
    assert!(tuned.measured.iter().filter(|one| one.usual).all(|one| one.ratio == 1.0));
    assert!(tuned.tuning.fits(&gpu), "{tuned:?}");
    for name in ["dense", "registers"] {
        let of = tuned.measured.iter().filter(|one| one.tunable == name && one.chosen);
        assert!(of.clone().count() == 1 && of.clone().all(|one| one.usual || one.ratio < 0.953), "{tuned:?}");
    }
}

fn gradless(home: &Path, arguments: &str) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradless"));
    command.current_dir(home).args(arguments.split_whitespace()).arg("--json");
    let output = command.env("NODEVICE_SELECT", "1").env("GRADLESS_CACHE", home.join("cache")).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_program_keeps_and_uses_what_it_measured() {
    let Some(gpu) = common::gpu() else { return };
    let home = tempfile::tempdir().unwrap();
    let program = |arguments: &str| gradless(home.path(), arguments);
    let is_tuned = |report: &Value| report["device"]["tuned"].as_bool().unwrap();
    let train = "train iris --model mlp:40,20 --population 8 --generations 5 --seed 2";
    let before = program(train);
    assert!(!is_tuned(&before) && program("devices")["tuned"][0] == false);
    let tuned = program("tune");
    let path = tuned["path"].as_str().unwrap().to_string();
    assert!(Path::new(&path).starts_with(home.path().join("cache")) && tuned["measured"].as_array().unwrap().len() > 6);
    let devices = program("devices");
    let used = devices["used"].as_u64().unwrap() as usize;
    assert!(devices["tuned"][used] == true, "{devices}");

    // Whatever was chosen, another shape is put in its place, so that it is not the usual one.
    let cache = Cache::at(&home.path().join("cache/tuning"));
    assert_eq!(cache.path(gpu.report()), Path::new(&path));
    let other = candidates(&gpu)[1];
    cache.write(gpu.report(), other).unwrap();
    let (after, without) = (program(train), program(&format!("{train} --no-tuning")));
    assert!(is_tuned(&after) && !is_tuned(&without));
    for name in ["train", "test"] {
        assert!(after[name] == before[name] && without[name] == before[name], "{before} {after} {without}");
    }
    // Another driver, a damaged file.
    let elsewhere = AdapterReport { driver: "another".into(), ..gpu.report().clone() };
    cache.write(&elsewhere, other).unwrap();
    assert!(!is_tuned(&program(train)), "written for another driver");
    std::fs::write(&path, "dense = [").unwrap();
    assert!(!is_tuned(&program(train)), "damaged");
    assert_eq!(program("tune --clear")["cleared"], true);
    assert!(!Path::new(&path).exists() && program("tune --clear")["cleared"] == false);
}
