//! `gradless train --start`: a run that begins with a saved network.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/program.rs"]
mod program;

use program::{folder, json, refused};

#[test]
fn a_run_begins_with_a_saved_network() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let first = json(home.path(), "train iris --generations 40 --population 40 --seed 3 --out first");
    let loss = first["train"]["loss"].as_f64().unwrap();
    // The best of the first generation of another run is the saved network, or better.
    let begun = |name: &str, arguments: &str| {
        let train = format!("train iris --seed 3 --generations 1 --out {name} {arguments}");
        let report = json(home.path(), &train);
        let history = std::fs::read_to_string(home.path().join(name).join("history.csv")).unwrap();
        let best: f64 = history.lines().nth(1).unwrap().split(',').nth(1).unwrap().parse().unwrap();
        (best, report)
    };
    for (number, method) in ["pso", "gwo", "openai-es", "eggroll", "adam", "pso --search neurons"].iter().enumerate() {
        let (random, _) = begun(&format!("random{number}"), &format!("--optimizer {method}"));
        let (best, _) = begun(&format!("begun{number}"), &format!("--optimizer {method} --start first"));
        assert!(best <= loss + 1e-5 && loss < random, "{method}: {best} after {loss}, else {random}");
    }
    // A gradient's only network has moved no way at a rate of 0: the file is the same but for rounding.
    let (best, report) = begun("file", "--optimizer sgd -s rate=0 --start first/model.safetensors");
    assert!((best - loss).abs() < 1e-5, "{best} for {loss}");
    assert!((report["train"]["loss"].as_f64().unwrap() - loss).abs() < 1e-5);

    // The folder says where it began, and goes on without it; from the same settings alone it begins there again.
    let config = std::fs::read_to_string(home.path().join("begun0/config.toml")).unwrap();
    assert!(config.contains("start = ") && config.contains("first"), "{config}");
    let again = json(home.path(), "train --config begun0/config.toml --out again");
    let once = std::fs::read(home.path().join("begun0/history.csv")).unwrap();
    assert_eq!(std::fs::read(home.path().join("again/history.csv")).unwrap(), once, "{again}");
    std::fs::rename(home.path().join("first"), home.path().join("moved")).unwrap();
    json(home.path(), "train --resume begun0 --generations 3");
    let message = refused(home.path(), "train --config begun0/config.toml --out nowhere", 2);
    assert!(message.contains("start") && message.contains("no saved network"), "{message}");
    assert!(!home.path().join("nowhere").exists());
}

#[test]
fn a_start_that_does_not_fit_is_refused_with_what_would() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    json(home.path(), "train iris --generations 2 --population 8 --out first");
    std::fs::write(home.path().join("note.txt"), "no model").unwrap();
    for (arguments, told, code) in [
        ("--start first --model mlp:11", ["4-10-3 with tanh", "4-11-3 with tanh"], 2),
        ("--start first --activation relu", ["4-10-3 with tanh", "4-10-3 with relu"], 2),
        ("--start first --search subspace:10", ["subspace:10", "search the whole"], 2),
        ("--start second", ["start = second", "no saved network"], 2),
        ("--start note.txt", ["note.txt", "not a model"], 1),
    ] {
        let message = refused(home.path(), &format!("train iris --generations 2 --out new {arguments}"), code);
        assert!(told.iter().all(|text| message.contains(text)), "{arguments}: {message}");
        assert!(!home.path().join("new").exists(), "{arguments}");
    }
    let message = refused(home.path(), "train digits --start first --out new", 2);
    assert!(message.contains("4-10-3") && message.contains("64-10-10"), "{message}");
    let message = refused(home.path(), "train --resume first --start first", 2);
    assert!(message.contains("--start") && message.contains("--resume"), "{message}");
}
