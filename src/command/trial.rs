//! What `compare` and `reproduce` have in common: one run of one method, and what is made of many.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::Result;
use gradless::comparison::{Comparison, FEWEST_RUNS, Measured, Shares, band, thinned};
use gradless::config::Config;
use gradless::data::{self, Dataset};
use gradless::gpu::Gpu;
use gradless::metrics::{Errors, Measures, Scores};
use gradless::plot::{Curve, Series, banded_curve};
use gradless::problem::{Exercise, Problem};
use gradless::run::{Run, Stop};
use gradless::training::{Point, Training};
use serde_json::{Value, json};

use super::progress::{Progress, interrupted};

/// Points kept of a run's course.
const TRACE: usize = 200;

/// What methods are measured on.
pub(super) enum Subject {
    /// Rows.
    Rows(Box<Dataset>),
    /// A problem that is no table of rows.
    Problem(String),
}

impl Subject {
    /// What `data` names, drawn and divided by these settings.
    pub(super) fn load(data: &str, config: &Config) -> gradless::Result<Self> {
        if Problem::find(data).is_some() {
            return Ok(Self::Problem(data.into()));
        }
        Ok(Self::Rows(Box::new(data::load(data, &config.data_options())?)))
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Rows(dataset) => &dataset.name,
            Self::Problem(name) => name,
        }
    }

    pub(super) fn notes(&self) -> &[String] {
        match self {
            Self::Rows(dataset) => &dataset.notes,
            Self::Problem(_) => &[],
        }
    }

    /// Changes with the rows.
    pub(super) fn fingerprint(&self) -> u64 {
        match self {
            Self::Rows(dataset) => dataset.raw.fingerprint(),
            Self::Problem(_) => 0,
        }
    }

    /// One generation of a run that is then forgotten. It makes the driver compile what it puts off until the first
    /// use, which would otherwise count as time of whichever run comes first.
    pub(super) fn warm_up(&self, gpu: &Gpu, config: &Config) -> Result<()> {
        match self {
            Self::Rows(dataset) => Training::new(config, dataset)?.start(gpu)?.advance(1)?,
            Self::Problem(_) => Exercise::new(config, gpu)?.start(gpu)?.advance(1)?,
        };
        Ok(())
    }

    /// Trains once and reports as `train` does, with the method's name and the course of the run; none where Ctrl-C
    /// came before the end, since half a run is no run of the same budget.
    pub(super) fn measure(&self, gpu: &Gpu, config: &Config, method: &str) -> Result<Option<Value>> {
        let (limit, _) = config.span();
        let timed = limit == u32::MAX && config.seconds.is_some();
        let mut progress = None;
        let mut watch = |run: &Run| {
            let bar = progress.get_or_insert_with(|| Progress::new(limit.min(run.limit()), config.seconds, 0));
            bar.show(run.report(), run.evaluations_per_generation(), timed);
            !interrupted()
        };
        let (mut report, trace) = match self {
            Self::Rows(dataset) => {
                let training = Training::new(config, dataset)?;
                let outcome = training.run(gpu, &mut watch)?;
                let mut report = super::report::training(gpu, &training, &outcome);
                let part = |rows: usize, scores: Option<Measures>| Some((rows, *scores?.classes()?));
                let parts: Vec<_> = [
                    part(dataset.train.rows, Some(outcome.train)),
                    part(dataset.validation.rows, outcome.validation),
                    part(dataset.test.rows, outcome.test),
                ]
                .into_iter()
                .flatten()
                .collect();
                report["all"] = json!((!dataset.is_regression()).then(|| Shares::of(&parts)));
                (report, outcome.trace)
            }
            Self::Problem(_) => {
                let exercise = Exercise::new(config, gpu)?;
                let outcome = exercise.run(gpu, &mut watch)?;
                (super::report::exercise(gpu, &exercise, &outcome), outcome.trace)
            }
        };
        if let Some(bar) = progress {
            bar.finish();
        }
        if report["stop"] == json!(Stop::Interrupted) {
            return Ok(None);
        }
        let micro = |point: Point| Point { seconds: (point.seconds * 1e6).round() / 1e6, ..point };
        let trace: Vec<Point> = thinned(&trace, TRACE).into_iter().map(micro).collect();
        report["method"] = json!(method);
        report["trace"] = json!(trace);
        if std::io::stderr().is_terminal() {
            let shown = |name: &str| report["test"][name].as_f64();
            let test = match (shown("accuracy"), shown("mae")) {
                (Some(accuracy), _) => format!(", test accuracy {accuracy:.4}"),
                (_, Some(mae)) => format!(", test MAE {mae:.4}"),
                _ => String::new(),
            };
            eprintln!(
                "{} · {method} · seed {}: loss {:.5}{test}, {:.2} s",
                self.name(),
                config.seed,
                report["train"]["loss"].as_f64().unwrap_or_default(),
                report["seconds"].as_f64().unwrap_or_default(),
            );
        }
        Ok(Some(report))
    }
}

