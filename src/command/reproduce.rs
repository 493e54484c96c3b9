//! `gradless reproduce`

mod functions;
mod kept;
mod tables;
mod widths;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use gradless::comparison::check_seeds;
use gradless::config::Config;
use gradless::data;
use gradless::experiment::{Case, Experiment};
use gradless::gpu::Gpu;
use gradless::problem::Problem;
use serde_json::json;

use self::kept::Kept;
use self::tables::{CaseResult, overview_picture, write};
use super::progress::{interrupted, watch_interrupts};
use super::trial::Subject;
use crate::cli::{Budget, Reproduce};

pub(super) fn run(arguments: &Reproduce) -> Result<()> {
    let Some(name) = &arguments.experiment else { return list(arguments.output.json) };
    let text = Experiment::text(name)?;
    let mut experiment = Experiment::parse(&text, name)?;
    experiment.seeds = arguments.seeds.unwrap_or(experiment.seeds);
    check_seeds(experiment.seeds)?;
    for case in experiment.cases.iter_mut().filter(|case| case.function.is_none()) {
        let (Budget { evaluations, seconds, generations, epochs }, own) = (arguments.budget, &mut case.config);
        if evaluations.is_some() || seconds.is_some() || generations.is_some() || epochs.is_some() {
            (own.evaluations, own.seconds, own.generations, own.epochs) = (evaluations, seconds, generations, epochs);
        }
    }
    let cases = experiment.chosen(&arguments.only)?;
    for case in experiment.cases.iter().filter(|case| case.long && !cases.iter().any(|other| other.name == case.name)) {
        eprintln!("note: {0} takes long without a GPU and is left out: ask for it with --only {0}", case.name);
    }
    let mut places: Vec<PathBuf> = match &arguments.data {
        Some(folder) => vec![folder.clone()],
        None => ["data", "../shared/data"].map(PathBuf::from).into(),
    };
    // A file of one's own may stand beside its data.
    places.extend(Path::new(name).parent().filter(|_| Path::new(name).is_file()).map(Path::to_path_buf));

    let gpu = super::open_for(&arguments.device)?;
    let path = arguments.out.clone().unwrap_or_else(|| format!("runs/reproduce-{}", experiment.name).into());
    let mut kept = Kept::open(&path, &text)?;
    watch_interrupts();
    let mut results: Vec<CaseResult> = cases
        .iter()
        .map(|case| CaseResult { case, missing: missing(case, &places), records: Vec::new(), data: None, pull: None })
        .collect();
    for index in 0..results.len() {
        if let Some(goal) = &results[index].case.function {
            functions::measure(&gpu, experiment.seeds, &mut results[index], goal, &mut kept)?;
            if kept.written.elapsed() >= PAUSE {
                kept.written = Instant::now();
                write(&gpu, &experiment, &results, &kept.path)?;
            }
        } else if let Some(missing) = &results[index].missing {
            if first_of_group(&results, index) {
                eprintln!("note: {missing}");
            }
        } else {
            measure(&gpu, &experiment, &places, &mut results, index, &mut kept)?;
        }
    }
    if results.iter().all(|result| result.records.is_empty()) {
        bail!("no case could be run; {}", if interrupted() { "interrupted" } else { "see the notes above" });
    }
    let (markdown, report) = write(&gpu, &experiment, &results, &kept.path)?;
    for result in &results {
        result.pictures(&kept.path)?;
    }
    overview_picture(&experiment, &results, &kept.path)?;
    super::print_profile(&gpu);
    if arguments.output.json {
        say!("{report}");
    } else {
        say!("{}", markdown.trim_end());
        say!("\n{}", kept.path.display());
    }
    Ok(())
}

fn list(as_json: bool) -> Result<()> {
    let all = Experiment::built_in()?;
    if as_json {
        let all: Vec<_> = all
            .iter()
            .map(|e| {
                let cases: Vec<_> = e.cases.iter().map(|case| &case.name).collect();
                json!({"name": e.name, "title": e.title, "source": e.source, "about": e.about, "seeds": e.seeds,
                       "cases": cases})
            })
            .collect();
        say!("{}", json!({"command": "reproduce", "experiments": all}));
        return Ok(());
    }
    let mut table = super::table(&["name", "paper", "source", "cases"]);
    for e in &all {
        // A group of several losses is named once: `--only` takes it, too.
        let mut cases: Vec<_> = e.cases.iter().map(|case| case.group.as_str()).collect();
        cases.dedup();
        table.add_row([&e.name, &e.title, &e.source, &cases.join(", ")]);
    }
    say!("{table}");
    Ok(())
}

