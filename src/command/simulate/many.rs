//! The report on many sets of values: their ends and a few trajectories as tables, a picture, how many were lost.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use gradless::folder;
use gradless::gpu::Gpu;
use gradless::objective::ode::{Grid, Loss, Ode, Solution};
use gradless::plot::{Curve, Series, banded_curve};
use serde_json::json;

use super::super::report::round;
use super::{Done, Rows, grid_name, steps};

/// Trajectories shown.
const SHOWN: usize = 20;
/// States kept of each.
const KEPT_EACH: u32 = 256;

/// Lowest, mean and highest end of a component.
struct Spread {
    low: f32,
    mean: f64,
    high: f32,
}

/// What to say where no trajectory came to its end.
pub(super) fn all_lost(ode: &Ode, solution: &Solution) -> Option<String> {
    let count = solution.trajectories();
    let first = (0..count).find_map(|one| Some((solution.loss(one)?, solution.lost(one)?)))?;
    if (0..count).any(|one| solution.loss(one).is_none()) {
        return None;
    }
    let who = match count {
        1 => format!("the trajectory of {}", ode.system.name),
        _ => format!("every one of {count} trajectories of {}, the first of them", ode.system.name),
    };
    let (loss, time) = first;
    let integrator = ode.integrator.name();
    Some(match loss {
        Loss::NotFinite => format!(
            "{who} was no longer finite at t = {time:e} with {integrator}: take more --steps, an integrator for stiff \
             systems (rodas3), or an earlier --end"
        ),
        Loss::StepTooSmall => format!(
            "{who} came to steps too small for f32 at t = {time:e} with {integrator}: it goes to infinity there, or it \
             is stiff; take an earlier --end, more --steps, or an integrator for stiff systems (rodas3)"
        ),
        Loss::TooManySteps => format!(
            "{who} had come only to t = {time:e} when {integrator} had tried {} steps: the system is stiff; take an \
             integrator for stiff systems (rodas3), a larger --tolerance, or more --steps",
            solution.tries / count as u64
        ),
    })
}

/// A few of the sets, evenly chosen, and their trajectories.
pub(super) fn shown(gpu: &Gpu, ode: &Ode, rows: &Rows) -> Result<(Vec<usize>, Solution)> {
    let (components, constants) = (ode.system.components.len(), ode.system.constants.len());
    let count = rows.initial.len() / components;
    let sets: Vec<usize> = (0..count).step_by(count.div_ceil(SHOWN)).collect();
    let of = |all: &[f32], width: usize| -> Vec<f32> {
        sets.iter().flat_map(|set| all[set * width..][..width].to_vec()).collect()
    };
    let ode = Ode { every: ode.steps.div_ceil(KEPT_EACH), ..ode.clone() };
    let solution = ode.integrate(gpu, &of(&rows.initial, components), &of(&rows.constants, constants))?;
    Ok((sets, solution))
}

pub(super) fn report(done: &Done, as_json: bool) -> Result<()> {
    let (ode, solution, system) = (done.ode, done.solution, done.ode.system);
    folder::write(&done.folder.file("sets.csv"), &ends(done)?)?;
    folder::write(&done.folder.file("trajectory.csv"), &trajectories(done)?)?;
    if done.values.ranged.len() == 1 {
        ends_picture(done, &done.folder.file("ends"))?;
    }
    trajectories_picture(done, &done.folder.file("trajectory"))?;
    let count = solution.trajectories();
    let mut lost: BTreeMap<Loss, usize> = BTreeMap::new();
    (0..count).filter_map(|one| solution.loss(one)).for_each(|loss| *lost.entry(loss).or_default() += 1);
    let first = (0..count).filter_map(|one| solution.lost(one)).min_by(f64::total_cmp);
    let spreads = spreads(solution, system.components.len());
    let rates = [solution.seconds, done.seconds].map(|seconds| count as f64 / seconds.max(1e-9));
    if as_json {
        let of = |loss| lost.get(&loss).copied().unwrap_or(0);
        let ends: serde_json::Map<_, _> = system
            .components
            .iter()
            .zip(&spreads)
            .map(|(name, s)| (name.clone(), json!({"lowest": s.low, "mean": s.mean, "highest": s.high})))
            .collect();
        let mut report = json!({
            "command": "simulate", "version": env!("CARGO_PKG_VERSION"), "device": done.device,
            "system": system.name, "components": system.components,
            "constants": done.values.constants_json(system), "initial": done.values.initial_json(),
            "integrator": ode.integrator.name(), "grid": grid_name(ode.grid), "steps": ode.steps,
            "start": system.start, "end": ode.end, "sets": count, "ranged": done.values.ranged,
            "lost": {"count": lost.values().sum::<usize>(), "not_finite": of(Loss::NotFinite),
                     "step_too_small": of(Loss::StepTooSmall), "too_many_steps": of(Loss::TooManySteps),
                     "first": first},
            "ends": ends,
            "seconds": round(done.seconds), "device_seconds": round(solution.seconds),
            "trajectories_per_second": {"device": round(rates[0]), "whole": round(rates[1])},
            "out": done.folder.path(),
        });
        if let Some(tolerance) = ode.tolerance {
            report["tolerance"] = json!([tolerance.relative, tolerance.absolute]);
            report["tries"] = json!(solution.tries);
        }
        say!("{report}");
        return Ok(());
    }
    say!("{}, {} to t = {}, {count} sets: {}", system.name, steps(ode), ode.end, done.values.ranges());
    let mut table = super::super::table(&["at the end", "lowest", "mean", "highest"]);
    for (name, s) in system.components.iter().zip(&spreads) {
        table.add_row([name.clone(), format!("{:e}", s.low), format!("{:e}", s.mean as f32), format!("{:e}", s.high)]);
    }
    say!("{table}");
    if let Some(first) = first {
        let kinds: Vec<_> = lost.iter().map(|(loss, count)| format!("{count} {}", loss.words())).collect();
        say!("lost: {}, the first at t = {first:e}", kinds.join(", "));
    }
    if ode.tolerance.is_some() {
        say!("{:.1} steps tried on average", solution.tries as f64 / count as f64);
    }
    say!("{:.3} s on the device, {:.0} trajectories/s", solution.seconds, rates[0]);
    say!("{:.3} s in all, {:.0} trajectories/s, {}", done.seconds, rates[1], done.folder.path().display());
    Ok(())
}