/// Runs as a CSV table, a row each; the cases' names first where there are any.
pub(super) fn csv(runs: &[(Option<&str>, &Measured)]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let cases = runs.iter().any(|(case, _)| case.is_some());
    let common = [
        "method",
        "seed",
        "population",
        "generations",
        "evaluations",
        "layer_updates",
        "seconds",
        "stop",
        "train_loss",
    ];
    let classes = [
        "train_accuracy",
        "test_loss",
        "test_accuracy",
        "precision",
        "recall",
        "f1",
        "train_agreement",
        "test_agreement",
        "all_accuracy",
        "all_agreement",
    ];
    let numbers = ["train_mse", "test_loss", "test_mse", "test_mae", "test_r2"];
    // An experiment may have cases of both kinds.
    let of_numbers = runs.iter().any(|(_, run)| run.train.mse.is_some());
    let of_classes = runs.iter().any(|(_, run)| run.train.accuracy.is_some());
    let rest = [
        &numbers[..if of_numbers { numbers.len() } else { 0 }],
        &classes[..if of_classes { classes.len() } else { 0 }],
    ];
    let rest: Vec<&str> = rest.concat();
    writer.write_record(cases.then_some("case").into_iter().chain(common).chain(rest.iter().copied()))?;
    for (case, run) in runs {
        let cell = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let class = |value: fn(&Scores) -> f64| cell(run.test.as_ref().and_then(|test| test.classes().map(value)));
        let number = |value: fn(&Errors) -> f64| cell(run.test.as_ref().and_then(|test| test.numbers().map(value)));
        let mut cells: Vec<String> = case.iter().map(ToString::to_string).collect();
        cells.extend([
            run.method.clone(),
            run.seed.to_string(),
            run.population.to_string(),
            run.generations.to_string(),
            run.evaluations.to_string(),
            run.layer_updates.map_or(String::new(), |updates| updates.to_string()),
            run.seconds.to_string(),
            json!(run.stop).as_str().unwrap_or_default().into(),
            run.train.loss.to_string(),
        ]);
        if of_numbers {
            cells.extend([
                cell(run.train.mse),
                number(|t| t.loss),
                number(|t| t.mse),
                number(|t| t.mae),
                number(|t| t.r2),
            ]);
        }
        if of_classes {
            cells.extend([
                cell(run.train.accuracy),
                class(|t| t.loss),
                class(|t| t.accuracy),
                class(|t| t.precision),
                class(|t| t.recall),
                class(|t| t.f1),
                cell(run.train.agreement),
                class(|t| t.agreement),
                cell(run.all.map(|all| all.accuracy)),
                cell(run.all.map(|all| all.agreement)),
            ]);
        }
        writer.write_record(cells)?;
    }
    Ok(writer.into_inner()?)
}

/// Median loss with the range of all runs behind it, against evaluations and against seconds.
pub(super) fn pictures(title: &str, names: &[String], runs: &[Measured], stem: &Path) -> Result<()> {
    let evaluations = |point: &Point| point.evaluations as f64;
    let seconds = |point: &Point| point.seconds;
    for (x_label, position) in [("evaluations", evaluations as fn(&Point) -> f64), ("seconds", seconds)] {
        let courses: Vec<_> = names
            .iter()
            .map(|name| band(&runs.iter().filter(|run| run.method == *name).collect::<Vec<_>>(), position))
            .collect();
        let lines: Vec<Vec<_>> =
            courses.iter().map(|course| course.iter().map(|&(x, _, middle, _)| (x, middle)).collect()).collect();
        let ranges: Vec<Vec<_>> =
            courses.iter().map(|course| course.iter().map(|&(x, low, _, high)| (x, low, high)).collect()).collect();
        let series: Vec<_> = names.iter().zip(&lines).map(|(name, points)| Series { name, points }).collect();
        let curve = Curve { title, x_label, y_label: "best training loss, median and range", series: &series };
        let ranges: Vec<&[_]> = ranges.iter().map(Vec::as_slice).collect();
        let mut path = stem.as_os_str().to_owned();
        path.push(format!("-{x_label}"));
        banded_curve(&curve, &ranges, Path::new(&path))?;
    }
    Ok(())
}

/// What the rank tests say, a line each.
pub(super) fn verdicts(comparison: &Comparison) -> Vec<String> {
    let mut lines = Vec::new();
    if comparison.methods.len() < 2 {
        return lines;
    }
    if comparison.methods.iter().any(|method| method.runs < FEWEST_RUNS) {
        lines.push(format!("With fewer than {FEWEST_RUNS} seeds a rank test cannot tell the methods apart."));
        return lines;
    }
    for measure in ["train loss", "test accuracy", "test MSE"] {
        let tests: Vec<_> = comparison.tests.iter().filter(|test| test.measure == measure).collect();
        let Some(first) = tests.first() else { continue };
        let others: Vec<String> = tests
            .iter()
            .map(|test| {
                format!("{} {} (p = {:.3})", test.other, if test.clear { "clear" } else { "not clear" }, test.p)
            })
            .collect();
        lines.push(format!("Best {measure}: {}; difference from {}.", first.best, others.join(", ")));
    }
    lines
}
