//! Networks that predict numbers, and losses of one's own.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::gpu;
use gradless::config::Config;
use gradless::data;
use gradless::gpu::Gpu;
use gradless::objective::network::{Activation, Architecture, Form, Loss, Network};
use gradless::optimizer::search;
use gradless::reference;
use gradless::run::Run;
use gradless::training::{Outcome, Training};
use serde_json::Value;

/// Huber's loss.
const HUBER: &str = "// a slope of 1 away from what is wanted
fn loss(output: f32, wanted: f32) -> f32 {
    let r = abs(output - wanted);
    return select(r - 0.5, 0.5 * r * r, r < 1.0);
}
";

/// Rows with numbers from -3 to 3.
struct Rows {
    network: Network,
    features: Vec<f32>,
    bits: Vec<u32>,
}

fn rows(inputs: u32, hidden: &[u32], rows: usize, loss: Loss) -> Rows {
    let architecture =
        Architecture { inputs, hidden: hidden.to_vec(), outputs: 1, activation: Activation::Tanh, pictures: None };
    let features: Vec<f32> = (0..rows * inputs as usize).map(|i| 2.0 * (i as f32 * 0.7 + 0.1).sin()).collect();
    let targets: Vec<f32> = (0..rows).map(|i| 3.0 * (i as f32 * 1.3).cos()).collect();
    let mut network = Network::regression(architecture, &features, &targets).unwrap();
    network.loss = loss;
    Rows { network, features, bits: targets.iter().map(|target| target.to_bits()).collect() }
}

impl Rows {
    fn loss_at(&self, position: &[f32]) -> f64 {
        let network = &self.network;
        reference::network::mean_loss(&network.architecture, &network.loss, position, &self.features, &self.bits)
    }

    fn agree(&self, value: f32, position: &[f32], what: &str) {
        let expected = self.loss_at(position);
        // Sums of f32 terms; an output at a half may be rounded either way, one row of them all.
        let tolerance =
            if self.network.loss == Loss::Rounded { 1.001 / self.bits.len() as f64 } else { 2e-5 * expected.max(1.0) };
        let difference = (f64::from(value) - expected).abs();
        assert!(difference <= tolerance, "{what} {}: {value} for {expected}", self.network.loss);
    }
}

#[test]
fn losses_of_numbers_agree_with_the_twin_in_every_form() {
    let Some(gpu) = gpu() else { return };
    let pso = search::build("whole", "pso", &[].into()).unwrap();
    for loss in Loss::NUMBERS {
        for form in [Form::Registers, Form::Tiled, Form::Layered] {
            let mut rows = rows(3, &[6], 70, loss.clone());
            rows.network.form = Some(form);
            let mut run = Run::new(&gpu, &rows.network, pso.as_ref()).members(9).generations(3).start().unwrap();
            run.advance(3).unwrap();
            for (member, value) in run.score(&rows.network).unwrap().into_iter().enumerate() {
                rows.agree(value, &run.member(member as u32).unwrap(), &format!("{form:?}"));
            }
        }
        // Neurons by what is kept of the network, low-rank noise by shared products, members that descend.
        for (space, optimizer) in
            [("neurons", "pso"), ("whole", "eggroll"), ("whole", "openai-es"), ("whole", "adam"), ("whole", "adaswarm")]
        {
            let rows = rows(3, &[20], 70, loss.clone());
            let built = search::build(space, optimizer, &[].into()).unwrap();
            let mut run = Run::new(&gpu, &rows.network, built.as_ref()).members(8).generations(6).start().unwrap();
            let value = run.advance(6).unwrap().best;
            rows.agree(value, &run.best().unwrap(), &format!("{space}/{optimizer}"));
        }
    }
}

#[test]
fn a_loss_of_ones_own_is_the_same_loss_by_name_in_every_search() {
    let Some(gpu) = gpu() else { return };
    // Names of ours among its own.
    let text = "const ROWS = 0.5;\nfn row_loss(r: f32) -> f32 { return ROWS * r * r; }
fn loss(y: f32, label: f32) -> f32 { let sum = y - label; return row_loss(sum); }";
    for (space, optimizer) in [("whole", "pso"), ("neurons", "pso"), ("whole", "eggroll"), ("whole", "adaswarm")] {
        let ends = [Loss::Squared, Loss::own("own.wgsl", text).unwrap()].map(|loss| {
            let rows = rows(3, &[6], 70, loss);
            let built = search::build(space, optimizer, &[].into()).unwrap();
            let mut run = Run::new(&gpu, &rows.network, built.as_ref()).members(8).generations(9).start().unwrap();
            run.advance(9).unwrap().best
        });
        assert!((ends[0] - ends[1]).abs() <= 1e-4 * ends[0], "{space}/{optimizer}: {ends:?}");
    }
}

