//! `compare` and `reproduce`, as a user meets them.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[cfg(unix)]
#[path = "common/interrupted.rs"]
mod interrupted;

use std::path::Path;
use std::process::{Command, Output};

#[cfg(unix)]
use interrupted::interrupted;
use serde_json::Value;

fn gradless(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradless"));
    command.current_dir(folder).env("NODEVICE_SELECT", "1").env_remove("GRADLESS_DATA");
    command
}

fn output(folder: &Path, arguments: &str) -> Output {
    gradless(folder).args(arguments.split_whitespace()).output().unwrap()
}

/// The JSON object that a command prints, and nothing else on stdout; with what it wrote on stderr.
fn json(folder: &Path, arguments: &str) -> (Value, String) {
    let output = output(folder, &format!("{arguments} --json"));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments}: {errors}");
    (serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments}: {e}")), errors)
}

fn refused(folder: &Path, arguments: &str, code: i32) -> String {
    let output = output(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments}: {message}");
    assert!(message.contains("error") && !message.contains("panicked"), "{arguments}: {message}");
    message
}

fn texts(list: &Value, key: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry[key].as_str().unwrap().to_string()).collect()
}

#[test]
fn methods_are_compared_on_the_same_rows_with_the_same_budget() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (report, errors) = json(home.path(), "compare iris --optimizers pso,gwo --seeds 2 --evaluations 2000");
    assert_eq!(errors, "", "progress is for terminals");
    assert_eq!((&report["command"], &report["budget"]["evaluations"]), (&"compare".into(), &2000.into()));
    assert_eq!(texts(&report["methods"], "method"), ["pso", "gwo"]);
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(texts(&report["runs"], "method"), ["pso", "gwo", "pso", "gwo"]);
    for run in runs {
        assert_eq!((&run["command"], &run["data"]["train_rows"]), (&"train".into(), &120.into()));
        assert_eq!((&run["evaluations"], &run["generations"]), (&1920.into(), &15.into()));
        let trace = run["trace"].as_array().unwrap();
        assert_eq!((trace.len(), &trace[0][0], &trace[14][0]), (15, &128.into(), &1920.into()));
        assert!(trace.is_sorted_by(|a, b| a[1].as_f64() <= b[1].as_f64() && a[2].as_f64() >= b[2].as_f64()));
        let (last, loss) = (trace[14][2].as_f64().unwrap(), run["train"]["loss"].as_f64().unwrap());
        assert!((last - loss).abs() < 1e-4 * (1.0 + loss), "{last} {loss}");
    }
    assert_eq!(report["tests"].as_array().unwrap().len(), 2);
    assert!(report["tests"][0]["clear"] == false && report["tests"][0]["p"].as_f64().unwrap() > 0.05);
    let out = home.path().join(report["out"].as_str().unwrap());
    assert!(out.ends_with("runs/compare-iris-1"));
    for file in ["config.toml", "loss-evaluations.png", "loss-evaluations.svg", "loss-seconds.png", "loss-seconds.svg"]
    {
        assert!(out.join(file).metadata().unwrap().len() > 0, "{file}");
    }
    let saved: Value = serde_json::from_slice(&std::fs::read(out.join("compare.json")).unwrap()).unwrap();
    assert_eq!(saved, report);
    assert_eq!(std::fs::read_to_string(out.join("compare.csv")).unwrap().lines().count(), 5);
    // A run of a comparison is the run that `train` makes.
    let train = "train iris --optimizer gwo --seed 2 --evaluations 2000 --out t";
    let (alone, _) = json(home.path(), train);
    assert_eq!((&alone["train"], &alone["test"]), (&runs[3]["train"], &runs[3]["test"]));
}

#[test]
fn methods_bring_settings_of_their_own_and_the_table_is_honest() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let list = "--optimizers pso:social=1.2,population=32,whole/gwo:leaders=best-3 --optimizers empso:batch=20";
    let budget = "--seeds 2 --generations 6 --population 16 --test 0 --out c";
    let (report, _) = json(home.path(), &format!("compare xor:60 {list} {budget}"));
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(
        texts(&report["methods"], "method"),
        ["pso:social=1.2,population=32", "whole/gwo:leaders=best-3", "empso:batch=20"]
    );
    assert_eq!((&runs[0]["population"], &runs[0]["optimizer"]["settings"]["social"]), (&32.into(), &1.2.into()));
    assert_eq!(runs[1]["optimizer"]["settings"]["leaders"], "best-3");
    assert_eq!((&runs[2]["batch"], &runs[2]["population"]), (&20.into(), &16.into()));
    assert!(runs[0]["test"].is_null() && report["methods"][0]["test"].is_null());
    assert!(report["tests"].as_array().unwrap().iter().all(|test| test["measure"] == "train loss"));
    assert!(refused(home.path(), "compare xor --optimizers pso --out c", 1).contains("another --out"));
    let text = output(home.path(), "compare xor:60 --optimizers pso,gwo --seeds 2 --seconds 0.05 --out d");
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("With fewer than 4 seeds") && text.contains("0.05 s a run"), "{text}");
    let text = output(home.path(), "compare xor:60 --optimizers pso,gwo --seeds 4 --generations 2 --out e");
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("Best train loss: ") && text.contains("clear (p = "), "{text}");
}

