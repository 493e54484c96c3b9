//! `gradless bench`

mod beside;
mod files;
mod tables;

use std::io::{IsTerminal, Write as _};
use std::path::Path;

use anyhow::{Result, bail};
use gradless::Error;
use gradless::bench::{Plan, Populations, Report, Told, WORKLOADS, Workload};
use gradless::folder::Folder;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::json;

use super::progress::{interrupted, watch_interrupts};
use crate::cli::Bench;

pub(super) fn run(arguments: &Bench) -> Result<()> {
    if arguments.list {
        return list(arguments.output.json);
    }
    if let [first, second] = &arguments.compare[..] {
        return beside::run([first, second], arguments.output.json);
    }
    let plan = planned(arguments)?;
    plan.check()?;
    let gpu = super::open(arguments.device.as_deref(), false, arguments.no_tuning)?;
    let folder = folder(arguments, &plan)?;
    watch_interrupts();
    let spinner = spinner();
    let spoken = !arguments.output.json && !arguments.csv;
    // What fails while it is measured ends the measuring.
    let mut failed = None;
    let report = plan.measure(&gpu, commit(), &mut |report, told| {
        let done = match &told {
            Told::Runs(workload, population) => {
                spinner.set_message(format!("{}, {population} candidates", workload.name));
                spinner.tick();
                Ok(())
            }
            Told::Row(_) => files::numbers(report, &folder),
            told if spoken => spinner.suspend(|| said(report, told)),
            _ => Ok(()),
        };
        failed = done.err();
        failed.is_none() && !interrupted()
    })?;
    spinner.finish_and_clear();
    if let Some(error) = failed {
        return Err(error);
    }
    if report.rows.is_empty() {
        match report.workloads.first() {
            Some(swept) if !interrupted() => bail!("nothing was measured; {}: {}", swept.workload, swept.end.detail),
            _ => bail!("interrupted before the first population was measured"),
        }
    }
    files::all(&report, &folder)?;
    if arguments.output.json {
        say!("{}", serde_json::to_string(&report)?);
    } else if arguments.csv {
        std::io::stdout().write_all(&files::csv(&report)?)?;
    } else {
        say!("{}", tables::knees(&report));
        let cut = if interrupted() { "interrupted · " } else { "" };
        say!("{cut}{:.0} s · {}", report.seconds, folder.path().display());
    }
    Ok(())
}

fn planned(arguments: &Bench) -> Result<Plan> {
    let workloads = match &arguments.workloads[..] {
        [] => WORKLOADS.to_vec(),
        names => names.iter().map(|name| Workload::find(name)).collect::<gradless::Result<Vec<_>>>()?,
    };
    let twice =
        workloads.iter().enumerate().find(|(place, one)| workloads[..*place].iter().any(|o| o.name == one.name));
    if let Some((_, workload)) = twice {
        return Err(Error::setting("workload", workload.name, "name each once").into());
    }
    let populations = arguments.population.as_deref().map_or(Ok(Populations::default()), Populations::parse)?;
    let memory = match arguments.memory {
        Some(gib) if gib > 0.0 && gib < 1e6 => Some((gib * 1_073_741_824.0) as u64),
        Some(gib) => return Err(Error::setting("memory", gib, "give GiB, above 0").into()),
        None => None,
    };
    Ok(Plan { workloads, populations, seconds: arguments.seconds, runs: arguments.runs, memory })
}

fn folder(arguments: &Bench, plan: &Plan) -> Result<Folder> {
    let names: Vec<_> = plan.workloads.iter().map(|workload| workload.name).collect();
    let mut settings = json!({"workloads": names, "seconds": plan.seconds, "runs": plan.runs});
    if let Some(population) = &arguments.population {
        settings["population"] = json!(population);
    }
    let text = toml::to_string(&settings)?;
    Ok(match &arguments.out {
        Some(path) if path.read_dir().is_ok_and(|mut entries| entries.next().is_some()) => {
            return Err(Error::file(path, "the folder exists and is not empty: choose another --out").into());
        }
        Some(path) => Folder::create(path, &text)?,
        None => Folder::create_numbered(Path::new("runs"), "bench", &text)?,
    })
}

/// What is printed while it goes on: the machine first, then a table for each workload.
fn said(report: &Report, told: &Told) -> Result<()> {
    match told {
        Told::Limits => {
            for line in tables::machine(report) {
                say!("{line}");
            }
        }
        Told::Swept(swept) => {
            say!("\n{}", tables::heading(swept)?);
            if swept.knee.is_some() {
                say!("{}", tables::rows(report, swept));
            }
            say!("{}", tables::verdict(report, swept));
        }
        _ => {}
    }
    Ok(())
}

/// On stderr, if that is a terminal.
fn spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    let shown = std::io::stderr().is_terminal();
    spinner.set_draw_target(if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
    spinner
}

/// The commit of the checkout that this program was built in, if it lies there still.
fn commit() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let checkout = program.ancestors().find(|folder| folder.join(".git").exists())?;
    let mut git = std::process::Command::new("git");
    let output = git.arg("-C").arg(checkout).args(["describe", "--always", "--dirty"]).output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_string();
    (output.status.success() && !name.is_empty()).then_some(name)
}

/// What each workload is and what its figures rest on.
fn list(as_json: bool) -> Result<()> {
    if as_json {
        let mut all = Vec::new();
        for workload in WORKLOADS {
            all.push(json!({"name": workload.name, "about": workload.about, "counted": workload.counted,
                "first": workload.first, "candidate": workload.cost()?}));
        }
        say!("{}", json!({"command": "bench list", "workloads": all}));
        return Ok(());
    }
    for workload in WORKLOADS {
        let cost = workload.cost()?;
        let [bytes, operations] = [cost.bytes, cost.operations].map(tables::whole);
        say!("{:<10} {}", workload.name, workload.about);
        say!("{:10} {bytes} bytes, {operations} operations a candidate: {}", "", workload.counted);
    }
    say!("Operations are multiplications and additions; GB/s and GFLOP/s rest on these counts.");
    Ok(())
}
