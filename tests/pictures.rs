//! Networks on pictures from the command line: trained, saved, scored, gone on with, and refused where they do not fit.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/program.rs"]
mod program;

use gradless::model::Model;
use program::{folder, json, refused};

const MODEL: &str = "conv:6x3p1,relu,max:2,conv:8x3,relu,average:2,dense:16,relu";

#[test]
fn a_network_on_pictures_learns_is_saved_and_predicts() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let adam = format!("train digits --model {MODEL} --optimizer adam -s rate=0.01 --batch 32 --epochs 15");
    let report = json(home.path(), &format!("{adam} --out run"));
    // 10 x 6 in the first layer, 55 x 8, 9 x 16 and 17 x 10.
    assert_eq!(report["model"]["parameters"], 60 + 440 + 144 + 170);
    assert_eq!(report["model"]["activation"], "relu");
    let accuracy = report["test"]["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.8, "{accuracy}");
    assert_eq!(json(home.path(), "eval run run/test.csv")["test"], report["test"]);
    let predicted = json(home.path(), "predict run run/test.csv");
    assert_eq!(predicted["test"]["accuracy"], report["test"]["accuracy"]);

    for picture in ["filters", "mistakes", "confusion"] {
        assert!(
            home.path().join(format!("run/{picture}.png")).exists()
                && home.path().join(format!("run/{picture}.svg")).exists()
        );
    }
    let model = Model::load(&home.path().join("run/model.safetensors")).unwrap();
    let shapes: Vec<_> = model.architecture.tensors(&model.weights).into_iter().map(|tensor| tensor.1).collect();
    assert_eq!(shapes[..4], [vec![6, 1, 3, 3], vec![6], vec![8, 6, 3, 3], vec![8]]);
    assert_eq!(model.architecture.weights(&model.architecture.position(&model.weights)).len(), model.weights.len());

    let more = json(home.path(), &format!("train digits --model {MODEL} --start run --optimizer sgd --generations 2"));
    assert!(more["train"]["accuracy"].as_f64().unwrap() > 0.8);
    let other = refused(home.path(), "train digits --model conv:6x3p1 --start run", 2);
    assert!(other.contains("max:2"), "{other}");
}

#[test]
fn every_search_takes_a_network_on_pictures() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    for (number, search) in [
        "--optimizer pso",
        "--optimizer openai-es --batch 40",
        "--optimizer eggroll",
        "--optimizer pso --search neurons",
        "--optimizer pso --search layers",
        "--optimizer snes --search subspace:20",
        "--optimizer adam -s update=position-wise",
        "--optimizer adam -s estimate=swarm --batch 20",
        "--optimizer sgd --loss additive-margin",
    ]
    .into_iter()
    .enumerate()
    {
        let model = "conv:4x3,relu,max:2,dense:6,relu";
        let arguments = format!("train digits --model {model} {search} --population 6 --generations 8 --out {number}");
        let report = json(home.path(), &arguments);
        let loss = report["train"]["loss"].as_f64().unwrap();
        assert!(loss.is_finite() && report["generations"] == 8, "{search}: {report}");
    }
}

#[test]
fn what_does_not_fit_the_pictures_is_refused_by_name() {
    let home = folder();
    for (arguments, words) in [
        ("train iris --model lenet5", "no pictures"),
        ("train digits --model conv:4x9", "conv:4x9"),
        ("train digits --model dense:9,relu,conv:4x3", "no pixels"),
        ("train digits --model lenet", "lenet5"),
    ] {
        let message = refused(home.path(), arguments, 2);
        assert!(message.contains(words), "{arguments}: {message}");
    }
}

#[test]
fn drawn_digits_can_be_learned_and_are_not_trivial() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let accuracy = |arguments: &str| {
        let report = json(home.path(), &format!("train digits-like:5000 --optimizer adam --batch 64 {arguments}"));
        assert_eq!((&report["data"]["train_rows"], &report["data"]["classes"]), (&4000.into(), &10.into()));
        report["test"]["accuracy"].as_f64().unwrap()
    };
    let linear = accuracy("--model none -s rate=0.003 --epochs 5");
    let pixels = accuracy("--model lenet5 -s rate=0.002 --generations 180");
    assert!((0.84..0.96).contains(&linear), "a linear model comes to {linear}");
    assert!(pixels > 0.96 && pixels > linear, "LeNet-5 comes to {pixels}, a linear model to {linear}");
}
