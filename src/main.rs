//! The command line program: parse, run, print one error with its cause, set the exit code.

#![allow(missing_docs, reason = "a program has no API")]

mod cli;
mod command;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    hush_layer();
    match command::run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(error)
            if error.downcast_ref().is_some_and(|e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe) =>
        {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            let usage = matches!(error.downcast_ref(), Some(gradless::Error::Setting { .. }));
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

/// Mesa's device-selection layer writes to stderr when there is no desktop session; it can only be left out by an
/// environment variable that is there from the start.
#[cfg(target_os = "linux")]
fn hush_layer() {
    use std::os::unix::process::CommandExt;
    let set = |name| std::env::var_os(name).is_some();
    if set("XDG_RUNTIME_DIR") || set("NODEVICE_SELECT") {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // Returns only when it fails; then the program goes on with the noise.
        let mut again = std::process::Command::new(program);
        let _ = again.args(std::env::args_os().skip(1)).env("NODEVICE_SELECT", "1").exec();
    }
}