#[test]
fn wrong_comparisons_are_refused_before_anything_is_written() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, word) in [
        ("compare iris", "--optimizers"),
        ("compare iris --optimizers pso,nope", "gwo"),
        ("compare iris --optimizers pso,pso", "twice"),
        ("compare iris --optimizers pso,population=3", "colon"),
        ("compare iris --optimizers halves/pso", "search"),
        ("compare iris --optimizers pso:social=9", "social"),
        ("compare iris --optimizers pso --seeds 0", "seeds"),
        ("compare iris --optimizers pso --evaluations 100", "smaller population"),
        ("compare iris --optimizers pso --evaluations 1000 --seconds 1", "cannot be used"),
        ("compare nosuchdata --optimizers pso", "iris"),
        ("reproduce nothing", "neuron-pso"),
    ] {
        let message = refused(home.path(), arguments, 2);
        assert!(message.contains(word), "{arguments}: {message}");
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing was written");
}

#[cfg(unix)]
#[test]
fn an_interrupted_comparison_keeps_what_it_measured() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let arguments = "compare moons --optimizers pso,gwo --seeds 100 --out c --json";
    let command = &mut gradless(home.path());
    let report = interrupted(command.args(arguments.split_whitespace()), &home.path().join("c/compare.csv"));
    let runs = report["runs"].as_array().unwrap();
    assert!((2..200).contains(&runs.len()) && report["planned"] == 200);
    assert!(runs.iter().all(|run| run["stop"] == "evaluations"), "half a run is none");
    assert!(home.path().join("c/loss-seconds.png").exists());
}

const EXPERIMENT: &str = r#"
name = "tiny"
title = "A paper on little"
source = "nowhere"
about = "What is known of it."
seeds = 2
[[case]]
name = "square"
methods = ["pso", "gwo:leaders=best-3"]
config = { data = "xor:60", evaluations = 200, population = 20 }
published = [{ method = "guessing", accuracy = 0.5, source = "a coin" }]
[[case]]
name = "table"
methods = ["pso"]
get = "the table of all tables"
config = { data = "sub/table.csv", generations = 3, population = 10 }
"#;

#[test]
fn an_experiment_goes_on_where_it_was_and_repeats_what_changed() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("tiny.toml");
    std::fs::write(&file, EXPERIMENT).unwrap();
    let run = |arguments: &str| json(home.path(), &format!("reproduce tiny.toml {arguments}"));
    let seconds = |report: &Value, case: usize| -> Vec<String> {
        report["cases"][case]["runs"].as_array().unwrap().iter().map(|run| run["trace"].to_string()).collect()
    };
    let (first, errors) = run("");
    assert!(errors.contains("the table of all tables") && errors.contains("sub/table.csv"), "{errors}");
    assert!(first["cases"][1]["skipped"].as_str().unwrap().contains("--data"));
    assert_eq!(texts(&first["cases"][0]["runs"], "method"), ["pso", "gwo:leaders=best-3", "pso", "gwo:leaders=best-3"]);
    let out = home.path().join("runs/reproduce-tiny");
    let tables = std::fs::read_to_string(out.join("tables.md")).unwrap();
    for text in ["# A paper on little", "What is known", "| `pso` | 2 |", "guessing (a coin) | | 0.5 |", "Not run"] {
        assert!(tables.contains(text), "{text}: {tables}");
    }
    for file in ["results.json", "results.csv", "runs.jsonl", "square-evaluations.png", "square-seconds.svg"] {
        assert!(out.join(file).metadata().unwrap().len() > 0, "{file}");
    }
    // The clock readings of a trace never come twice: equal ones were not measured again.
    let (again, _) = run("");
    assert_eq!(seconds(&first, 0), seconds(&again, 0));
    // A damaged line costs one run, and what is said about the paper costs none.
    let kept = std::fs::read_to_string(out.join("runs.jsonl")).unwrap();
    std::fs::write(out.join("runs.jsonl"), &kept[..kept.len() - 20]).unwrap();
    std::fs::write(&file, EXPERIMENT.replace("known of it", "not known of it")).unwrap();
    let (mended, errors) = run("");
    assert!(errors.contains("line 4"), "{errors}");
    let same = |a: &Value, b: &Value| seconds(a, 0).iter().zip(&seconds(b, 0)).filter(|(a, b)| a == b).count();
    assert_eq!(same(&first, &mended), 3);
    // Data that came in, a seed more, and a budget that changed.
    std::fs::create_dir(home.path().join("sub")).unwrap();
    let rows: String = (0..40).map(|i| format!("{},{},{}\n", i % 7, i % 5, ["a", "b"][i % 2])).collect();
    std::fs::write(home.path().join("sub/table.csv"), format!("x,y,class\n{rows}")).unwrap();
    let (more, _) = run("--seeds 3 --data .");
    assert!(more["cases"][1]["skipped"].is_null() && seconds(&more, 1).len() == 3);
    assert_eq!((seconds(&more, 0).len(), same(&mended, &more)), (6, 4));
    std::fs::write(&file, EXPERIMENT.replace("evaluations = 200", "evaluations = 220")).unwrap();
    let (other, _) = run("--seeds 3 --only square");
    assert_eq!((other["cases"].as_array().unwrap().len(), same(&more, &other)), (1, 0));
    // Sized by a flag.
    let (sized, _) = run("--seeds 1 --data . --generations 4");
    let all = sized["cases"].as_array().unwrap().iter().flat_map(|case| case["runs"].as_array().unwrap());
    assert!(all.map(|run| &run["generations"]).eq([&Value::from(4); 3]), "{sized}");
}

