//! `gradless compare`

use std::path::Path;

use anyhow::{Result, bail};
use gradless::Error;
use gradless::comparison::{Comparison, Measured, check_seeds};
use gradless::config::Config;
use gradless::folder::{self, Folder};
use gradless::gpu::Gpu;
use gradless::method::Method;
use gradless::problem::Problem;
use serde_json::{Value, json};

use super::progress::{interrupted, watch_interrupts};
use super::trial::Subject;
use super::{train, trial};
use crate::cli::Compare;

/// Candidates scored by a run when no budget is given.
const EVALUATIONS: u64 = 20_000;

pub(super) fn run(arguments: &Compare) -> Result<()> {
    let methods = Method::list(&arguments.optimizers.join(" "))?;
    let common = described(arguments)?;
    check_seeds(arguments.seeds)?;
    let configs = methods.iter().map(|method| method.apply(&common)).collect::<gradless::Result<Vec<_>>>()?;
    let names: Vec<String> = methods.iter().map(ToString::to_string).collect();
    let subject = Subject::load(&common.data, &common)?;
    for note in subject.notes() {
        eprintln!("note: {note}");
    }
    let gpu = super::open_for(&arguments.device)?;
    // Whatever does not fit the data or the device shows here, before the first minute is spent.
    for config in &configs {
        subject.warm_up(&gpu, config)?;
    }

    let text = described_in_toml(&common, &names, arguments.seeds)?;
    let folder = match &arguments.out {
        Some(path) if path.read_dir().is_ok_and(|mut entries| entries.next().is_some()) => {
            return Err(Error::file(path, "the folder exists and is not empty: choose another --out").into());
        }
        Some(path) => Folder::create(path, &text)?,
        None => {
            Folder::create_numbered(Path::new("runs"), &format!("compare-{}", train::plain(subject.name())), &text)?
        }
    };
    let mut compared = Compared { gpu: &gpu, common, names, seeds: arguments.seeds, folder, runs: Vec::new() };
    watch_interrupts();
    // Seeds outside, methods inside: what slows the machine for a while slows all methods alike.
    for index in 0..u64::from(arguments.seeds) {
        let seed = compared.common.seed.wrapping_add(index);
        let subject = Subject::load(&compared.common.data, &Config { seed, ..compared.common.clone() })?;
        for (config, name) in configs.iter().zip(&compared.names.clone()) {
            let config = Config { seed, ..config.clone() };
            let report = if interrupted() { None } else { subject.measure(&gpu, &config, name)? };
            if let Some(report) = report {
                compared.runs.push(report);
                compared.save()?;
            }
        }
    }
    if compared.runs.is_empty() {
        bail!("interrupted before the first run was done");
    }
    let (report, comparison, measured) = compared.report()?;
    let title = format!("{}: {}, {} seeds", subject.name(), compared.common.model, arguments.seeds);
    trial::pictures(&title, &compared.names, &measured, &compared.folder.file("loss"))?;
    super::print_profile(&gpu);
    if arguments.output.json {
        say!("{report}");
        return Ok(());
    }
    compared.print(&report, &comparison)
}

/// The settings that all methods share.
fn described(arguments: &Compare) -> Result<Config> {
    let problem = Problem::find(&arguments.data);
    let mut config = Config {
        data: arguments.data.clone(),
        label: arguments.rows.label.clone(),
        header: arguments.rows.header,
        size: arguments.rows.size,
        seed: arguments.seed,
        generations: arguments.budget.generations,
        epochs: arguments.budget.epochs,
        evaluations: arguments.budget.evaluations,
        seconds: arguments.budget.seconds,
        device: arguments.device.device.clone(),
        ..problem.map_or_else(Config::default, Problem::shared)
    };
    if config.generations.is_none() && config.epochs.is_none() && config.seconds.is_none() {
        config.evaluations.get_or_insert(EVALUATIONS);
    }
    config.missing = arguments.rows.missing.map_or(config.missing, Into::into);
    config.test = arguments.rows.test.unwrap_or(config.test);
    config.model = arguments.network.model.clone().unwrap_or(config.model);
    config.activation = arguments.network.activation.unwrap_or(config.activation);
    config.task = arguments.network.task;
    if problem.is_none() {
        config.loss = config.default_loss();
    }
    config.loss = arguments.network.loss.clone().unwrap_or(config.loss);
    config.population = arguments.population;
    if let Some(batch) = &arguments.batch {
        config.batch = train::batch_rows(batch)?;
    }
    config.check()?;
    Ok(config)
}

