//! `gradless simulate`

mod list;
mod many;
mod one;
mod values;

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use gradless::Error;
use gradless::folder::{self, Folder};
use gradless::objective::ode::{Grid, Integrator, Ode, Solution, System, Tolerance, find};
use serde_json::json;

use self::values::{Rows, Values};
use crate::cli::Simulate;

/// States kept of a trajectory.
const KEPT: u32 = 1000;
/// Times at which states are wanted where the steps follow a tolerance.
const TIMES: u32 = 200;
/// First step of a geometric grid, as a share of the whole, where none is given.
const FIRST_SHARE: f64 = 1e-4;

/// All that a report may speak of.
struct Done<'a> {
    ode: &'a Ode<'a>,
    values: &'a Values,
    rows: &'a Rows,
    solution: &'a Solution,
    folder: &'a Folder,
    device: serde_json::Value,
    /// The sets that are shown as they go, their trajectories.
    shown: &'a (Vec<usize>, Solution),
    /// From the first upload to the last value read.
    seconds: f64,
}

pub(super) fn run(arguments: &Simulate) -> Result<()> {
    if arguments.list {
        return list::run(arguments.output.json);
    }
    let name = arguments.system.as_deref().unwrap_or_default();
    let system = if name.ends_with(".wgsl") { System::read(Path::new(name))? } else { find(name)?.clone() };
    let values = Values::read(arguments, &system)?;
    let ode = described(arguments, &system, values.sets.is_some())?;
    ode.times()?;
    let rows = values.rows()?;
    let gpu = super::open_for(&arguments.device)?;
    let start = Instant::now();
    let solution = ode.integrate(&gpu, &rows.initial, &rows.constants)?;
    // Of many sets the ends are kept, and a few are integrated once more for samples.
    let shown = if values.sets.is_some() { many::shown(&gpu, &ode, &rows)? } else { Default::default() };
    let seconds = start.elapsed().as_secs_f64();
    super::print_profile(&gpu);
    if let Some(message) = many::all_lost(&ode, &solution) {
        anyhow::bail!(message);
    }
    let text = settings(&ode, &values, arguments)?;
    let stem = system.name.trim_end_matches(".wgsl");
    let folder = match &arguments.out {
        Some(path) => Folder::create(path, &text)?,
        None => Folder::create_numbered(Path::new("runs"), &format!("simulate-{stem}"), &text)?,
    };
    if system.name.ends_with(".wgsl") {
        folder::write(&folder.file("system.wgsl"), system.wgsl.as_bytes())?;
    }
    let device = super::device_json(&gpu);
    let done = Done {
        ode: &ode,
        values: &values,
        rows: &rows,
        solution: &solution,
        folder: &folder,
        device,
        shown: &shown,
        seconds,
    };
    match values.sets {
        Some(_) => many::report(&done, arguments.output.json),
        None => one::report(&done, arguments.output.json),
    }
}

fn described<'a>(arguments: &Simulate, system: &'a System, many: bool) -> Result<Ode<'a>> {
    let mut ode = Ode::new(system);
    if let Some(name) = &arguments.integrator {
        ode.integrator = Integrator::named(name)?;
    }
    if ode.integrator.estimates() {
        let usual = Tolerance::default();
        let relative = arguments.tolerance.first().copied().unwrap_or(usual.relative);
        let absolute = arguments.tolerance.get(1).copied().unwrap_or(1e-3 * relative);
        ode.tolerance = Some(Tolerance { relative, absolute });
        ode.steps = TIMES;
    } else if let Some(tolerance) = arguments.tolerance.first() {
        let remedy = format!("{} takes the steps it is given: add --integrator dormand-prince", ode.integrator.name());
        return Err(Error::setting("tolerance", tolerance, remedy).into());
    }
    if arguments.tolerance.len() > 2 {
        let count = format!("{} values", arguments.tolerance.len());
        return Err(Error::setting("tolerance", count, "give one relative and one absolute, as in 1e-5,1e-8").into());
    }
    ode.steps = arguments.steps.unwrap_or(ode.steps);
    ode.end = arguments.end.unwrap_or(ode.end);
    if let Some(text) = &arguments.grid {
        ode.grid = grid(text, &ode)?;
    }
    ode.every = if many { ode.steps.max(1) } else { ode.steps.div_ceil(KEPT).max(1) };
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

/// What the folder says of itself.
fn settings(ode: &Ode, values: &Values, arguments: &Simulate) -> Result<String> {
    let mut all = json!({
        "system": ode.system.name, "integrator": ode.integrator.name(), "grid": grid_name(ode.grid),
        "steps": ode.steps, "end": ode.end, "initial": values.initial_json(),
    });
    if let Some(tolerance) = ode.tolerance {
        all["tolerance"] = json!([tolerance.relative, tolerance.absolute]);
    }
    if let Some(sets) = values.sets {
        (all["sets"], all["seed"]) = (json!(sets), json!(arguments.seed));
    }
    all["constants"] = values.constants_json(ode.system);
    Ok(toml::to_string(&all)?)
}

/// What it was integrated with, in words.
fn steps(ode: &Ode) -> String {
    match ode.tolerance {
        Some(tolerance) => format!("{} at {:e}, {} times", ode.integrator.name(), tolerance.relative, ode.steps),
        None => format!("{}, {} steps", ode.integrator.name(), ode.steps),
    }
}
