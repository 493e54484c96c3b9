//! Experiments on functions: `reproduce` and the rates of `minimize`, as a user meets them.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use std::path::Path;
use std::process::{Command, Output};

use gradless::experiment::Experiment;
use serde_json::Value;

const HEAD: &str = "name = \"little\"\ntitle = \"A paper on functions\"\nsource = \"nowhere\"\nseeds = 3\n";

const FUNCTIONS: &str = r#"
methods = ["sgd:rate=0.1", "sgd:rate=0.01", "emulated", "empso"]
config = { population = 8, generations = 60 }
[[case]]
function = "cubic"
about = "A cubic."
published = [
  { method = "sgd", generations = 17, source = "Table 1" },
  { method = "empso", generations = 16, value = 3.01 },
  { method = "guess", value = 5.0 },
]
[[case]]
name = "far"
function = "sphere"
methods = ["adam", "empso"]
config = { dims = 2, shift = 3.0, tolerance = 0.5, generations = 300 }
"#;

fn output(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradless"));
    command.current_dir(folder).env("NODEVICE_SELECT", "1").env_remove("GRADLESS_DATA");
    command.args(arguments.split_whitespace()).output().unwrap()
}

fn json(folder: &Path, arguments: &str) -> Value {
    let output = output(folder, &format!("{arguments} --json"));
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn functions_and_data_share_the_top_of_a_file() {
    let text = format!(
        "{HEAD}methods = [\"pso\"]\nconfig = {{ population = 9, generations = 7, model = \"mlp:2\", tolerance = 0.1 }}\n\
         [[case]]\nfunction = \"abs\"\n[[case]]\nname = \"iris\"\nconfig = {{ data = \"iris\" }}\n\
         [[case]]\nname = \"f9\"\nfunction = \"rastrigin\"\nconfig = {{ shift = 0.5, generations = 3 }}\n"
    );
    let experiment = Experiment::parse(&text, "f").unwrap();
    let [abs, iris, moved] = &experiment.cases[..] else { panic!() };
    let goal = abs.function.as_ref().unwrap();
    assert_eq!((&abs.name[..], goal.dims, goal.tolerance, abs.config.members()), ("abs", 1, 0.1, 9));
    assert_eq!((&iris.function, &iris.config.model[..], iris.config.generations), (&None, "mlp:2", Some(7)));
    let goal = moved.function.as_ref().unwrap();
    assert_eq!((goal.dims, goal.shift, moved.config.generations), (30, 0.5, Some(3)));
}

#[test]
fn what_a_function_has_not_is_refused_with_its_case() {
    let abs = "[[case]]\nfunction = \"abs\"\n";
    let pso = "methods = [\"pso\"]\n";
    for (text, word) in [
        (format!("{pso}[[case]]\nfunction = \"absolute\"\n"), "--list"),
        (format!("{pso}[[case]]\n"), "no name"),
        (format!("{pso}{abs}{abs}"), "two of that name"),
        (format!("{pso}{abs}config = {{ model = \"none\" }}\n"), "model"),
        (format!("{pso}{abs}config = {{ dims = 2 }}\n"), "1 dimension"),
        (format!("{pso}{abs}config = {{ tolerance = -1.0 }}\n"), "tolerance"),
        (format!("{pso}{abs}losses = [\"mse\"]\n"), "no losses"),
        (format!("{pso}config = {{ tolerence = 0.1 }}\n{abs}"), "tolerence"),
        (abs.to_string(), "no methods"),
        (format!("methods = [\"sgd:population=4\"]\n{abs}"), "single point"),
        (format!("methods = [\"sgd:rate=0.1..0.2\"]\n{abs}"), "for each value"),
    ] {
        let message = Experiment::parse(&format!("{HEAD}{text}"), "f.toml").unwrap_err().to_string();
        assert!(message.starts_with("f.toml") && message.contains(word), "{text}: {message}");
    }
}

#[test]
fn iterations_stand_beside_published_ones_and_pulls_beside_gradients() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("little.toml"), format!("{HEAD}{FUNCTIONS}")).unwrap();
    let report = json(home.path(), "reproduce little.toml");
    let cubic = &report["cases"][0];
    assert_eq!((cubic["runs"].as_array().unwrap().len(), &cubic["optimum"]), (12, &3.0.into()));
    for method in cubic["methods"].as_array().unwrap() {
        let reached = method["reached"].as_u64().unwrap();
        assert!(reached == 3 || method["method"] == "sgd:rate=0.01", "{method}");
    }
    for run in cubic["runs"].as_array().unwrap() {
        assert_eq!(run["gap"].as_f64().unwrap() < 1e-3, !run["iterations"].is_null(), "{run}");
        assert!(run["evaluations"].as_u64() > run["iterations"].as_u64(), "{run}");
    }
    assert!(cubic["pull"]["agree"].as_f64().unwrap() > 0.99 && report["cases"][1]["pull"].is_null());
    // Far from the middle of its wide box, with the usual rate: in units of the box.
    assert_eq!(report["cases"][1]["methods"][0]["reached"], 3, "{}", report["cases"][1]);

    let out = home.path().join("runs/reproduce-little");
    let tables = std::fs::read_to_string(out.join("tables.md")).unwrap();
    for text in [
        "| function | `sgd`, first | best | published |",
        "| `sgd:rate=0.1`, best of 2 | 3 | 100 % |",
        "| 17 |\n| `sgd:rate=0.01` |",
        "| 16 (value 3.01) |",
        "| published: guess (nowhere) | | | | | | value 5 |",
        "Published iterations: Table 1; nowhere.",
        "Only their signs are meant to agree",
        "| 100.0 % | 0.0 % | 0.0 % | gradient-cubic.svg |",
        "2 dimensions, moved by 3, minimum 0, tolerance 0.5, at most 300 generations; swarms of 8.",
    ] {
        assert!(tables.contains(text), "{text}: {tables}");
    }
    for file in ["cubic.svg", "cubic.png", "far.svg", "gradient-cubic.svg", "gradient-cubic.png", "results.json"] {
        assert!(out.join(file).metadata().unwrap().len() > 0, "{file}");
    }
    assert!(!out.join("gradient-far.svg").exists());
    let csv = std::fs::read_to_string(out.join("results.csv")).unwrap();
    assert!(csv.starts_with("case,method,seed,iterations,distance,evaluations\ncubic,sgd:rate=0.1,1,"), "{csv}");
    assert_eq!(csv.lines().count(), 1 + 12 + 6);
}