/// Whether no case before has the same data: what is said of them is said once.
fn first_of_group(results: &[CaseResult], index: usize) -> bool {
    results[..index].iter().all(|other| other.case.group != results[index].case.group)
}

/// Where the data of a case are: a name that is built in as it is, else the first place that has the file.
fn located(case: &Case, places: &[PathBuf]) -> Option<String> {
    let data = &case.config.data;
    let name = data.split_once(':').map_or(data.as_str(), |(name, _)| name);
    if data::known().iter().any(|known| known.name == name) || Problem::find(data).is_some() {
        return Some(data.clone());
    }
    let found = places.iter().map(|place| place.join(data)).find(|path| path.exists())?;
    Some(found.to_string_lossy().into_owned())
}

/// What to get and where to put it, for a case whose data are not there.
fn missing(case: &Case, places: &[PathBuf]) -> Option<String> {
    if case.function.is_some() || located(case, places).is_some() {
        return None;
    }
    let (data, what) = (&case.config.data, case.get.as_deref().unwrap_or("the file"));
    let place = places.first().map_or_else(|| data.into(), |place| place.join(data));
    let here = place.display();
    Some(format!("{} is skipped: put {what} at {here}, or name the folder that has {data} with --data", case.group))
}

/// How often the tables are written while runs go on: with many cases that takes a while itself. Each run is kept at once.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs what is not there yet of the case at `index`, and writes the tables now and then.
fn measure(
    gpu: &Gpu,
    experiment: &Experiment,
    places: &[PathBuf],
    results: &mut [CaseResult],
    index: usize,
    kept: &mut Kept,
) -> Result<()> {
    let case = results[index].case;
    let methods = case.methods()?;
    let mut warm = Vec::new();
    for seed in 1..=u64::from(experiment.seeds) {
        if interrupted() {
            break;
        }
        let place = located(case, places).unwrap_or_default();
        let subject = match Subject::load(&place, &Config { seed, ..case.config.clone() }) {
            Ok(subject) => subject,
            // Data that cannot be read cost their case, not the others.
            Err(error) => {
                let what = case
                    .get
                    .as_deref()
                    .map_or(String::new(), |get| format!("; it takes {}", get.trim_end_matches(',')));
                let cause = format!("{} is skipped: {error}{what}", case.group);
                if first_of_group(results, index) {
                    eprintln!("note: {cause}");
                }
                results[index].missing = Some(cause);
                return Ok(());
            }
        };
        for note in subject.notes().iter().filter(|_| seed == 1 && first_of_group(results, index)) {
            eprintln!("note: {}: {note}", case.group);
        }
        for method in &methods {
            let config = Config { seed, ..method.apply(&case.config)? };
            let version = version(gpu, &[config.to_toml()?, subject.fingerprint().to_string()]);
            let key = (case.name.clone(), method.to_string(), seed);
            if kept.find(&key, &version).is_none() {
                if !warm.contains(&method) && !interrupted() {
                    subject.warm_up(gpu, &config)?;
                    warm.push(method);
                }
                let report = if interrupted() { None } else { subject.measure(gpu, &config, &key.1)? };
                let Some(report) = report else { break };
                kept.add(&version, vec![(key.clone(), report)])?;
            }
            let fresh = warm.contains(&method);
            if let Some(record) = kept.find(&key, &version) {
                results[index].data.get_or_insert_with(|| record["data"].clone());
                results[index].records.push(record.clone());
            }
            // Of what was there already the tables are written once, at the end.
            if fresh && kept.written.elapsed() >= PAUSE {
                kept.written = Instant::now();
                write(gpu, experiment, results, &kept.path)?;
            }
        }
    }
    Ok(())
}

/// What a run depends on, in short: another program, adapter, setting or row of data, and it is run again.
fn version(gpu: &Gpu, described: &[String]) -> String {
    let adapter = gpu.report();
    let mut parts = vec![
        env!("CARGO_PKG_VERSION").to_string(),
        format!("{} {:?} {}", adapter.name, adapter.backend, adapter.driver),
    ];
    parts.extend_from_slice(described);
    // FNV-1a, 64 bits.
    let hash = parts
        .join("\n")
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