fn spreads(solution: &Solution, components: usize) -> Vec<Spread> {
    let mut spreads: Vec<Spread> =
        (0..components).map(|_| Spread { low: f32::MAX, mean: 0.0, high: f32::MIN }).collect();
    let mut whole = 0u32;
    for end in (0..solution.trajectories()).filter_map(|one| solution.end(one)) {
        whole += 1;
        for (spread, value) in spreads.iter_mut().zip(end) {
            spread.low = spread.low.min(value);
            spread.high = spread.high.max(value);
            spread.mean += (f64::from(value) - spread.mean) / f64::from(whole);
        }
    }
    spreads
}

/// The ranged values of a set.
fn ranged<'a>(done: &'a Done, set: usize) -> &'a [f32] {
    let width = done.values.ranged.len();
    &done.rows.ranged[set * width..][..width]
}

/// A row for each set: its ranged values, its end, and when it was lost.
fn ends(done: &Done) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = done.values.ranged.iter().chain(&done.ode.system.components).map(String::as_str);
    writer.write_record(std::iter::once("set").chain(names).chain(["lost at"]))?;
    for set in 0..done.solution.trajectories() {
        let values = ranged(done, set).iter().map(ToString::to_string);
        let end = done.solution.end(set);
        let end: Vec<String> = match &end {
            Some(end) => end.iter().map(ToString::to_string).collect(),
            None => vec![String::new(); done.ode.system.components.len()],
        };
        let lost = done.solution.lost(set).map(|time| time.to_string()).unwrap_or_default();
        writer.write_record(std::iter::once(set.to_string()).chain(values).chain(end).chain([lost]))?;
    }
    Ok(writer.into_inner()?)
}

/// A row for each sample of each of the trajectories shown.
fn trajectories(done: &Done) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["set", "t"].into_iter().chain(done.ode.system.components.iter().map(String::as_str)))?;
    let (sets, solution) = done.shown;
    for (place, set) in sets.iter().enumerate() {
        for (n, t) in solution.times.iter().enumerate() {
            let Some(y) = solution.state(n, place) else { break };
            writer
                .write_record([set.to_string(), t.to_string()].into_iter().chain(y.iter().map(ToString::to_string)))?;
        }
    }
    Ok(writer.into_inner()?)
}

/// The ends over what has a range.
fn ends_picture(done: &Done, stem: &Path) -> Result<()> {
    let components = &done.ode.system.components;
    let mut lines: Vec<Vec<(f64, f64)>> = vec![Vec::new(); components.len()];
    for set in 0..done.solution.trajectories() {
        let Some(end) = done.solution.end(set) else { continue };
        for (line, value) in lines.iter_mut().zip(end) {
            line.push((f64::from(ranged(done, set)[0]), f64::from(value)));
        }
    }
    let series: Vec<_> = components.iter().zip(&lines).map(|(name, points)| Series { name, points }).collect();
    let title = format!("{} at t = {}, {}", done.ode.system.name, done.ode.end, steps(done.ode));
    let curve = Curve { title: &title, x_label: &done.values.ranged[0], y_label: "component", series: &series };
    Ok(banded_curve(&curve, &[], stem)?)
}

/// The first component of the trajectories shown.
fn trajectories_picture(done: &Done, stem: &Path) -> Result<()> {
    let geometric = done.ode.grid != Grid::Uniform;
    let start = done.ode.system.start;
    let (sets, solution) = done.shown;
    let line = |place: usize| -> Vec<(f64, f64)> {
        let times = solution.times.iter().enumerate().filter(|(_, t)| !geometric || **t > start);
        let x = |t: f64| if geometric { (t - start).log10() } else { t };
        times.filter_map(|(n, t)| Some((x(*t), f64::from(solution.state(n, place)?[0])))).collect()
    };
    let lines: Vec<_> = (0..sets.len()).map(line).collect();
    let series: Vec<_> = lines.iter().map(|points| Series { name: "", points }).collect();
    let title = format!("{}, {} of {} sets", done.ode.system.name, lines.len(), done.solution.trajectories());
    let x_label = if geometric { "log10 t" } else { "t" };
    let curve = Curve { title: &title, x_label, y_label: &done.ode.system.components[0], series: &series };
    Ok(banded_curve(&curve, &[], stem)?)
}
