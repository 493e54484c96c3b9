//! The report on one trajectory: its end, all of it as a table, a picture.

use std::path::Path;

use anyhow::Result;
use gradless::folder;
use gradless::objective::ode::{Grid, Ode};
use gradless::plot::{Curve, Series, banded_curve};
use serde_json::json;

use super::super::report::round;
use super::{Done, grid_name, steps};

/// States in a report.
const REPORTED: usize = 100;

pub(super) fn report(done: &Done, as_json: bool) -> Result<()> {
    let (ode, solution, system) = (done.ode, done.solution, done.ode.system);
    let samples: Vec<(f64, Vec<f32>)> =
        (0..solution.times.len()).filter_map(|n| Some((solution.times[n], solution.state(n, 0)?))).collect();
    let end = solution.end(0).unwrap_or_default();
    folder::write(&done.folder.file("trajectory.csv"), &csv(&system.components, &samples)?)?;
    picture(ode, &samples, &done.folder.file("trajectory"))?;
    if as_json {
        let shown = thinned(&samples);
        let mut report = json!({
            "command": "simulate", "version": env!("CARGO_PKG_VERSION"), "device": done.device,
            "system": system.name, "components": system.components,
            "constants": done.values.constants_json(system), "initial": done.rows.initial,
            "integrator": ode.integrator.name(), "grid": grid_name(ode.grid), "steps": ode.steps,
            "start": system.start, "end": ode.end, "state": end,
            "t": shown.iter().map(|(t, _)| t).collect::<Vec<_>>(),
            "y": shown.iter().map(|(_, y)| y).collect::<Vec<_>>(),
            "seconds": round(done.seconds), "out": done.folder.path(),
        });
        if let Some(tolerance) = ode.tolerance {
            report["tolerance"] = json!([tolerance.relative, tolerance.absolute]);
            report["tries"] = json!(solution.tries);
        }
        say!("{report}");
        return Ok(());
    }
    say!("{}, {} to t = {}", system.name, steps(ode), ode.end);
    for (name, value) in system.components.iter().zip(&end) {
        say!("{name:<10} {value:e}");
    }
    if ode.tolerance.is_some() {
        say!("{} steps tried", solution.tries);
    }
    say!("{:.3} s, {}", done.seconds, done.folder.path().display());
    Ok(())
}

fn csv(components: &[String], samples: &[(f64, Vec<f32>)]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(std::iter::once("t").chain(components.iter().map(String::as_str)))?;
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
fn picture(ode: &Ode, samples: &[(f64, Vec<f32>)], stem: &Path) -> Result<()> {
    let geometric = ode.grid != Grid::Uniform;
    let start = ode.system.start;
    let components = &ode.system.components;
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
    let label = |i: usize| if apart { format!("{} / {:.2e}", components[i], sizes[i]) } else { components[i].clone() };
    let names: Vec<String> = (0..components.len()).map(label).collect();
    let series: Vec<_> = names.iter().zip(&lines).map(|(name, points)| Series { name, points }).collect();
    let title = format!("{}, {}", ode.system.name, steps(ode));
    let y_label = if apart { "component / its largest" } else { "component" };
    let x_label = if geometric { "log10 t" } else { "t" };
    Ok(banded_curve(&Curve { title: &title, x_label, y_label, series: &series }, &[], stem)?)
}
