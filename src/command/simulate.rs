//! `gradless simulate`

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use gradless::Error;
use gradless::folder::{self, Folder};
use gradless::objective::ode::{Grid, Integrator, Ode, SYSTEMS, Solution, System, find};
use gradless::plot::{Curve, Series, banded_curve};
use serde_json::json;

use crate::cli::Simulate;

/// States kept of a trajectory.
const KEPT: u32 = 1000;
/// States in a report.
const REPORTED: usize = 100;
/// First step of a geometric grid, as a share of the whole, where none is given.
const FIRST_SHARE: f64 = 1e-4;

pub(super) fn run(arguments: &Simulate) -> Result<()> {
    if arguments.list {
        return list(arguments.output.json);
    }
    let system = find(arguments.system.as_deref().unwrap_or_default())?;
    let ode = described(arguments, system)?;
    ode.times()?;
    let (initial, constants) = values(arguments, system)?;
    let gpu = super::open_for(&arguments.device)?;
    let start = Instant::now();
    let solution = ode.integrate(&gpu, &initial, &constants)?;
    let seconds = start.elapsed().as_secs_f64();
    super::print_profile(&gpu);
    let Some(end) = solution.end(0) else {
        let time = solution.lost(0).unwrap_or(ode.end);
        let remedy = format!(
            "the trajectory of {} was no longer finite at t = {time:e}: take more --steps, an integrator for stiff \
             systems, or an earlier --end",
            system.name
        );
        return Err(Error::setting("integrator", ode.integrator.name(), remedy).into());
    };
    let text = settings(&ode, &initial, &constants)?;
    let folder = match &arguments.out {
        Some(path) => Folder::create(path, &text)?,
        None => Folder::create_numbered(Path::new("runs"), &format!("simulate-{}", system.name), &text)?,
    };
    let samples: Vec<(f64, Vec<f32>)> =
        (0..solution.times.len()).filter_map(|n| Some((solution.times[n], solution.state(n, 0)?))).collect();
    folder::write(&folder.file("trajectory.csv"), &csv(system, &samples)?)?;
    picture(&ode, &solution, &samples, &folder.file("trajectory"))?;
    if arguments.output.json {
        let shown = thinned(&samples);
        say!(
            "{}",
            json!({
                "command": "simulate", "version": env!("CARGO_PKG_VERSION"), "device": super::device_json(&gpu),
                "system": system.name, "components": system.components,
                "constants": named(system, &constants), "initial": initial,
                "integrator": ode.integrator.name(), "grid": grid_name(ode.grid), "steps": ode.steps,
                "start": system.start, "end": ode.end, "state": end,
                "t": shown.iter().map(|(t, _)| t).collect::<Vec<_>>(),
                "y": shown.iter().map(|(_, y)| y).collect::<Vec<_>>(),
                "seconds": super::report::round(seconds), "out": folder.path(),
            })
        );
        return Ok(());
    }
    say!("{}, {}, {} steps to t = {}", system.name, ode.integrator.name(), ode.steps, ode.end);
    for (name, value) in system.components.iter().zip(&end) {
        say!("{name:<10} {value:e}");
    }
    say!("{:.3} s, {}", seconds, folder.path().display());
    Ok(())
}

fn described<'a>(arguments: &Simulate, system: &'a System) -> Result<Ode<'a>> {
    let mut ode = Ode::new(system);
    if let Some(name) = &arguments.integrator {
        ode.integrator = Integrator::named(name)?;
    }
    ode.steps = arguments.steps.unwrap_or(ode.steps);
    ode.end = arguments.end.unwrap_or(ode.end);
    if let Some(text) = &arguments.grid {
        ode.grid = grid(text, &ode)?;
    }
    ode.every = ode.steps.div_ceil(KEPT).max(1);
    Ok(ode)
}

fn grid(text: &str, ode: &Ode) -> Result<Grid> {
    let usual = ode.system.first.unwrap_or(FIRST_SHARE * (ode.end - ode.system.start));
    let grid = match text.split_once(':') {
        None if text == "uniform" => Some(Grid::Uniform),
        None if text == "geometric" => Some(Grid::Geometric(usual)),
        Some(("geometric", first)) => first.parse().ok().map(Grid::Geometric),
        _ => None,
    };
    Ok(grid.ok_or_else(|| Error::setting("grid", text, "give uniform, geometric or geometric:1e-5"))?)
}

fn grid_name(grid: Grid) -> String {
    match grid {
        Grid::Uniform => "uniform".into(),
        Grid::Geometric(first) => format!("geometric:{first:e}"),
    }
}

/// The start and the constants, the system's own where none are given.
fn values(arguments: &Simulate, system: &System) -> Result<(Vec<f32>, Vec<f32>)> {
    let initial = if arguments.initial.is_empty() { system.initial.to_vec() } else { arguments.initial.clone() };
    if initial.len() != system.components.len() {
        let remedy = format!("{} has {}", system.name, system.components.join(", "));
        return Err(Error::setting("initial", format!("{} values", initial.len()), remedy).into());
    }
    let mut constants: Vec<f32> = system.constants.iter().map(|(_, value)| *value).collect();
    for (key, value) in &arguments.settings {
        let Some(place) = system.constants.iter().position(|(name, _)| name == key) else {
            let names: Vec<_> = system.constants.iter().map(|(name, _)| *name).collect();
            return Err(Error::setting(key, value, format!("{} has {}", system.name, names.join(", "))).into());
        };
        constants[place] = value.parse().map_err(|_| Error::setting(key, value, "give a number"))?;
    }
    Ok((initial, constants))
}