#[test]
fn what_is_no_regression_is_refused() {
    let architecture =
        Architecture { inputs: 1, hidden: vec![2], outputs: 1, activation: Activation::Tanh, pictures: None };
    let of = |outputs, targets: &[f32]| {
        let architecture = Architecture { outputs, ..architecture.clone() };
        Network::regression(architecture, &[0.5, 1.0], targets).map(|_| ()).unwrap_err().to_string()
    };
    assert!(of(2, &[1.0, 2.0]).contains("one output"));
    assert!(of(1, &[1.0, f32::NAN]).contains("finite"));
    assert!(of(1, &[1.0]).contains("1 rows"));
    let Some(gpu) = gpu() else { return };
    let pso = search::build("whole", "pso", &[].into()).unwrap();
    let refused =
        |network: &Network| Run::new(&gpu, network, pso.as_ref()).start().map(|_| ()).unwrap_err().to_string();
    let mut numbers = Network::regression(architecture.clone(), &[0.5, 1.0], &[1.0, 2.0]).unwrap();
    numbers.loss = Loss::Mse;
    assert!(refused(&numbers).contains("squared, absolute"));
    assert!(numbers.hold_out(&[0.5], &[0]).is_err());
    let mut classes = Network::new(Architecture { outputs: 2, ..architecture }, &[0.5, 1.0], &[0, 1]).unwrap();
    classes.loss = Loss::Wells;
    assert!(refused(&classes).contains("cross-entropy"));
}

/// `line` by a network 1-32-1, all rows but those held out in every generation.
fn line(gpu: &Gpu, optimizer: &str, loss: Loss, members: u32, settings: &[(&str, f64)]) -> Outcome {
    let config = Config {
        data: "line".into(),
        model: "mlp:32".into(),
        optimizer: optimizer.into(),
        loss,
        population: Some(members),
        generations: Some(250),
        settings: settings.iter().map(|(key, value)| ((*key).into(), toml(*value))).collect(),
        ..Config::default()
    };
    let dataset = data::load("line", &config.data_options()).unwrap();
    Training::new(&config, &dataset).unwrap().run(gpu, |_| true).unwrap()
}

fn toml(value: f64) -> toml::Value {
    if value.fract() == 0.0 { toml::Value::Integer(value as i64) } else { toml::Value::Float(value) }
}

/// 32 networks at once: under both losses all swarms over outputs find the line, from around the prediction, where no slope
/// leads there. Under `rounded` there is none; under `wells` it leads into the next well, from which Adam gets out only for
/// some starts, at none of these rates for most.
#[test]
fn swarms_over_outputs_find_the_line_that_slopes_do_not_lead_to() {
    let Some(gpu) = gpu() else { return };
    let ends = |outcome: Outcome| -> Vec<f64> { outcome.members.unwrap().all.iter().map(|m| m.train).collect() };
    let mean = |ends: &[f64]| ends.iter().sum::<f64>() / ends.len() as f64;
    let swarm = [("rate", 0.05), ("particles", 20.0), ("iterations", 20.0), ("window", 6.0)];
    for loss in [Loss::Wells, Loss::Rounded] {
        let found = ends(line(&gpu, "adaswarm", loss.clone(), 32, &swarm));
        assert!(found.iter().all(|mse| *mse <= 0.05), "{loss}: {found:?}");
        for rate in [0.01, 0.05, 0.1] {
            let slopes = ends(line(&gpu, "adam", loss.clone(), 32, &[("rate", rate)]));
            let stuck = slopes.iter().filter(|mse| **mse > 1.0).count();
            eprintln!("{loss}: swarms {:.4}, adam at {rate} {:.4}, {stuck} above 1", mean(&found), mean(&slopes));
            // 32, 14 and 20 of 32 under `wells` here; what another adapter rounds otherwise tips a few.
            assert!(stuck >= if loss == Loss::Rounded { 32 } else { 8 }, "{loss} {rate}: {slopes:?}");
            assert!(mean(&slopes) > 0.5, "{loss} {rate}: {slopes:?}");
        }
    }
}

#[test]
fn movers_and_strategies_learn_the_line() {
    let Some(gpu) = gpu() else { return };
    for (optimizer, loss) in
        [("pso", Loss::Squared), ("openai-es", Loss::Squared), ("pso", Loss::own("huber.wgsl", HUBER).unwrap())]
    {
        let outcome = line(&gpu, optimizer, loss, 128, &[]);
        let (train, test) = (outcome.train.numbers().unwrap(), outcome.test.as_ref().unwrap().numbers().unwrap());
        assert!(train.mse < 0.1 && test.mse < 0.1 && test.r2 > 0.99, "{optimizer}: {train:?} {test:?}");
    }
}

fn output(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradless"));
    command.current_dir(folder).env("NODEVICE_SELECT", "1").args(arguments.split_whitespace()).output().unwrap()
}

fn json(folder: &Path, arguments: &str) -> Value {
    let output = output(folder, &format!("{arguments} --json"));
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments}: {e}"))
}

fn refused(folder: &Path, arguments: &str) -> String {
    let output = output(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(1 | 2)) && message.contains("error: "), "{arguments}: {message}");
    message
}

