//! The command line, as a user meets it.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/program.rs"]
mod program;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use program::{folder, gradless, json, output, refused};
use serde_json::Value;

/// What a report says of the result, without clock readings and places.
fn result(report: &Value) -> Value {
    let mut report = report.clone();
    for key in ["seconds", "device_busy", "out"] {
        report.as_object_mut().unwrap().remove(key);
    }
    report
}

#[test]
fn a_training_run_reports_as_the_contract_says_and_leaves_its_folder() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let report = json(home.path(), "train iris --generations 20 --population 40");
    for (place, kind) in [
        ("/version", "string"),
        ("/device/name", "string"),
        ("/device/backend", "string"),
        ("/data/train_rows", "number"),
        ("/model/parameters", "number"),
        ("/optimizer/settings/inertia", "number"),
        ("/seconds", "number"),
        ("/train/loss", "number"),
        ("/test/precision", "number"),
        ("/test/recall", "number"),
        ("/test/f1", "number"),
        ("/out", "string"),
    ] {
        let value = report.pointer(place).unwrap_or_else(|| panic!("{place}: {report}"));
        assert_eq!(value.is_string(), kind == "string", "{place}");
        assert_eq!(value.is_number(), kind == "number", "{place}");
    }
    assert_eq!(report["command"], "train");
    assert_eq!(report["model"]["parameters"], 83);
    assert_eq!((&report["generations"], &report["evaluations"]), (&20.into(), &800.into()));
    assert_eq!(report["optimizer"]["search"], "whole");
    assert_eq!(report["stop"], "generations");
    let run = home.path().join(report["out"].as_str().unwrap());
    for file in [
        "config.toml",
        "history.csv",
        "report.json",
        "model.safetensors",
        "test.csv",
        "loss.png",
        "loss.svg",
        "confusion.svg",
        "confusion.png",
    ] {
        assert!(run.join(file).metadata().unwrap().len() > 0, "{file}");
    }
    assert_eq!(std::fs::read_to_string(run.join("history.csv")).unwrap().lines().count(), 21);
    let saved: Value = serde_json::from_slice(&std::fs::read(run.join("report.json")).unwrap()).unwrap();
    assert_eq!(saved, report);
    // Two features: the plane is drawn as well. Nothing to hold out: no test scores.
    let report = json(home.path(), "train moons:200 --generations 5 --population 8 --test 0");
    assert!(home.path().join(report["out"].as_str().unwrap()).join("regions.png").exists());
    assert!(report["test"].is_null());
}

#[test]
fn the_saved_config_repeats_the_run_and_flags_go_before_it() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let settings =
        "--generations 12 --population 20 --seed 4 --batch 30 -s neighbourhood=ring -s social=1.3 --model mlp:6";
    let first = json(home.path(), &format!("train moons {settings} --out a"));
    let again = json(home.path(), "train --config a/config.toml --out b");
    assert_eq!(result(&first), result(&again));
    assert_eq!(first["evaluations"], 480, "personal bests are scored again on every batch");
    let other = json(home.path(), "train --config a/config.toml --seed 5 --out c");
    assert_eq!(other["seed"], 5);
    assert_ne!(first["train"], other["train"]);
}

#[test]
fn a_loss_with_numbers_goes_through_every_file_of_a_run() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let folder = home.path();
    let asked = "train iris --optimizer eggroll --population 16 --generations 20 --loss additive-margin";
    let report = json(folder, &format!("{asked}:12,0.25 --out a"));
    assert_eq!(report["model"]["loss"], "additive-margin:12,0.25");
    let config = std::fs::read_to_string(folder.join("a/config.toml")).unwrap();
    assert!(config.contains("loss = \"additive-margin:12,0.25\""), "{config}");
    let again = json(folder, "train --config a/config.toml --out b");
    assert_eq!((&again["train"], &again["test"]), (&report["train"], &report["test"]));
    let scored = json(folder, "eval a a/test.csv");
    assert_eq!(scored["test"], report["test"]);
    let predicted = json(folder, "predict a a/test.csv");
    assert_eq!(predicted["test"], report["test"]);
    assert_eq!(json(folder, &format!("{asked} --out c"))["model"]["loss"], "additive-margin:30,0.35");

    assert!(refused(folder, "train iris --loss hinge", 2).contains("additive-margin"));
    assert!(refused(folder, "train iris --loss additive-margin:1,-1", 2).contains("above 0"));
    assert!(refused(folder, "train iris --loss additive-margin --search neurons", 2).contains("whole"));
}