/// The constants by name, as they were written.
fn named(system: &System, constants: &[f32]) -> serde_json::Value {
    let pairs = system.constants.iter().zip(constants).map(|((name, _), value)| ((*name).to_string(), json!(value)));
    serde_json::Value::Object(pairs.collect())
}

/// What the folder says of itself.
fn settings(ode: &Ode, initial: &[f32], constants: &[f32]) -> Result<String> {
    let all = json!({
        "system": ode.system.name, "integrator": ode.integrator.name(), "grid": grid_name(ode.grid),
        "steps": ode.steps, "end": ode.end, "initial": initial, "constants": named(ode.system, constants),
    });
    Ok(toml::to_string(&all)?)
}

fn csv(system: &System, samples: &[(f64, Vec<f32>)]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(std::iter::once("t").chain(system.components.iter().copied()))?;
    for (t, y) in samples {
        writer.write_record(std::iter::once(t.to_string()).chain(y.iter().map(ToString::to_string)))?;
    }
    Ok(writer.into_inner()?)
}

/// The first, the last, and what lies evenly between.
fn thinned(samples: &[(f64, Vec<f32>)]) -> Vec<&(f64, Vec<f32>)> {
    let every = samples.len().div_ceil(REPORTED).max(1);
    let last = samples.len() - 1;
    samples.iter().enumerate().filter(|(n, _)| n % every == 0 || *n == last).map(|(_, sample)| sample).collect()
}

/// A curve for each component; each a share of its largest where they are of very different size.
fn picture(ode: &Ode, solution: &Solution, samples: &[(f64, Vec<f32>)], stem: &Path) -> Result<()> {
    let geometric = ode.grid != Grid::Uniform;
    let start = solution.times[0];
    let components = ode.system.components;
    let largest = |i: usize| samples.iter().map(|(_, y)| f64::from(y[i].abs())).fold(0.0, f64::max);
    let sizes: Vec<f64> = (0..components.len()).map(largest).collect();
    let (low, high) = sizes.iter().fold((f64::MAX, 0.0f64), |(low, high), size| (low.min(*size), high.max(*size)));
    let apart = high > 100.0 * low;
    let lines: Vec<Vec<(f64, f64)>> = (0..components.len())
        .map(|i| {
            let scale = if apart { sizes[i].max(1e-300) } else { 1.0 };
            let points = samples.iter().filter(|(t, _)| !geometric || *t > start);
            let x = |t: f64| if geometric { (t - start).log10() } else { t };
            points.map(|(t, y)| (x(*t), f64::from(y[i]) / scale)).collect()
        })
        .collect();
    let label = |i: usize| if apart { format!("{} / {:.2e}", components[i], sizes[i]) } else { components[i].into() };
    let names: Vec<String> = (0..components.len()).map(label).collect();
    let series: Vec<_> = names.iter().zip(&lines).map(|(name, points)| Series { name, points }).collect();
    let title = format!("{}, {}, {} steps", ode.system.name, ode.integrator.name(), ode.steps);
    let y_label = if apart { "component / its largest" } else { "component" };
    let x_label = if geometric { "log10 t" } else { "t" };
    Ok(banded_curve(&Curve { title: &title, x_label, y_label, series: &series }, &[], stem)?)
}

fn list(as_json: bool) -> Result<()> {
    if as_json {
        let systems: Vec<_> = SYSTEMS
            .iter()
            .map(|s| {
                let constants: Vec<f32> = s.constants.iter().map(|(_, value)| *value).collect();
                json!({"name": s.name, "components": s.components, "constants": named(s, &constants),
                       "initial": s.initial, "start": s.start, "end": s.end, "steps": s.steps,
                       "stiff": s.first.is_some(), "source": s.source})
            })
            .collect();
        let integrators: Vec<_> =
            Integrator::ALL.iter().map(|one| json!({"name": one.name(), "order": one.order()})).collect();
        say!("{}", json!({"command": "simulate --list", "systems": systems, "integrators": integrators}));
        return Ok(());
    }
    let mut table = super::table(&["system", "components", "constants", "start", "end", "source"]);
    for s in SYSTEMS {
        let few = |all: Vec<String>| {
            let more = all.len().saturating_sub(4);
            let shown = all.into_iter().take(4).collect::<Vec<_>>().join(", ");
            if more > 0 { format!("{shown}, {more} more") } else { shown }
        };
        let components = few(s.components.iter().map(ToString::to_string).collect());
        let constants = few(s.constants.iter().map(|(name, value)| format!("{name}={value}")).collect());
        let start = few(s.initial.iter().map(ToString::to_string).collect());
        table.add_row([s.name, &components, &constants, &start, &s.end.to_string(), s.source]);
    }
    say!("{table}");
    let integrators: Vec<_> =
        Integrator::ALL.iter().map(|one| format!("{} (order {})", one.name(), one.order())).collect();
    say!("integrators: {}", integrators.join(", "));
    Ok(())
}
