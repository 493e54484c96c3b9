//! A program that is interrupted.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Starts `command`, sends it Ctrl-C once `table` has two rows, and returns the JSON object it ends with.
pub(crate) fn interrupted(command: &mut Command, table: &Path) -> Value {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    while std::fs::read_to_string(table).map_or(0, |text| text.lines().count()) < 3 {
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