/// A file whose last column is a number.
fn file(folder: &Path) {
    let row =
        |i: i32| format!("{},{},{:.3}\n", i % 7, ["p", "q"][i as usize % 2], 0.5 * f64::from(i % 7) - f64::from(i % 2));
    std::fs::write(folder.join("t.csv"), format!("n,c,price\n{}", (0..80).map(row).collect::<String>())).unwrap();
}

#[test]
fn a_file_with_numbers_is_learned_scored_and_predicted() {
    if gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    file(home);
    let report = json(home, "train t.csv --loss absolute --optimizer adam -s rate=0.05 --population 3 --out run");
    for part in ["train", "test"] {
        let names: Vec<_> = report[part].as_object().unwrap().keys().collect();
        assert_eq!(names, ["loss", "mse", "mae", "r2"]);
    }
    let mae = report["test"]["mae"].as_f64().unwrap();
    assert!((mae - report["test"]["loss"].as_f64().unwrap()).abs() < 1e-5 && mae < 0.3, "{report}");
    let members = std::fs::read_to_string(home.join("run/members.csv")).unwrap();
    assert!(members.starts_with("member,train_loss,train_mse,test_mse\n"), "{members}");
    assert!(report["members"]["test_mse"]["mean"].is_number());

    let scored = json(home, "eval run run/test.csv");
    assert!((scored["test"]["mae"].as_f64().unwrap() - mae).abs() < 1e-6);
    let predicted = output(home, "predict run run/test.csv");
    let text = String::from_utf8(predicted.stdout).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((lines[0].join(","), lines.len()), ("n,c,price,prediction".into(), 17));
    let number = |cell: &str| cell.parse::<f64>().unwrap();
    let errors: f64 = lines[1..].iter().map(|line| (number(line[2]) - number(line[3])).abs()).sum();
    assert!((errors / 16.0 - mae).abs() < 1e-5);
    assert!(String::from_utf8_lossy(&predicted.stderr).contains("16 rows: mse"));

    let compared =
        json(home, "compare t.csv --loss squared --optimizers pso,gwo --seeds 2 --evaluations 1000 --out cmp");
    assert!(compared["methods"][0]["test_errors"]["mse"]["mean"].is_number() && compared["data"]["classes"] == 0);
    let csv = std::fs::read_to_string(home.join("cmp/compare.csv")).unwrap();
    assert!(csv.lines().next().unwrap().ends_with("train_loss,train_mse,test_loss,test_mse,test_mae,test_r2"), "{csv}");
    let held_out = json(home, "train line --search neurons --validation 0.2 --generations 30 --out gate");
    assert!(held_out["validation"]["mse"].is_number() && held_out["model"]["loss"] == "squared");
}

#[test]
fn a_loss_of_ones_own_goes_with_the_run() {
    if gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    file(home);
    std::fs::write(home.join("huber.wgsl"), HUBER).unwrap();
    let method = "--optimizer adam -s rate=0.05";
    json(home, &format!("train t.csv --task regression --loss huber.wgsl {method} --generations 40 --out whole"));
    let begun = format!("train t.csv --task regression --loss huber.wgsl {method} --generations 20 --out parts");
    json(home, &begun);
    std::fs::remove_file(home.join("huber.wgsl")).unwrap();
    json(home, "train --resume parts --generations 40");
    let [whole, parts] = ["whole", "parts"].map(|run| json(home, &format!("eval {run} t.csv"))["test"].clone());
    assert_eq!(whole, parts);
    assert!(whole["r2"].as_f64().unwrap() > 0.5, "{whole}");

    std::fs::write(home.join("own.wgsl"), HUBER).unwrap();
    let classes = json(home, "train moons:200 --loss own.wgsl --generations 100 --out classes");
    assert!(classes["test"]["accuracy"].as_f64().unwrap() > 0.8, "{classes}");
    assert!(json(home, "eval classes moons:200")["test"]["accuracy"].is_number());
}

#[test]
fn losses_that_do_not_fit_are_refused_with_those_that_do() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    std::fs::write(home.join("t.csv"), "a,b\n1,2\n2,many\n3,4\n").unwrap();
    std::fs::write(home.join("bad.wgsl"), "fn loss(output: f32,\n    target: f32) -> f32 { return 0.0; }").unwrap();
    for (arguments, words) in [
        ("line --loss mse", "squared, absolute, rounded or wells"),
        ("line --loss accuracy", "squared, absolute, rounded or wells"),
        ("line --loss cross-entropy", "squared, absolute, rounded or wells"),
        ("line --task classification", "leave the task out"),
        ("moons --task regression --loss bce", "squared, absolute, rounded or wells"),
        ("moons --task classification --loss wells", "cross-entropy, double-softmax, bce"),
        ("moons --task numbers", "regression"),
        ("t.csv --loss squared", "t.csv, line 3, column `b`: `many` is not a number"),
        ("line --loss bad.wgsl", "bad.wgsl:2: "),
        ("line --loss none.wgsl", "none.wgsl"),
    ] {
        let message = refused(home, &format!("train {arguments}"));
        assert!(message.contains(words), "{arguments}: {message}");
        assert!(!home.join("runs").exists(), "{arguments}");
    }
}
