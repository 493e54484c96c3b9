//! `gradless train` of a problem that is no table of rows.

use anyhow::Result;
use gradless::config::{Config, PROBLEM};
use gradless::folder;
use gradless::gpu::Gpu;
use gradless::model;
use gradless::plot::{Curve, Series, banded_curve, events};
use gradless::problem::{Drawing, Exercise, Problem};
use gradless::run::Run;
use serde_json::json;

use super::course::{self, Course};
use super::{dry_run, train};
use crate::cli::Train;

pub(super) fn run(arguments: &Train, mut config: Config) -> Result<()> {
    refuse_of_rows(arguments)?;
    let gpu = super::open(config.device.as_deref(), arguments.device.profile, arguments.device.no_tuning)?;
    let exercise = Exercise::new(&config, &gpu)?;
    if arguments.dry_run {
        let dims = exercise.posed.objective().dims().into();
        let described = super::report::described(&gpu, &exercise.config, exercise.optimizer.as_ref(), dims);
        return dry_run::run(arguments, &gpu, &exercise.builder(&gpu), described);
    }
    let mut run = exercise.start(&gpu)?;
    train::resolve(&mut config, &exercise.optimizer.settings())?;
    let stem = format!("{}-{}", config.data, config.optimizer);
    let folder = course::folder(arguments, &config, &stem, &mut run, 0)?;
    let mut course = Course::new(&exercise.config, folder, &run, 0)?;
    let text = config.to_toml()?;
    let save = |run: &mut Run, folder: &folder::Folder| {
        let tensors = exercise.posed.tensors(&run.best()?);
        Ok(model::save(&folder.file("model.safetensors"), &tensors, (model::PROBLEM_ENTRY, &text))?)
    };
    course.advance(&mut run, &save)?;
    let outcome = exercise.outcome(&gpu, &mut run)?;
    pictures(&gpu, &exercise, &outcome.position, &course)?;
    let mut report = super::report::exercise(&gpu, &exercise, &outcome);
    report["out"] = json!(course.folder.path());
    folder::write(&course.folder.file("report.json"), serde_json::to_string_pretty(&report)?.as_bytes())?;
    super::print_profile(&gpu);
    if arguments.output.json {
        say!("{report}");
        return Ok(());
    }
    train::print(&report)
}

/// Lists the settings of a problem, and what it is usually learned by.
pub(super) fn print_settings(problem: &Problem) -> Result<()> {
    say!("{}: {}", problem.name, problem.about);
    let usual = problem.usual();
    let shown = |value: &toml::Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let mut table = super::table(&["setting", "default", "meaning"]);
    for (name, meaning) in problem.settings {
        let name = format!("{PROBLEM}{name}");
        let value = usual.settings.get(&name).map_or_else(|| "as usual".into(), shown);
        table.add_row([&name, &value, *meaning]);
    }
    say!("{table}");
    let own = usual.settings.iter().filter(|(name, _)| !name.starts_with(PROBLEM));
    let own: Vec<String> = own.map(|(name, value)| format!("{name}={}", shown(value))).collect();
    say!(
        "usually: --model {} --loss {} --optimizer {} --population {} --generations {} -s {}",
        usual.model,
        usual.loss,
        usual.optimizer,
        usual.members(),
        usual.generations.unwrap_or(Config::GENERATIONS),
        own.join(" -s "),
    );
    Ok(())
}

/// What is of rows and columns has no place here.
fn refuse_of_rows(arguments: &Train) -> Result<()> {
    let given = [
        ("label", arguments.rows.label.is_some()),
        ("header", arguments.rows.header.is_some()),
        ("missing", arguments.rows.missing.is_some()),
        ("size", arguments.rows.size.is_some()),
        ("test", arguments.rows.test.is_some()),
        ("task", arguments.network.task.is_some()),
        ("start", arguments.start.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => {
            Err(gradless::Error::setting(*name, "given", "this problem is no table: leave it out").into())
        }
        None => Ok(()),
    }
}

fn pictures(gpu: &Gpu, exercise: &Exercise, position: &[f32], course: &Course) -> Result<()> {
    let Config { data, optimizer, model, .. } = &exercise.config;
    course.picture(&format!("{data}: {optimizer} on {model}"))?;
    for Drawing { stem, title, x_label, y_label, curves, points } in exercise.posed.drawings(gpu, position)? {
        let series: Vec<_> = curves.iter().map(|(name, points)| Series { name, points }).collect();
        let curve = Curve { title: &title, x_label: &x_label, y_label: &y_label, series: &series };
        let path = course.folder.file(stem);
        if points { events(&curve, &path)? } else { banded_curve(&curve, &[], &path)? }
    }
    Ok(())
}
