//! `gradless reproduce`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use gradless::Error;
use gradless::comparison::{Comparison, Measured, check_seeds};
use gradless::config::Config;
use gradless::data::{self, Dataset};
use gradless::experiment::{Case, Experiment, Published};
use gradless::folder;
use gradless::gpu::Gpu;
use gradless::statistics::Spread;
use gradless::training::Training;
use serde_json::{Value, json};

use super::progress::{interrupted, watch_interrupts};
use super::trial;
use crate::cli::Reproduce;

pub(super) fn run(arguments: &Reproduce) -> Result<()> {
    let Some(name) = &arguments.experiment else { return list(arguments.output.json) };
    let text = Experiment::text(name)?;
    let mut experiment = Experiment::parse(&text, name)?;
    experiment.seeds = arguments.seeds.unwrap_or(experiment.seeds);
    check_seeds(experiment.seeds)?;
    for only in &arguments.only {
        if !experiment.cases.iter().any(|case| case.name == *only) {
            let names: Vec<_> = experiment.cases.iter().map(|case| case.name.as_str()).collect();
            return Err(Error::setting("only", only, format!("the cases are {}", names.join(", "))).into());
        }
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
    let chosen = |case: &&Case| arguments.only.is_empty() || arguments.only.contains(&case.name);
    let cases: Vec<Case> = experiment.cases.iter().filter(chosen).cloned().collect();
    let mut results: Vec<CaseResult> = cases
        .iter()
        .map(|case| CaseResult { case, missing: missing(case, &places), records: Vec::new(), data: None })
        .collect();
    for index in 0..results.len() {
        if let Some(missing) = &results[index].missing {
            eprintln!("note: {missing}");
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
        let cases: Vec<_> = e.cases.iter().map(|case| case.name.as_str()).collect();
        table.add_row([&e.name, &e.title, &e.source, &cases.join(", ")]);
    }
    say!("{table}");
    Ok(())
}

/// Where the data of a case are: a name that is built in as it is, else the first place that has the file.
fn located(case: &Case, places: &[PathBuf]) -> Option<String> {
    let data = &case.config.data;
    let name = data.split_once(':').map_or(data.as_str(), |(name, _)| name);
    if data::known().iter().any(|known| known.name == name) {
        return Some(data.clone());
    }
    let found = places.iter().map(|place| place.join(data)).find(|path| path.exists())?;
    Some(found.to_string_lossy().into_owned())
}

/// What to get and where to put it, for a case whose data are not there.
fn missing(case: &Case, places: &[PathBuf]) -> Option<String> {
    if located(case, places).is_some() {
        return None;
    }
    let (data, what) = (&case.config.data, case.get.as_deref().unwrap_or("the file"));
    let place = places.first().map_or_else(|| data.into(), |place| place.join(data));
    let here = place.display();
    Some(format!("{} is skipped: put {what} at {here}, or name the folder that has {data} with --data", case.name))
}

/// Runs what is not there yet of the case at `index`, and writes everything after every run.
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
        let options = data::Options { seed, ..case.config.data_options() };
        let dataset = data::load(&place, &options)?;
        for note in dataset.notes.iter().filter(|_| seed == 1) {
            eprintln!("note: {}: {note}", case.name);
        }
        for method in &methods {
            let config = Config { seed, ..method.apply(&case.config)? };
            let version = version(gpu, &config, &dataset)?;
            let key = (case.name.clone(), method.to_string(), seed);
            if kept.find(&key, &version).is_none() {
                if !warm.contains(&method) && !interrupted() {
                    Training::new(&config, &dataset)?.warm_up(gpu)?;
                    warm.push(method);
                }
                let report = if interrupted() { None } else { trial::measure(gpu, &config, &dataset, &key.1)? };
                let Some(report) = report else { break };
                kept.add(&key, &version, report)?;
            }
            let fresh = warm.contains(&method);
            if let Some(record) = kept.find(&key, &version) {
                results[index].data.get_or_insert_with(|| record["data"].clone());
                results[index].records.push(record.clone());
            }
            // Of what was there already the tables are written once, at the end.
            if fresh {
                write(gpu, experiment, results, &kept.path)?;
            }
        }
    }
    Ok(())
}

