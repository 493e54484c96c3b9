//! `gradless minimize`

use std::path::Path;

use anyhow::Result;
use gradless::Error;
use gradless::config::Config;
use gradless::gpu::Gpu;
use gradless::objective::Formula;
use gradless::objective::functions::{self, Dims, Function};
use gradless::population::{Domain, Objective as _, Optimizer};
use gradless::reach::suited;
use gradless::run::{Report, Run, Stop};
use serde_json::{Value, json};

use super::progress::{Progress, interrupted, watch_interrupts};
use crate::cli::Minimize;

pub(super) fn run(arguments: &Minimize) -> Result<()> {
    if arguments.search.help_settings {
        return super::print_settings(&arguments.search);
    }
    if arguments.list {
        return list(arguments.output.json);
    }
    let name = arguments.function.as_deref().unwrap_or_default();
    let config = described(arguments)?;
    let function = functions::find(name);
    let objective = match function {
        Some(function) => known(arguments, function, shift(arguments, function))?,
        None => file(arguments, name)?,
    };
    let config = suited(&config, &objective.domain())?;
    let optimizer = config.build_optimizer()?;
    let gpu = super::open_for(&arguments.device)?;
    watch_interrupts();
    let main = several(arguments, &config, &gpu, &objective, optimizer.as_ref())?;
    // GWO is drawn to the origin, where most test functions have their optimum: never show one without the other.
    let beside = match function.filter(|f| config.optimizer == "gwo" && shift(arguments, f) == 0.0) {
        Some(function) if !interrupted() => {
            let moved = known(arguments, function, function.shift)?;
            Some((function.shift, several(arguments, &config, &gpu, &moved, optimizer.as_ref())?))
        }
        _ => None,
    };
    super::print_profile(&gpu);
    let (best, point) = (main.best(), &main.point);
    let dims = point.len() as u32;
    let moved = function.map_or(0.0, |f| shift(arguments, f));
    if arguments.output.json {
        say!(
            "{}",
            json!({
                "command": "minimize", "version": env!("CARGO_PKG_VERSION"), "device": super::device_json(&gpu),
                "function": name, "dims": dims, "shift": moved, "optimum": function.map(|f| (f.value)(dims)),
                "optimizer": {"name": config.optimizer, "search": config.search, "settings": optimizer.settings()},
                "seed": config.seed, "population": config.members(),
                "best": best, "x": point, "generations": main.generations, "evaluations": main.evaluations,
                "seconds": main.seconds, "stop": main.stop,
                "runs": main.values, "mean": main.mean(), "median": main.median(),
                "shifted": beside.as_ref().map(|(by, other)| json!({
                    "shift": by, "best": other.best(), "mean": other.mean(), "median": other.median()})),
            })
        );
        return Ok(());
    }
    say!("{name}, {dims} dimensions, {}, population {}", config.optimizer, config.members());
    if let Some(function) = function {
        say!("optimum  {}", (function.value)(dims));
    }
    main.print("best")?;
    if let Some((by, other)) = &beside {
        other.print(&format!("best with the optimum moved by {by}"))?;
    }
    let shown: Vec<String> = point.iter().take(8).map(|x| format!("{x:.6}")).collect();
    say!("x        [{}{}]", shown.join(", "), if dims > 8 { ", ..." } else { "" });
    say!("{} evaluations in {:.3} s", main.evaluations, main.seconds);
    Ok(())
}

fn described(arguments: &Minimize) -> Result<Config> {
    let search = &arguments.search;
    let mut config = Config {
        optimizer: search.optimizer.clone().unwrap_or_else(|| "pso".into()),
        search: search.search.clone().unwrap_or_else(|| "whole".into()),
        population: search.population,
        generations: search.generations,
        evaluations: search.evaluations,
        seconds: search.seconds,
        target: search.target,
        seed: search.seed.unwrap_or(1),
        ..Config::default()
    };
    if let Some(epochs) = search.epochs {
        return Err(Error::setting("epochs", epochs, "a function has no rows: give --generations").into());
    }
    if search.evaluations.is_none() && search.seconds.is_none() {
        config.generations.get_or_insert(500);
    }
    for (key, value) in &search.settings {
        config.settings.insert(key.clone(), toml::Value::String(value.clone()));
    }
    config.check()?;
    if !config.build_optimizer()?.blockwise() {
        config.population.get_or_insert(30);
    }
    if arguments.runs == 0 {
        return Err(Error::setting("runs", 0, "there must be at least one run").into());
    }
    Ok(config)
}

fn shift(arguments: &Minimize, function: &Function) -> f32 {
    match arguments.shift {
        None => 0.0,
        Some(None) => function.shift,
        Some(Some(by)) => by,
    }
}

fn known(arguments: &Minimize, function: &Function, shift: f32) -> Result<Formula> {
    if arguments.low.is_some() || arguments.high.is_some() {
        return Err(Error::setting("low/high", "given", "known functions bring their own box").into());
    }
    Ok(Formula::known(function, arguments.dims.unwrap_or(function.dims.usual()), shift)?)
}

