//! One file per subcommand: glue between the words of the command line and the library.

/// Writes a line to stdout. Whoever reads it may stop reading: that ends the program, without a panic.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($text)*)?;
    }};
}

mod bench;
mod compare;
mod course;
mod data;
mod devices;
mod dry_run;
mod eval;
mod exercise;
mod export;
mod fetch;
mod minimize;
mod predict;
mod progress;
mod report;
mod reproduce;
mod simulate;
mod train;
mod trial;
mod tune;

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use gradless::gpu::{Gpu, Pick};
use gradless::optimizer::search::by_blocks;
use gradless::optimizer::{BLOCK_SETTINGS, Entry, Turns};
use gradless::tuning::Cache;
use serde_json::json;

use crate::cli::{self, Cli, Command, Data, Device};

pub(crate) fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Devices(output) => devices::run(&output),
        Command::Train(arguments) => train::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Minimize(arguments) => minimize::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Reproduce(arguments) => reproduce::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Tune(arguments) => tune::run(&arguments),
        Command::Data { command: Data::List(output) } => data::list(&output),
        Command::Data { command: Data::Fetch(arguments) } => fetch::run(&arguments),
    }
}

/// Opens the adapter asked for; with the shapes of kernels that `tune` has kept for it, unless they are to be left out.
fn open(device: Option<&str>, profile: bool, no_tuning: bool) -> Result<Gpu> {
    let mut gpu = Gpu::open(&device.map_or(Pick::Best, Pick::from))?;
    // A system without a folder for such files keeps none.
    if let Some(cache) = Cache::usual().ok().filter(|_| !no_tuning) {
        gpu = cache.applied(gpu);
    }
    if profile && !gpu.start_profile() {
        eprintln!("note: {} has no timestamps, so there is no profile", gpu.report().name);
    }
    Ok(gpu)
}

fn open_for(arguments: &Device) -> Result<Gpu> {
    open(arguments.device.as_deref(), arguments.profile, arguments.no_tuning)
}

/// The `device` object of every JSON report.
fn device_json(gpu: &Gpu) -> serde_json::Value {
    let report = gpu.report();
    let tuned = gpu.is_tuned();
    json!({"name": report.name, "backend": report.backend, "type": report.kind, "driver": report.driver, "tuned": tuned})
}

/// Device time by kernel, on stderr.
fn print_profile(gpu: &Gpu) {
    let Some(profile) = gpu.profile() else { return };
    let total: u64 = profile.kernels.iter().map(|(.., spent)| spent).sum();
    let mut table = table(&["kernel", "dispatches", "total ms", "mean us", "share"]);
    for (name, count, spent) in &profile.kernels {
        table.add_row([
            name.clone(),
            count.to_string(),
            format!("{:.2}", *spent as f64 / 1e6),
            format!("{:.1}", *spent as f64 / 1e3 / (*count).max(1) as f64),
            format!("{:.1} %", 100.0 * *spent as f64 / total.max(1) as f64),
        ]);
    }
    eprintln!("{table}");
}

/// Lists an optimizer's settings.
fn print_settings(search: &cli::Search) -> Result<()> {
    let entry = Entry::find(search.optimizer.as_deref().unwrap_or("pso"))?;
    say!("{}: {}", entry.name, entry.about);
    let defaults = entry.defaults();
    let mut table = table(&["setting", "default", "meaning"]);
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    for (name, meaning) in entry.settings {
        table.add_row([*name, &text(&defaults[name]), *meaning]);
    }
    if search.search.as_deref().is_some_and(by_blocks) {
        let defaults = json!(Turns::default());
        for (name, meaning) in BLOCK_SETTINGS {
            table.add_row([&format!("search.{name}"), &text(&defaults[name]), meaning]);
        }
    }
    say!("{table}");
    Ok(())
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    table
}