/// What a run depends on, in short: another program, adapter, setting or row of data, and it is run again.
fn version(gpu: &Gpu, config: &Config, dataset: &Dataset) -> Result<String> {
    let adapter = gpu.report();
    let parts = [
        env!("CARGO_PKG_VERSION").to_string(),
        format!("{} {:?} {}", adapter.name, adapter.backend, adapter.driver),
        config.to_toml()?,
        dataset.raw.fingerprint().to_string(),
    ];
    // FNV-1a, 64 bits.
    let hash = parts
        .join("\n")
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Ok(format!("{hash:016x}"))
}

/// Case, method, seed.
type Key = (String, String, u64);

/// The runs of earlier times and of this one, in `runs.jsonl`.
struct Kept {
    path: PathBuf,
    runs: BTreeMap<Key, Value>,
}

impl Kept {
    /// Opens the folder of an experiment, or makes it.
    fn open(path: &Path, text: &str) -> Result<Self> {
        let (described, runs) = (path.join("experiment.toml"), path.join("runs.jsonl"));
        let empty = path.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        if path.exists() && !empty && !described.is_file() {
            let cause = "not the folder of an experiment: it has no experiment.toml; choose another --out";
            return Err(Error::file(path, cause).into());
        }
        std::fs::create_dir_all(path).map_err(|e| Error::file(path, e))?;
        folder::write(&described, text.as_bytes())?;
        let mut kept = Self { path: path.into(), runs: BTreeMap::new() };
        if !runs.exists() {
            return Ok(kept);
        }
        let lines = std::fs::read_to_string(&runs).map_err(|e| Error::file(&runs, e))?;
        for (number, line) in lines.lines().enumerate() {
            let record: Option<(Key, Value)> = serde_json::from_str::<Value>(line).ok().and_then(|record| {
                let run: Measured = serde::Deserialize::deserialize(&record).ok()?;
                Some(((record["case"].as_str()?.into(), run.method, run.seed), record))
            });
            match record {
                Some((key, record)) => drop(kept.runs.insert(key, record)),
                None => eprintln!("note: {}, line {}: not a run, left out", runs.display(), number + 1),
            }
        }
        Ok(kept)
    }

    fn find(&self, key: &Key, version: &str) -> Option<&Value> {
        self.runs.get(key).filter(|record| record["version_of_run"] == version)
    }

    fn add(&mut self, key: &Key, version: &str, mut record: Value) -> Result<()> {
        record["case"] = json!(key.0);
        record["version_of_run"] = json!(version);
        self.runs.insert(key.clone(), record);
        let lines: String = self.runs.values().map(|record| format!("{record}\n")).collect();
        Ok(folder::write(&self.path.join("runs.jsonl"), lines.as_bytes())?)
    }
}

/// What a case has come to so far.
struct CaseResult<'a> {
    case: &'a Case,
    missing: Option<String>,
    records: Vec<Value>,
    data: Option<Value>,
}