#[test]
fn a_moved_folder_predicts_and_scores_what_was_reported() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let report = json(home.path(), "train iris --optimizer gwo --generations 30 --population 30 --out run");
    let elsewhere = folder();
    std::fs::rename(home.path().join("run"), elsewhere.path().join("moved")).unwrap();
    let predicted = json(elsewhere.path(), "predict moved moved/test.csv -o out.csv");
    assert_eq!(predicted["test"], report["test"]);
    assert_eq!(json(elsewhere.path(), "eval moved moved/test.csv")["test"], report["test"]);
    let text = std::fs::read_to_string(elsewhere.path().join("out.csv")).unwrap();
    let header = text.lines().next().unwrap();
    assert!(header.contains(",prediction,p("), "{header}");
    for line in text.lines().skip(1) {
        let shares: Vec<f64> = line.rsplit(',').take(3).map(|cell| cell.parse().unwrap()).collect();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{line}");
    }
    // Without labels there is a prediction and no score.
    let bare: String = std::fs::read_to_string(elsewhere.path().join("moved/test.csv"))
        .unwrap()
        .lines()
        .map(|line| format!("{}\n", line.rsplit_once(',').unwrap().0))
        .collect();
    std::fs::write(elsewhere.path().join("bare.csv"), bare).unwrap();
    assert!(json(elsewhere.path(), "predict moved bare.csv")["test"].is_null());
    refused(elsewhere.path(), "eval moved bare.csv", 1);
}

/// IDX files of 3 x 4 pixels in a folder: class 7 is bright above, class 2 below.
fn write_images(folder: &Path, part: &str, count: u32) {
    let head = |dimensions: &[u32]| {
        let sizes = dimensions.iter().flat_map(|size| size.to_be_bytes());
        [0, 0, 8, dimensions.len() as u8].into_iter().chain(sizes).collect::<Vec<u8>>()
    };
    let (mut images, mut labels) = (head(&[count, 3, 4]), head(&[count]));
    for i in 0..count {
        let above = i % 2 == 0;
        labels.push(if above { 7 } else { 2 });
        images
            .extend((0..12).map(|pixel| if (pixel < 6) == above { 200 - (i * 7 % 50) as u8 } else { (i % 30) as u8 }));
    }
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
    std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
}

#[test]
fn a_folder_of_images_trains_scores_and_predicts() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    write_images(&home.path().join("images"), "train", 60);
    let arguments = "--generations 20 --population 30 --model none";
    let held_out = json(home.path(), &format!("train images {arguments} --out held"));
    assert_eq!((&held_out["data"]["train_rows"], &held_out["data"]["test_rows"]), (&48.into(), &12.into()));
    assert_eq!(json(home.path(), "eval held held/test.csv")["test"], held_out["test"]);

    write_images(&home.path().join("images"), "t10k", 25);
    let report = json(home.path(), &format!("train images {arguments} --out run --search neurons --validation 0.1"));
    let data = serde_json::json!({"name": "images", "train_rows": 54, "validation_rows": 6, "test_rows": 25,
                                  "features": 12, "classes": 2});
    assert_eq!((&report["data"], &report["test"]["accuracy"]), (&data, &1.0.into()));
    assert!(!home.path().join("run/test.csv").exists(), "the folder has the test part");
    let scored = json(home.path(), "eval run images");
    assert_eq!((&scored["test"], &scored["data"]["rows"]), (&report["test"], &25.into()));
    std::fs::write(home.path().join("rows.csv"), "9,9,9,9,9,9,200,200,200,200,200,200\n").unwrap();
    assert_eq!(json(home.path(), "predict run rows.csv")["predictions"], serde_json::json!(["2"]));
    assert_eq!(json(home.path(), "train --resume run --generations 22")["generations"], 22);
    write_images(&home.path().join("images"), "train", 61);
    assert!(refused(home.path(), "train --resume run --generations 24", 1).contains("data changed"));
}