fn file(arguments: &Minimize, name: &str) -> Result<Formula> {
    let path = Path::new(name);
    if !path.exists() {
        let remedy = "no such function, and no such file; gradless minimize --list shows the functions";
        return Err(Error::setting("function", name, remedy).into());
    }
    if arguments.shift.is_some() {
        return Err(Error::setting("shift", "given", "only known functions can be shifted").into());
    }
    let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
    let domain = Domain::boxed(arguments.low.unwrap_or(-1.0), arguments.high.unwrap_or(1.0));
    Ok(Formula::new(name, &text, arguments.dims.unwrap_or(2), domain)?)
}

/// What one or more runs came to.
struct Outcome {
    values: Vec<f32>,
    point: Vec<f32>,
    evaluations: u64,
    generations: u32,
    seconds: f64,
    stop: Option<Stop>,
}

impl Outcome {
    fn best(&self) -> f32 {
        self.values.iter().copied().fold(f32::MAX, f32::min)
    }

    fn mean(&self) -> f64 {
        self.values.iter().map(|v| f64::from(*v)).sum::<f64>() / self.values.len() as f64
    }

    fn median(&self) -> f64 {
        let mut sorted = self.values.clone();
        sorted.sort_by(f32::total_cmp);
        let middle = sorted.len() / 2;
        f64::from(if sorted.len() % 2 == 1 { sorted[middle] } else { 0.5 * (sorted[middle - 1] + sorted[middle]) })
    }

    fn print(&self, label: &str) -> Result<()> {
        say!("{label}  {:e}", self.best());
        if self.values.len() > 1 {
            say!("  {} runs: mean {:e}, median {:e}", self.values.len(), self.mean(), self.median());
        }
        Ok(())
    }
}

fn several(
    arguments: &Minimize,
    config: &Config,
    gpu: &Gpu,
    objective: &Formula,
    optimizer: &dyn Optimizer,
) -> Result<Outcome> {
    let mut outcome =
        Outcome { values: Vec::new(), point: Vec::new(), evaluations: 0, generations: 0, seconds: 0.0, stop: None };
    for index in 0..u64::from(arguments.runs) {
        let (generations, horizon) = config.span();
        let mut builder = Run::new(gpu, objective, optimizer)
            .members(config.members())
            .seed(config.seed.wrapping_add(index))
            .generations(generations)
            .horizon(horizon);
        if let Some(evaluations) = config.evaluations {
            builder = builder.evaluations(evaluations);
        }
        if let Some(target) = config.target {
            builder = builder.target(target);
        }
        let mut run = builder.start()?;
        let report = finish(&mut run, config)?;
        if outcome.values.iter().all(|value| report.best < *value) {
            outcome.point = run.best()?;
        }
        outcome.values.push(report.best);
        outcome.evaluations += report.evaluations;
        outcome.generations = report.generation;
        outcome.seconds += report.seconds;
        outcome.stop = report.stop;
        if interrupted() {
            break;
        }
    }
    Ok(outcome)
}

/// Runs to the end, or to the end of the time.
fn finish(run: &mut Run, config: &Config) -> Result<Report> {
    let (limit, _) = config.span();
    let progress = Progress::new(limit.min(run.limit()), config.seconds, 0);
    while run.report().stop.is_none() {
        run.step()?;
        let timed = limit == u32::MAX && config.seconds.is_some();
        progress.show(run.report(), run.evaluations_per_generation(), timed);
        if run.report().stop.is_none() && interrupted() {
            run.interrupt(Stop::Interrupted)?;
        } else if run.report().stop.is_none() && config.seconds.is_some_and(|s| run.report().seconds >= s) {
            run.interrupt(Stop::Seconds)?;
        }
    }
    progress.finish();
    Ok(run.report().clone())
}

fn list(as_json: bool) -> Result<()> {
    let side = |f: &Function| {
        let (low, high) = f.domain.cube();
        format!("{low} to {high}")
    };
    if as_json {
        let all: Vec<Value> = functions::FUNCTIONS
            .iter()
            .map(|f| {
                let dims = f.dims.usual();
                json!({"name": f.name, "aliases": f.aliases, "dims": dims, "fixed": matches!(f.dims, Dims::Fixed(_)),
                       "domain": f.domain.cube(), "optimum": (f.value)(dims), "at": (f.minimizer)(dims)[0],
                       "shift": f.shift, "source": f.source})
            })
            .collect();
        say!("{}", json!({"command": "minimize --list", "functions": all}));
        return Ok(());
    }
    let mut table = super::table(&["name", "also", "dimensions", "box", "optimum", "source"]);
    for f in functions::FUNCTIONS {
        let dims = f.dims.usual();
        let optimum = format!("{}", (f.value)(dims));
        table.add_row([f.name, &f.aliases.join(" "), &f.dims.to_string(), &side(f), &optimum, f.source]);
    }
    say!("{table}");
    Ok(())
}