impl CaseResult<'_> {
    fn names(&self) -> Result<Vec<String>> {
        Ok(self.case.methods()?.iter().map(ToString::to_string).collect())
    }

    fn measured(&self) -> Result<Vec<Measured>> {
        Ok(self.records.iter().map(serde::Deserialize::deserialize).collect::<serde_json::Result<_>>()?)
    }

    fn comparison(&self) -> Result<Option<Comparison>> {
        let runs = self.measured()?;
        Ok(if runs.is_empty() { None } else { Some(Comparison::of(&self.names()?, &runs)?) })
    }

    fn pictures(&self, folder: &Path) -> Result<()> {
        if self.records.is_empty() {
            return Ok(());
        }
        let title = format!("{}: {}", self.case.name, self.case.config.model);
        trial::pictures(&title, &self.names()?, &self.measured()?, &folder.join(&self.case.name))
    }

    fn json(&self) -> Result<Value> {
        let comparison = self.comparison()?;
        Ok(json!({
            "name": self.case.name,
            "data": self.data,
            "skipped": self.missing,
            "common_seconds": comparison.as_ref().map(|c| c.common_seconds),
            "methods": comparison.as_ref().map(|c| &c.methods),
            "tests": comparison.as_ref().map(|c| &c.tests),
            "published": self.case.published,
            "runs": self.records,
        }))
    }

    fn markdown(&self) -> Result<String> {
        let mut text = format!("## {}\n\n", self.case.name);
        if !self.case.about.is_empty() {
            writeln!(text, "{}", self.case.about.trim())?;
        }
        if let Some(data) = &self.data {
            let rows = format!("{} rows to train, {} to test", data["train_rows"], data["test_rows"]);
            let (config, inside) =
                (&self.case.config, format!("{} features, {} classes", data["features"], data["classes"]));
            writeln!(text, "{rows}, {inside}; {}; {} a run.", config.model, super::compare::budget(config))?;
        }
        if let Some(missing) = &self.missing {
            writeln!(text, "Not run: {missing}.")?;
        }
        text.push_str("\n| method | runs | accuracy | precision | recall | F1 | train loss | seconds |\n");
        text.push_str("|---|---|---|---|---|---|---|---|\n");
        let comparison = self.comparison()?;
        for method in comparison.iter().flat_map(|comparison| &comparison.methods) {
            let test = |value: Option<Spread>| value.map_or(String::new(), |value| value.shown(4));
            writeln!(
                text,
                "| `{}` | {} | {} | {} | {} | {} | {} | {:.2} |",
                method.method,
                method.runs,
                test(method.test.map(|t| t.accuracy)),
                test(method.test.map(|t| t.precision)),
                test(method.test.map(|t| t.recall)),
                test(method.test.map(|t| t.f1)),
                method.train_loss.shown(4),
                method.seconds.mean,
            )?;
        }
        for Published { method, accuracy, precision, recall, f1, source } in &self.case.published {
            let cell = |value: &Option<f64>| value.map_or(String::new(), |value| value.to_string());
            let cells = [accuracy, precision, recall, f1].map(cell).join(" | ");
            writeln!(text, "| published: {method} ({source}) | | {cells} | | |")?;
        }
        for line in comparison.iter().flat_map(trial::verdicts) {
            write!(text, "\n{line}\n")?;
        }
        Ok(text)
    }
}

/// Writes the tables in all forms; the Markdown and the object to print.
fn write(gpu: &Gpu, experiment: &Experiment, results: &[CaseResult], path: &Path) -> Result<(String, Value)> {
    let Experiment { name, title, source, about, seeds, .. } = experiment;
    let adapter = gpu.report();
    let mut markdown = format!("# {title}\n\n{source}. {}\n\n", about.trim());
    writeln!(
        markdown,
        "Mean ± standard deviation over {seeds} seeds; precision, recall and F1 are macro averages over classes. \
         Measured with gradless {} on {}, driver {}.",
        env!("CARGO_PKG_VERSION"),
        adapter.name,
        adapter.driver
    )?;
    for result in results {
        write!(markdown, "\n{}", result.markdown()?)?;
    }
    let cases = results.iter().map(CaseResult::json).collect::<Result<Vec<_>>>()?;
    let report = json!({
        "command": "reproduce", "version": env!("CARGO_PKG_VERSION"), "device": super::device_json(gpu),
        "name": name, "title": title, "source": source, "about": about, "seeds": seeds, "cases": cases, "out": path,
    });
    let measured = results.iter().map(CaseResult::measured).collect::<Result<Vec<_>>>()?;
    let rows: Vec<_> = results
        .iter()
        .zip(&measured)
        .flat_map(|(result, runs)| runs.iter().map(|run| (Some(result.case.name.as_str()), run)))
        .collect();
    folder::write(&path.join("tables.md"), markdown.as_bytes())?;
    folder::write(&path.join("results.csv"), &trial::csv(&rows)?)?;
    folder::write(&path.join("results.json"), serde_json::to_string(&report)?.as_bytes())?;
    Ok((markdown, report))
}
