//! The program through GL, where wgpu falls back to it: a smoke test beside the usual adapter. One process at a time uses
//! it, from one thread, as wgpu's GL wants it. GL is optional: without it the test says so and passes.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use std::process::Command;

use serde_json::Value;

fn by(backend: &str, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradless"));
    command.args(arguments.split_whitespace()).env("NODEVICE_SELECT", "1");
    command.env("GRADLESS_BACKEND", backend).env_remove("GRADLESS_DEVICE");
    command
}

fn report(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn gl_trains_as_the_usual_adapter_does() {
    let there = by("gl", "devices --json").output().unwrap();
    if !there.status.success() {
        eprintln!("skipped: no adapter answers by GL: {}", String::from_utf8_lossy(&there.stderr));
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let gl = |arguments: &str| report(by("gl", arguments).current_dir(home.path()));
    let found = gl("minimize sphere --seed 1 --json");
    assert_eq!(found["device"]["backend"], "gl");
    assert!(found["best"].as_f64().unwrap() < 1e-3, "{found}");
    let trained = gl("train iris --seed 1 --generations 150 --json");
    assert_eq!(trained["device"]["backend"], "gl");
    assert!(trained["train"]["accuracy"].as_f64().unwrap() > 0.95, "{trained}");
    // Kernels of several workgroups and of many buffers: reductions, products, slopes.
    let layered = gl("train iris --optimizer adam --model mlp:40,20 --seed 1 --generations 150 --json");
    assert!(layered["train"]["accuracy"].as_f64().unwrap() > 0.95, "{layered}");
    if common::gpu().is_none() {
        return;
    }
    let usual = report(by("", "train iris --seed 1 --generations 150 --json").current_dir(home.path()));
    let accuracy = |report: &Value| report["test"]["accuracy"].as_f64().unwrap();
    // Two drivers round differently: three of 30 rows.
    assert!((accuracy(&trained) - accuracy(&usual)).abs() < 0.11, "{trained} {usual}");
}

#[test]
fn an_unknown_interface_is_refused_and_a_missing_one_named() {
    let output = by("opengl", "minimize sphere").output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("GRADLESS_BACKEND = opengl") && message.contains("vulkan, metal, dx12 or gl"),
        "{message}"
    );
    // No system has both.
    let missing = if cfg!(target_os = "macos") { "dx12" } else { "metal" };
    let output = by(missing, "minimize sphere").output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && message.contains("unset GRADLESS_BACKEND"), "{message}");
}
