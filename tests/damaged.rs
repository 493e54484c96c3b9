//! Damaged input of every kind: a message that names the file and the cause, exit code 1 or 2, nothing left behind.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use std::path::Path;
use std::process::Command;

use gradless::data::{Options, load};
use gradless::model::Model;
use gradless::objective::network::{Activation, Architecture, Loss};

/// Runs the program on a damaged `file`; it must refuse, name the file and leave only what was there.
fn refused(folder: &Path, file: &str, arguments: &[&str]) -> String {
    let before = names(folder);
    let output = Command::new(env!("CARGO_BIN_EXE_gradless"))
        .current_dir(folder)
        .env("NODEVICE_SELECT", "1")
        .args(arguments)
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {:?} {message}", output.status);
    assert!(!message.contains("panicked"), "{arguments:?}: {message}");
    assert!(message.contains("error: ") && message.contains(file), "{arguments:?} does not name {file}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?} prints a result");
    assert_eq!(names(folder), before, "{arguments:?} leaves something behind");
    message
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn damaged_tables() {
    let home = tempfile::tempdir().unwrap();
    let wide = format!("{}class\n", "a,".repeat(200_000));
    let cases: [(&str, Vec<u8>); 12] = [
        ("empty", b"".to_vec()),
        ("header-only", b"a,b,class\n".to_vec()),
        ("ragged", b"a,b,class\n1,2,x\n1,2\n3,4,y\n".to_vec()),
        ("not-utf8", b"a,b,class\n1,\xff\xfe,x\n3,4,y\n".to_vec()),
        ("one-class", b"a,b,class\n1,2,x\n3,4,x\n".to_vec()),
        ("infinite", b"a,b,class\n1,inf,x\n3,4,y\n".to_vec()),
        ("huge-number", b"a,b,class\n1,1e999,x\n3,4,y\n".to_vec()),
        ("wide", wide.into_bytes()),
        ("binary", b"a,b,class\n\0\x01\x02\0,4,x\n1,2,y\n".to_vec()),
        ("label-alone", b"class\nx\ny\n".to_vec()),
        ("regression", (0..200).map(|i| format!("{i},{}.5\n", i * 3)).collect::<String>().into_bytes()),
        ("constant", b"a,b,class\n1,2,x\n1,2,y\n1,2,x\n".to_vec()),
    ];
    for (name, bytes) in cases {
        let file = format!("{name}.csv");
        std::fs::write(home.path().join(&file), bytes).unwrap();
        refused(home.path(), &file, &["train", &file]);
    }
    std::fs::write(home.path().join("good.csv"), "a,b,class\n1,2,x\n3,4,y\n").unwrap();
    assert!(refused(home.path(), "good.csv", &["train", "good.csv", "--label", "nope"]).contains("nope"));
    refused(home.path(), "missing.csv", &["train", "missing.csv"]);
    std::fs::create_dir(home.path().join("folder.csv")).unwrap();
    refused(home.path(), "folder.csv", &["train", "folder.csv"]);
}

#[test]
fn damaged_image_folders() {
    let home = tempfile::tempdir().unwrap();
    let [images, labels] =
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"].map(|f| home.path().join("set").join(f));
    assert!(refused(home.path(), ".", &["train", "."]).contains("train-images-idx3-ubyte"));
    std::fs::create_dir(home.path().join("set")).unwrap();
    let refused = |file: &str| refused(home.path(), file, &["train", "set"]);
    refused("train-images-idx3-ubyte");
    std::fs::write(&images, [&[0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2], [5; 7].as_slice()].concat()).unwrap();
    assert!(refused("train-labels-idx1-ubyte").contains("missing"));
    std::fs::write(&labels, [0, 0, 8, 1, 0, 0, 0, 4, 1, 2, 1, 2]).unwrap();
    assert!(refused("train-images-idx3-ubyte").contains("8 bytes, but 7 follow"));
    std::fs::write(&images, [&[0, 0, 8, 3], [255; 12].as_slice()].concat()).unwrap();
    refused("train-images-idx3-ubyte");
    std::fs::write(&images, [&[0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2], [5; 8].as_slice()].concat()).unwrap();
    assert!(refused("set").contains("equal"));
}

#[test]
fn damaged_configs() {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("syntax", "data = \"iris"),
        ("unknown", "data = \"iris\"\nlearning_rate = 3"),
        ("type", "data = \"iris\"\npopulation = \"many\""),
        ("negative", "data = \"iris\"\npopulation = -3"),
        ("enum", "data = \"iris\"\nloss = \"hinge\""),
        ("array", "data = [\"iris\"]"),
        ("table", "[data]\nname = \"iris\""),
        ("huge", "data = \"iris\"\npopulation = 99999999999999"),
        ("twice", "data = \"iris\"\ndata = \"moons\""),
        ("float", "data = \"iris\"\ngenerations = 1.5"),
        ("binary", "\u{0}\u{1}"),
    ] {
        let file = format!("{name}.toml");
        std::fs::write(home.path().join(&file), text).unwrap();
        refused(home.path(), &file, &["train", "--config", &file]);
    }
    refused(home.path(), "missing.toml", &["train", "--config", "missing.toml"]);
    std::fs::write(home.path().join("latin.toml"), b"data = \"\xe4\"").unwrap();
    refused(home.path(), "latin.toml", &["train", "--config", "latin.toml"]);
    // Values that are read and make no sense are named, whether from a file or a flag.
    std::fs::write(home.path().join("sense.toml"), "data = \"iris\"\npopulation = 0").unwrap();
    refused(home.path(), "population", &["train", "--config", "sense.toml"]);
}