const TABLES: &str = r#"
name = "tables"
title = "A paper of tables"
source = "nowhere"
seeds = 2
measure = "all-agreement"
methods = ["pso", "gwo"]
losses = ["mse", "mae"]
config = { generations = 3, population = 10, model = "mlp:2" }
summary = { methods = ["pso", "gwo"] }
[[case]]
name = "flowers"
config = { data = "iris" }
published = [
  { loss = "mse", method = "pso", agreement = 0.1, source = "Table 1" },
  { loss = "mse", method = "gwo", agreement = 1.01 },
  { loss = "mae", method = "adam", agreement = 0.5 },
]
[[case]]
name = "square"
losses = ["mse"]
config = { data = "xor:60", test = 0, target = 9.0 }
published = [{ method = "descent", generations = 81, seconds = 2.5, source = "Table 2" }]
[[case]]
name = "broken"
get = "a whole table"
config = { data = "broken.csv" }
"#;

#[test]
fn an_experiment_of_losses_stands_beside_its_published_table() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("tables.toml"), TABLES).unwrap();
    std::fs::write(home.path().join("broken.csv"), "a,class\n1,").unwrap();
    let (report, errors) = json(home.path(), "reproduce tables.toml --data .");
    let names = ["flowers-mse", "flowers-mae", "square-mse", "broken-mse", "broken-mae"];
    assert_eq!(texts(&report["cases"], "name"), names);
    // Data that cannot be read cost their own cases, and are told of once.
    assert_eq!(
        (errors.matches("broken is skipped").count(), errors.matches("a whole table").count()),
        (1, 1),
        "{errors}"
    );
    assert!(report["cases"][4]["skipped"].as_str().unwrap().contains("broken.csv"));
    let out = home.path().join("runs/reproduce-tables");
    let tables = std::fs::read_to_string(out.join("tables.md")).unwrap();
    for text in [
        "| data | mse pso | mse gwo | mae pso | mae gwo |",
        " / 1.0100 ▼ |",
        "Under mse, at most 1 point below published: pso 1 of 1, gwo 0 of 1.",
        "| method | runs | accuracy | agreement | agreement, all rows | published | precision |",
        "Published (agreement, all rows): Table 1; nowhere.",
        "| published: adam (nowhere) | | | | 0.5 | | | | | |",
        "| train loss | generations | seconds |",
        "| published: descent (Table 2) | | | | | | | | | 81 | 2.5 |",
    ] {
        assert!(tables.contains(text), "{text}: {tables}");
    }
    let flowers = &report["cases"][0];
    assert_eq!((&flowers["group"], &flowers["loss"]), (&"flowers".into(), &"mse".into()));
    for run in flowers["runs"].as_array().unwrap() {
        for key in ["accuracy", "agreement"] {
            let share = |part: &str| run[part][key].as_f64().unwrap();
            assert!((share("all") - (0.8 * share("train") + 0.2 * share("test"))).abs() < 1e-12, "{run}");
        }
    }
    let figures = report["summary"][0]["figures"].as_array().unwrap();
    let mean = flowers["methods"][0]["all_agreement"]["mean"].as_f64();
    assert_eq!((figures.len(), figures[0]["ours"].as_f64(), figures[0]["published"].as_f64()), (10, mean, Some(0.1)));
    // Nothing held out: all rows are those learned from.
    let square = &report["cases"][2]["runs"][0];
    assert_eq!(square["all"]["agreement"], square["train"]["agreement"]);
    let csv = std::fs::read_to_string(out.join("results.csv")).unwrap();
    assert!(csv.starts_with("case,method") && csv.lines().next().unwrap().ends_with("all_agreement"));
    for file in ["overview.png", "overview.svg", "flowers-mae-seconds.png"] {
        assert!(out.join(file).metadata().unwrap().len() > 0, "{file}");
    }
    for (only, cases) in [("flowers", 2), ("flowers-mae", 1), ("flowers-mae --only square", 2)] {
        let (part, _) = json(home.path(), &format!("reproduce tables.toml --only {only}"));
        assert_eq!(part["cases"].as_array().unwrap().len(), cases, "{only}");
    }
    let message = refused(home.path(), "reproduce tables.toml --only flowers-bce", 2);
    assert!(message.contains("flowers, flowers-mse, flowers-mae, square, square-mse"), "{message}");
}