#[test]
fn digits_are_images_of_64_pixels() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let report = json(home.path(), "train digits --generations 3 --population 8 --out run");
    assert_eq!((&report["data"]["features"], &report["model"]["parameters"]), (&64.into(), &760.into()));
    assert_eq!(json(home.path(), "eval run run/test.csv")["test"], report["test"]);
    assert_eq!(json(home.path(), "eval run digits")["data"]["rows"], 1797);
}

#[test]
fn minimize_finds_optima_and_shows_the_wolves_a_moved_one() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let pso = json(home.path(), "minimize sphere --dims 5 --generations 300");
    assert!(pso["best"].as_f64().unwrap() < 1e-6);
    assert_eq!(pso["x"].as_array().unwrap().len(), 5);
    assert_eq!(pso["evaluations"], 9000);
    assert!(pso["shifted"].is_null());
    let gwo = json(home.path(), "minimize f1 --optimizer gwo --generations 200");
    let (plain, moved) = (gwo["best"].as_f64().unwrap(), gwo["shifted"]["best"].as_f64().unwrap());
    assert!(moved > 1e3 * plain, "{plain} {moved}");
    let text = "fn objective(c: u32) -> f32 { return abs(at(c, 0u) - 0.25) + abs(at(c, 1u) - 2.0); }";
    std::fs::write(home.path().join("mine.wgsl"), text).unwrap();
    let mine = json(home.path(), "minimize mine.wgsl --low -3 --high 3 --target 0.001");
    assert!(mine["best"].as_f64().unwrap() <= 1e-3);
    assert_eq!(mine["stop"], "target");
    let several = json(home.path(), "minimize rastrigin --dims 3 --runs 4 --generations 50");
    assert_eq!(several["runs"].as_array().unwrap().len(), 4);
}

#[test]
fn limits_end_a_run_where_they_say() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let report = json(home.path(), "train xor --evaluations 1000 --population 64 --out a");
    assert_eq!((&report["evaluations"], &report["generations"]), (&960.into(), &15.into()));
    let report = json(home.path(), "train iris --seconds 0.5 --out b");
    assert_eq!(report["stop"], "seconds");
    assert!(report["generations"].as_u64().unwrap() > 0);
    let report = json(home.path(), "train iris --target 0.5 --out c");
    assert_eq!(report["stop"], "target");
    assert!(report["generations"].as_u64().unwrap() < 300);
    for smallest in ["--population 1", "--batch 1", "--model mlp:1", "--model none", "--generations 1"] {
        json(home.path(), &format!("train xor:40 --seed 2 {smallest}"));
    }
}