/// A small model, saved.
fn model(path: &Path) -> Vec<u8> {
    let dataset = load("iris", &Options::default()).unwrap();
    let architecture =
        Architecture { inputs: 4, hidden: vec![3], outputs: 3, activation: Activation::Tanh, pictures: None };
    let weights = (0..architecture.parameters()).map(|i| (i as f32).sin()).collect();
    let model =
        Model { architecture, loss: Loss::CrossEntropy, encoder: dataset.encoder, weights, moments: Vec::new() };
    model.save(path).unwrap();
    assert_eq!(Model::load(path).unwrap(), model);
    std::fs::read(path).unwrap()
}

/// The file with one piece of its header exchanged for another of the same length.
fn exchanged(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).expect("the piece is there");
    let mut damaged = bytes.to_vec();
    damaged[at..at + new.len()].copy_from_slice(new.as_bytes());
    damaged
}

#[test]
fn damaged_models() {
    let home = tempfile::tempdir().unwrap();
    let good = model(&home.path().join("model.safetensors"));
    std::fs::write(home.path().join("rows.csv"), "sepal_length,b,c,d\n1,2,3,4\n").unwrap();
    let not_a_number = {
        let mut bytes = good.clone();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    };
    let long_header = {
        let mut bytes = good.clone();
        bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        bytes
    };
    let cases = [
        ("empty", Vec::new()),
        ("short", good[..7].to_vec()),
        ("half", good[..good.len() / 2].to_vec()),
        ("cut", good[..good.len() - 1].to_vec()),
        ("text", b"this is no model".to_vec()),
        ("not-a-number", not_a_number),
        ("long-header", long_header),
        ("other-kind", exchanged(&good, "gradless model 1", "gradless model 9")),
        ("other-type", exchanged(&good, "\"F32\"", "\"I32\"")),
        ("other-shape", exchanged(&good, "\\\"hidden\\\":[3]", "\\\"hidden\\\":[4]")),
        ("no-layer", exchanged(&good, "layer.0.weight", "layer.9.weight")),
        ("no-deviation", exchanged(&good, "\\\"sd\\\":0", "\\\"sd\\\":-")),
    ];
    for (name, bytes) in cases {
        let file = format!("{name}.safetensors");
        std::fs::write(home.path().join(&file), bytes).unwrap();
        refused(home.path(), &file, &["predict", &file, "rows.csv"]);
    }
    refused(home.path(), "nowhere", &["predict", "nowhere", "rows.csv"]);
}