const TURNS: &str = r#"
name = "turns"
title = "A paper on schedules"
source = "nowhere"
seeds = 2
config = { data = "iris", model = "mlp:5,4", target = 0.5, generations = 300, loss = "additive-margin:10,0.1" }
[[case]]
name = "flowers"
methods = ["sgd:rate=0.05", "sgd:rate=0.05,update=position-wise", "sgd:rate=0.1", "pso:generations=2"]
"#;

#[test]
fn a_position_wise_schedule_stands_beside_all_layers_at_once() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("turns.toml"), TURNS).unwrap();
    let (report, _) = json(home.path(), "reproduce turns.toml");
    let case = &report["cases"][0];
    for run in case["runs"].as_array().unwrap() {
        let per_generation = match run["method"].as_str().unwrap() {
            "pso:generations=2" => None,
            method => Some(if method.contains("position-wise") { 6 } else { 3 }),
        };
        let counted = per_generation.map(|updates| updates * run["generations"].as_u64().unwrap());
        assert_eq!(run["layer_updates"].as_u64(), counted, "{}", run["method"]);
    }
    assert_eq!(texts(&case["ratios"], "beside"), ["sgd:rate=0.05", "sgd:rate=0.1"]);
    let mean = |ratio: usize, what: &str| case["ratios"][ratio][what]["mean"].as_f64().unwrap();
    for ratio in [0, 1] {
        assert!((mean(ratio, "layer_updates") - 2.0 * mean(ratio, "generations")).abs() < 1e-9);
    }
    let tables = std::fs::read_to_string(home.path().join("runs/reproduce-turns/tables.md")).unwrap();
    for text in [
        "## All cases: position-wise / all layers at once",
        "| case | method | beside | generations | layer updates | seconds | reached the target |",
        "| flowers | `sgd:rate=0.05,update=position-wise` | `sgd:rate=0.05` |",
        "| train loss | train accuracy | generations | layer updates | seconds |",
    ] {
        assert!(tables.contains(text), "{text}: {tables}");
    }
}

#[test]
fn experiments_are_listed_and_one_without_its_data_says_what_to_get() {
    let home = tempfile::tempdir().unwrap();
    let listed = String::from_utf8(output(home.path(), "reproduce").stdout).unwrap();
    assert!(listed.contains("neuron-pso") && listed.contains("2412.05667"), "{listed}");
    let help = String::from_utf8(output(home.path(), "compare --help").stdout).unwrap();
    assert!(help.contains("by ranks") && help.matches("[default").count() >= 10, "{help}");
    let (listed, _) = json(home.path(), "reproduce");
    assert_eq!(listed["experiments"][0]["name"], "neuron-pso");
    let message = refused(home.path(), "reproduce neuron-pso --only nothing", 2);
    assert!(message.contains("dry-bean"), "{message}");
    if common::gpu().is_none() {
        return;
    }
    let message = refused(home.path(), "reproduce neuron-pso --only rice --data here", 1);
    assert!(message.contains("UCI data set 545") && message.contains("here/tabular/rice.csv"), "{message}");
    std::fs::create_dir(home.path().join("mine")).unwrap();
    std::fs::write(home.path().join("mine/letter.txt"), "dear").unwrap();
    assert!(refused(home.path(), "reproduce neuron-pso --out mine", 1).contains("another --out"));
}