/// The common settings, without what each method brings, and the methods.
fn described_in_toml(common: &Config, names: &[String], seeds: u32) -> Result<String> {
    let mut config = common.clone();
    train::resolve(&mut config, &Value::Null)?;
    config.population = common.population;
    if common.seconds.is_some() || common.evaluations.is_some() {
        config.generations = common.generations;
    }
    let mut table = toml::Table::try_from(&config)?;
    for name in ["optimizer", "settings", "search", "checkpoint"] {
        table.remove(name);
    }
    let names = names.iter().map(|name| toml::Value::String(name.clone())).collect();
    table.insert("methods".into(), toml::Value::Array(names));
    table.insert("seeds".into(), toml::Value::Integer(seeds.into()));
    Ok(toml::to_string(&table)?)
}

/// What has been measured so far, and where it is kept.
struct Compared<'a> {
    gpu: &'a Gpu,
    common: Config,
    names: Vec<String>,
    seeds: u32,
    folder: Folder,
    runs: Vec<Value>,
}

impl Compared<'_> {
    fn report(&self) -> Result<(Value, Comparison, Vec<Measured>)> {
        let measured =
            self.runs.iter().map(serde::Deserialize::deserialize).collect::<serde_json::Result<Vec<Measured>>>()?;
        let comparison = Comparison::of(&self.names, &measured)?;
        let Config { evaluations, seconds, generations, epochs, .. } = self.common;
        let report = json!({
            "command": "compare",
            "version": env!("CARGO_PKG_VERSION"),
            "device": super::device_json(self.gpu),
            "data": self.runs[0]["data"],
            "model": self.runs[0]["model"],
            "budget": {"evaluations": evaluations, "seconds": seconds, "generations": generations, "epochs": epochs},
            "seeds": self.seeds,
            "planned": self.names.len() * self.seeds as usize,
            "common_seconds": comparison.common_seconds,
            "methods": comparison.methods,
            "tests": comparison.tests,
            "ratios": comparison.ratios,
            "runs": self.runs,
            "out": self.folder.path(),
        });
        Ok((report, comparison, measured))
    }

    fn save(&self) -> Result<()> {
        let (report, _, measured) = self.report()?;
        folder::write(&self.folder.file("compare.json"), serde_json::to_string(&report)?.as_bytes())?;
        let rows: Vec<_> = measured.iter().map(|run| (None, run)).collect();
        folder::write(&self.folder.file("compare.csv"), &trial::csv(&rows)?)?;
        Ok(())
    }

    /// The report for people.
    fn print(&self, report: &Value, comparison: &Comparison) -> Result<()> {
        let (data, model) = (&report["data"], &report["model"]);
        say!("{}", train::rows(data));
        say!(
            "{} ({} weights) · seeds {} to {} · {} a run · {}",
            model["name"].as_str().unwrap_or_default(),
            model["parameters"],
            self.common.seed,
            self.common.seed.wrapping_add(u64::from(self.seeds) - 1),
            budget(&self.common),
            self.gpu.report().name,
        );
        let at = format!("loss at {:.3} s", comparison.common_seconds);
        let numbers = data["classes"] == 0;
        let tests = if numbers { ["test MSE", "test R2"] } else { ["test accuracy", "macro F1"] };
        let header = ["method", "population", "generations", "train loss", tests[0], tests[1], "seconds", &at];
        let mut table = super::table(&header);
        for method in &comparison.methods {
            let test = |value: Option<gradless::statistics::Spread>| value.map_or("-".into(), |v| v.shown(4));
            table.add_row([
                method.method.clone(),
                method.population.to_string(),
                method.generations.to_string(),
                method.train_loss.shown(4),
                test(method.test.map(|t| t.accuracy).or(method.test_errors.map(|t| t.mse))),
                test(method.test.map(|t| t.f1).or(method.test_errors.map(|t| t.r2))),
                format!("{:.2}", method.seconds.mean),
                method.loss_at_common_time.map_or("-".into(), |loss| format!("{loss:.4}")),
            ]);
        }
        say!("{table}");
        for line in trial::verdicts(comparison) {
            say!("{line}");
        }
        let (done, planned) = (self.runs.len(), self.names.len() * self.seeds as usize);
        let cut =
            if done < planned { format!("interrupted after {done} of {planned} runs · ") } else { String::new() };
        say!("{cut}{}", self.folder.path().display());
        Ok(())
    }
}

/// What ends a run, in words.
pub(super) fn budget(config: &Config) -> String {
    match (config.evaluations, config.seconds, config.generations) {
        (Some(evaluations), ..) => format!("{evaluations} evaluations"),
        (_, Some(seconds), _) => format!("{seconds} s"),
        _ if config.epochs.is_some() => format!("{} epochs", config.epochs.unwrap_or_default()),
        (.., generations) => format!("{} generations", generations.unwrap_or(Config::GENERATIONS)),
    }
}
