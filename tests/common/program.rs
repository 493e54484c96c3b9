//! The program, run as a user runs it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The program, in a folder of its own, quiet about the desktop session that a test machine lacks.
pub(crate) fn gradless(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradless"));
    command.current_dir(folder).env("NODEVICE_SELECT", "1");
    command
}

pub(crate) fn output(folder: &Path, arguments: &str) -> Output {
    gradless(folder).args(arguments.split_whitespace()).output().unwrap()
}

/// The JSON object that a command prints, and nothing else on stdout.
pub(crate) fn json(folder: &Path, arguments: &str) -> Value {
    let output = output(folder, &format!("{arguments} --json"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments}: {e}"))
}

/// A command that must fail with this exit code; its message.
pub(crate) fn refused(folder: &Path, arguments: &str, code: i32) -> String {
    let output = output(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments}: {message}");
    assert!(message.contains("error") && !message.contains("panicked"), "{arguments}: {message}");
    message
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}