#[test]
fn wrong_usage_is_told_apart_from_failure() {
    let home = folder();
    for (arguments, word) in [
        ("train iris --population 0", "population"),
        ("train iris --optimizer nope", "gwo"),
        ("train iris -s inertia=9", "inertia"),
        ("train iris -s nothing=9", "social"),
        ("train iris --model lenet9", "mlp"),
        ("train iris --batch 0", "batch"),
        ("train iris --validation 0.6", "validation"),
        ("train digits --label 3", "label"),
        ("train nosuchdata", "iris"),
        ("train iris --seconds -1", "seconds"),
        ("minimize nosuchfunction", "--list"),
        ("minimize beale --dims 7", "2 dimensions"),
        ("train", "DATA"),
        ("nonsense", "nonsense"),
    ] {
        let message = refused(home.path(), arguments, 2);
        assert!(message.contains(word), "{arguments}: {message}");
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn help_teaches() {
    let home = folder();
    let text = |arguments: &str| String::from_utf8(output(home.path(), arguments).stdout).unwrap();
    assert!(text("--help").contains("gradless train iris"));
    assert!(text("train --help").matches("[default").count() >= 10);
    let settings = text("train --optimizer empso --help-settings");
    assert!(settings.contains("beta") && settings.contains("0.9"), "{settings}");
    assert!(text("minimize --list").contains("schwefel-2.22"));
    assert!(text("data list").contains("moons"));
}

#[test]
fn an_existing_folder_is_not_overwritten_and_numbers_go_on() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let run = "train xor:60 --generations 2 --population 4";
    json(home.path(), &format!("{run} --out here"));
    assert!(refused(home.path(), &format!("{run} --out here"), 1).contains("--resume"));
    let names: Vec<_> = (0..2).map(|_| json(home.path(), run)["out"].as_str().unwrap().to_string()).collect();
    assert_ne!(names[0], names[1]);
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let home = folder();
    let mut child = gradless(home.path())
        .args(["minimize", "--list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let closed = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&closed.stderr).contains("panicked"));
    #[cfg(target_os = "linux")]
    {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let full = gradless(home.path()).args(["data", "list"]).stdout(full).output().unwrap();
        let message = String::from_utf8_lossy(&full.stderr).into_owned();
        assert!(full.status.code() == Some(1) && !message.contains("panicked"), "{message}");
    }
}

/// Whether two runs left the same files, byte for byte.
fn same_outcome(one: &Path, other: &Path) -> bool {
    ["model.safetensors", "history.csv"]
        .iter()
        .all(|file| std::fs::read(one.join(file)).unwrap() == std::fs::read(other.join(file)).unwrap())
}

const LONG: &str = "train iris --generations 3000 --population 64 --seed 3";

#[test]
fn a_killed_run_goes_on_bit_for_bit() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let whole = json(home.path(), &format!("{LONG} --out whole"));
    for (number, after) in [60, 150, 400, 800].into_iter().enumerate() {
        let name = format!("killed{number}");
        let mut child = gradless(home.path())
            .args(LONG.split_whitespace())
            .args(["--out", &name, "--checkpoint", "0.02"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(after));
        child.kill().unwrap();
        child.wait().unwrap();
        let path = home.path().join(&name);
        if !path.exists() {
            continue; // killed before the run began: there is nothing to go on from, and nothing half made
        }
        let resumed = json(home.path(), &format!("train --resume {name}"));
        assert!(same_outcome(&path, &home.path().join("whole")), "killed after {after} ms");
        assert_eq!(result(&resumed), result(&whole), "killed after {after} ms");
    }
    // A finished run stays as it is; with more generations it goes on.
    let again = json(home.path(), "train --resume whole");
    assert_eq!(result(&again), result(&whole));
    assert_eq!(json(home.path(), "train --resume whole --generations 3100")["generations"], 3100);
    assert!(refused(home.path(), "train --resume whole --population 5", 2).contains("population"));
    assert!(refused(home.path(), "train --resume nowhere", 1).contains("nowhere"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_reports_and_goes_on() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    json(home.path(), &format!("{LONG} --out whole"));
    let child = gradless(home.path())
        .args(LONG.split_whitespace())
        .args(["--out", "cut", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Not before the run is under way.
    let history: PathBuf = home.path().join("cut/history.csv");
    while std::fs::metadata(&history).map_or(0, |m| m.len()) < 200 {
        std::thread::sleep(Duration::from_millis(5));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["stop"], "interrupted");
    let resumed = json(home.path(), "train --resume cut");
    assert_eq!((&resumed["stop"], &resumed["generations"]), (&"generations".into(), &3000.into()));
    assert!(same_outcome(&home.path().join("cut"), &home.path().join("whole")));
}

#[test]
fn changed_data_are_not_gone_on_with() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let rows = |shift: usize| -> String {
        (0..60).map(|i| format!("{},{},{}\n", (i * 7 + shift) % 13, i % 5, ["a", "b"][i % 2])).collect()
    };
    std::fs::write(home.path().join("d.csv"), format!("x,y,class\n{}", rows(0))).unwrap();
    json(home.path(), "train d.csv --generations 3 --population 4 --out r");
    std::fs::write(home.path().join("d.csv"), format!("x,y,class\n{}", rows(1))).unwrap();
    assert!(refused(home.path(), "train --resume r", 1).contains("changed"));
}

/// The folder with the real tables, if it is there.
fn tables() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("GRADLESS_DATA").map_or(default, PathBuf::from).join("tabular");
    if !data.is_dir() {
        eprintln!("skipped: no data in {} (set GRADLESS_DATA)", data.display());
        return None;
    }
    Some(data)
}

#[test]
fn every_real_table_trains_as_it_is_and_predicts_what_was_reported() {
    let (Some(_), Some(data)) = (common::gpu(), tables()) else { return };
    let home = folder();
    let mut count = 0;
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let report =
            json(home.path(), &format!("train {} --generations 2 --population 8 --out {name}", path.display()));
        let predicted = json(home.path(), &format!("predict {name} {name}/test.csv"));
        assert_eq!(predicted["test"]["accuracy"], report["test"]["accuracy"], "{name}");
        count += 1;
    }
    assert_eq!(count, 21);
}