#[test]
fn an_experiment_on_functions_goes_on_where_it_was() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("little.toml");
    std::fs::write(&file, format!("{HEAD}{FUNCTIONS}")).unwrap();
    let lines = || -> Vec<String> {
        let text = std::fs::read_to_string(home.path().join("runs/reproduce-little/runs.jsonl")).unwrap();
        text.lines().map(Into::into).collect()
    };
    let first = json(home.path(), "reproduce little.toml --only cubic");
    let kept = lines();
    // What is kept is taken as it is: a number that no run has ever come to stays.
    let marked: String =
        kept.iter().map(|line| line.replace("\"evaluations\":", "\"evaluations\":7000") + "\n").collect();
    std::fs::write(home.path().join("runs/reproduce-little/runs.jsonl"), marked).unwrap();
    let again = json(home.path(), "reproduce little.toml --only cubic");
    let evaluations = |report: &Value| -> Vec<u64> {
        report["cases"][0]["runs"].as_array().unwrap().iter().map(|run| run["evaluations"].as_u64().unwrap()).collect()
    };
    assert!(evaluations(&again).iter().all(|count| *count >= 70_000));
    assert_eq!(evaluations(&again).len(), evaluations(&first).len());
    // More seeds keep those there were; another tolerance keeps none.
    let more = json(home.path(), "reproduce little.toml --only cubic --seeds 4");
    assert_eq!(evaluations(&more).iter().filter(|count| **count >= 70_000).count(), 12);
    assert_eq!(lines().len(), 16);
    std::fs::write(
        &file,
        format!("{HEAD}{FUNCTIONS}").replace("generations = 60", "generations = 60, tolerance = 0.1"),
    )
    .unwrap();
    let other = json(home.path(), "reproduce little.toml --only cubic");
    assert!(evaluations(&other).iter().all(|count| *count < 70_000));
}

#[test]
fn a_descents_usual_rate_suits_a_wide_box_and_a_given_one_is_plain() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &str| {
        json(home.path(), &format!("minimize rosenbrock --optimizer adam --generations 500 {arguments}"))
    };
    // Of a box of ±30; in units of weights it ended at 4.8e7.
    let usual = run("");
    let rate = usual["optimizer"]["settings"]["rate"].to_string();
    assert!(rate.contains("0.346"), "{rate}");
    assert!(usual["best"].as_f64().unwrap() < 2e5, "{}", usual["best"]);
    let given = run("-s rate=0.02");
    assert!(
        given["best"].as_f64().unwrap() > 1e6 && given["optimizer"]["settings"]["rate"].to_string().contains("0.02"),
        "{given}"
    );
}