#[test]
fn random_damage_to_a_model_is_an_error_or_harmless() {
    let home = tempfile::tempdir().unwrap();
    let good = model(&home.path().join("model.safetensors"));
    let path = home.path().join("damaged.safetensors");
    let mut state = 12_345_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let mut refused = 0;
    for _ in 0..400 {
        let mut bytes = good.clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            bytes[at] ^= 1 << random(8);
        }
        if random(5) == 0 {
            bytes.truncate(random(bytes.len()));
        }
        std::fs::write(&path, &bytes).unwrap();
        match Model::load(&path) {
            Ok(model) => assert!(model.weights.iter().all(|weight| weight.is_finite())),
            Err(error) => {
                assert!(error.to_string().contains("damaged.safetensors"), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn damaged_checkpoints() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gradless"));
        command.current_dir(home.path()).env("NODEVICE_SELECT", "1").args(arguments).output().unwrap()
    };
    let run = ["train", "xor:60", "--generations", "4", "--population", "6", "--out", "run"];
    assert!(program(&run).status.success());
    let path = home.path().join("run/checkpoint.safetensors");
    let good = std::fs::read(&path).unwrap();
    let history = std::fs::read_to_string(home.path().join("run/history.csv")).unwrap();
    let long_header = {
        let mut bytes = good.clone();
        bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        bytes
    };
    let cases = [
        ("empty", Vec::new()),
        ("short", good[..5].to_vec()),
        ("half", good[..good.len() / 2].to_vec()),
        ("cut", good[..good.len() - 1].to_vec()),
        ("text", b"nothing of the kind".to_vec()),
        ("long header", long_header),
        ("other kind", exchanged(&good, "gradless checkpoint 1", "gradless checkpoint 9")),
        ("no clock", exchanged(&good, "\"clock\"", "\"clack\"")),
        ("no best", exchanged(&good, "\"best\"", "\"bust\"")),
        ("no generation", exchanged(&good, "\"generation\"", "\"degeneration"[..12].into())),
    ];
    for (what, bytes) in cases {
        std::fs::write(&path, bytes).unwrap();
        let message = refused(home.path(), "checkpoint.safetensors", &["train", "--resume", "run"]);
        assert_eq!(std::fs::read_to_string(home.path().join("run/history.csv")).unwrap(), history, "{what}: {message}");
    }
    // A history that ends too early, or is torn, is named as well; the good state is still good.
    std::fs::write(&path, &good).unwrap();
    std::fs::write(home.path().join("run/history.csv"), "generation,best,lowest,mean,finite,gradient_norm\n1,0.")
        .unwrap();
    refused(home.path(), "history.csv", &["train", "--resume", "run"]);
    std::fs::write(home.path().join("run/history.csv"), history).unwrap();
    assert!(program(&["train", "--resume", "run"]).status.success());
    std::fs::remove_file(home.path().join("run/config.toml")).unwrap();
    refused(home.path(), "config.toml", &["train", "--resume", "run"]);
}

#[test]
fn damaged_formulas() {
    let home = tempfile::tempdir().unwrap();
    let objective = "fn objective(c: u32) -> f32 { return at(c, 0u); }";
    let nested = format!("fn objective(c: u32) -> f32 {{ return {}1.0{}; }}", "(".repeat(2000), ")".repeat(2000));
    let cases: [(&str, String, &str); 14] = [
        ("empty", String::new(), "fn objective"),
        ("syntax", "fn objective(c: u32) -> f32 {\n  return at(c 0u);\n}".into(), ":2:"),
        ("type", "fn objective(c: u32) -> f32 {\n\n  return 1u;\n}".into(), ":3:"),
        ("unknown", "fn objective(c: u32) -> f32 {\n  return nothing(c);\n}".into(), ":2:"),
        ("no-objective", "fn other(c: u32) -> f32 { return 1.0; }".into(), "fn objective"),
        ("signature", "fn objective(c: f32) -> f32 { return c; }".into(), "fn objective"),
        ("entry", format!("{objective}\n@compute @workgroup_size(1) fn main() {{}}"), ":2:"),
        ("binding", format!("@group(0) @binding(0) var<storage> x: array<f32>;\n{objective}"), ":1:"),
        ("override", format!("override k: f32 = 1.0;\n{objective}"), "override"),
        ("recursion", "fn objective(c: u32) -> f32 { return objective(c); }".into(), "objective"),
        ("missing-return", "fn objective(c: u32) -> f32 { let x = at(c, 0u); }".into(), ":1:"),
        ("brace", format!("{objective}}}"), ":1:"),
        ("nested", nested, ":1:"),
        ("import", format!("//! import nothing\n{objective}"), "nothing"),
    ];
    for (name, text, part) in cases {
        let file = format!("{name}.wgsl");
        std::fs::write(home.path().join(&file), text).unwrap();
        let message = refused(home.path(), &file, &["minimize", &file]);
        assert!(message.contains(part), "{name}: {message}");
    }
    std::fs::write(home.path().join("latin.wgsl"), b"// \xe4").unwrap();
    refused(home.path(), "latin.wgsl", &["minimize", "latin.wgsl"]);
}
