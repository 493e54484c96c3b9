//! Problems that are no tables of rows, from the command line.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

fn gradless(arguments: &[&str], home: &Path) -> Command {
    let mut command = Command::cargo_bin("gradless").unwrap();
    command.current_dir(home).args(arguments);
    command
}

fn report(arguments: &[&str], home: &Path) -> Value {
    let output = gradless(arguments, home).arg("--json").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(arguments: &[&str], home: &Path) -> String {
    let output = gradless(arguments, home).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(std::fs::read_dir(home).unwrap().next().is_none(), "{arguments:?} leaves nothing behind");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn robertsons_reaction_is_followed_by_a_network() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let told = ["train", "rober", "--model", "mlp:32", "--generations", "250", "--out", "run"];
    let report = report(&told, home.path());
    assert!(report["train"]["mae"].as_f64().unwrap() < 0.12, "{report}");
    assert!(report["test"]["mae"].as_f64().unwrap() < 0.12, "{report}");
    assert_eq!(report["model"]["parameters"], 4 * 32 + 32 + 32 * 3 + 3);
    for file in ["config.toml", "history.csv", "report.json", "model.safetensors", "loss.svg", "trajectories.png"] {
        assert!(home.path().join("run").join(file).is_file(), "{file}");
    }
}

#[test]
fn a_problem_goes_on_where_it_stopped() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let told = |generations: &'static str, out: &'static str| {
        // The rate must not depend on where the run was going to end.
        let common = ["train", "spiral", "--model", "mlp:5", "--population", "8", "-s", "decay=constant"];
        [&common[..], &["--generations", generations, "--out", out]].concat()
    };
    let whole = report(&told("12", "whole"), home.path());
    report(&told("5", "parts"), home.path());
    let parts = report(&["train", "--resume", "parts", "--generations", "12"], home.path());
    assert_eq!((&parts["train"], &parts["test"]), (&whole["train"], &whole["test"]));
    let history = |run: &str| std::fs::read_to_string(home.path().join(run).join("history.csv")).unwrap();
    assert_eq!(history("whole"), history("parts"));
}

#[test]
fn gradients_through_time_are_measured() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let told = ["train", "spiral", "--model", "mlp:5", "--optimizer", "adam", "-s", "clip=1", "--generations", "20"];
    let report = report(&[&told[..], &["--out", "run"]].concat(), home.path());
    assert_eq!((report["population"].as_u64(), report["evaluations"].as_u64()), (Some(1), Some(20)));
    let history = std::fs::read_to_string(home.path().join("run/history.csv")).unwrap();
    let norms: Vec<f64> = history.lines().skip(1).map(|l| l.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert!(norms.len() == 20 && norms.iter().all(|norm| *norm > 0.0), "{norms:?}");
    assert!(home.path().join("run/gradient.svg").is_file() && home.path().join("run/phase-plane.svg").is_file());
    // Its weights are no network on rows.
    let refused = gradless(&["eval", "run", "iris.csv"], home.path()).output().unwrap();
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(1) && message.contains("weights of a problem"), "{message}");
}

#[test]
fn a_circuit_learns_to_remember() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let told = ["train", "memory", "--loss", "accuracy", "--generations", "100", "--seed", "2", "--out", "run"];
    let report = report(&told, home.path());
    assert!(report["test"]["accuracy"].as_f64().unwrap() > 0.9, "{report}");
    assert_eq!((&report["model"]["name"], &report["model"]["parameters"]), (&"circuit".into(), &481.into()));
    for file in ["voltages.svg", "spikes.png", "readout.svg", "phase-plane.svg", "model.safetensors"] {
        assert!(home.path().join("run").join(file).is_file(), "{file}");
    }
    let refused = |arguments: &[&str]| {
        let output = gradless(&[&["train", "integration"], arguments].concat(), home.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&["--model", "mlp:3"]).contains("problem.neurons"));
    assert!(refused(&["--loss", "mse"]).contains("accuracy"));
    assert!(refused(&["-s", "problem.neurons=0"]).contains("neurons = 0"));
    assert!(refused(&["-s", "problem.step=0"]).contains("step = 0"));
    assert!(refused(&["-s", "problem.kind=soft"]).contains("snlc"));
}

#[test]
fn methods_are_compared_on_a_problem() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let methods = "openai-es:population=8 adam subspace:10/pso:population=8,model=mlp:4";
    let told = ["compare", "rober", "--optimizers", methods, "--generations", "6", "--seeds", "2", "--model", "mlp:3"];
    let report = report(&told, home.path());
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 6);
    assert!(runs.iter().all(|run| run["test"]["mae"].as_f64().is_some()), "{report}");
    assert_eq!((&runs[0]["model"]["name"], &runs[2]["model"]["name"]), (&"mlp:3".into(), &"mlp:4".into()));
}

#[test]
fn what_makes_no_sense_is_refused() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str]| refused(&[&["train", "rober"], arguments].concat(), home.path());
    assert!(refused(&["--loss", "cross-entropy"]).contains("absolute or squared"));
    assert!(refused(&["-s", "problem.tame=share"]).contains("problem.time"));
    assert!(refused(&["-s", "problem.time=sideways"]).contains("sideways"));
    assert!(refused(&["-s", "problem.integrator=rk5"]).contains("rk4"));
    assert!(refused(&["-s", "problem.substeps=0"]).contains("substeps = 0"));
    assert!(refused(&["-s", "problem.observations=2"]).contains("3 to 10000"));
    assert!(refused(&["-s", "problem.segment=50"]).contains("1 to 49 intervals"));
    assert!(refused(&["--test", "0.3"]).contains("no table"));
    assert!(refused(&["--epochs", "3"]).contains("--generations"));
    assert!(refused(&["--optimizer", "adam", "-s", "problem.integrator=rodas3"]).contains("euler, rk2 and rk4"));
    assert!(refused(&["--optimizer", "adaswarm"]).contains("estimate = swarm"));
}
