//! What an experiment comes to: a table and pictures for each case, one table and one picture over all of them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use gradless::comparison::{Comparison, ErrorSpread, Measured, Summary};
use gradless::experiment::{Case, Experiment, Measure, Overview};
use gradless::folder;
use gradless::gpu::Gpu;
use gradless::plot::{Scatter, diagonal};
use gradless::problem::Problem;
use gradless::reach::Pull;
use gradless::statistics::Spread;
use serde_json::{Value, json};

use super::{functions, widths};
use crate::command::{compare, device_json, train, trial};

/// What a case has come to so far.
pub(super) struct CaseResult<'a> {
    pub(super) case: &'a Case,
    pub(super) missing: Option<String>,
    pub(super) records: Vec<Value>,
    pub(super) data: Option<Value>,
    /// Of a function of one variable.
    pub(super) pull: Option<Pull>,
}

impl CaseResult<'_> {
    fn names(&self) -> Result<Vec<String>> {
        Ok(self.case.methods()?.iter().map(ToString::to_string).collect())
    }

    /// Runs on data; none on functions.
    fn measured(&self) -> Result<Vec<Measured>> {
        if self.case.function.is_some() {
            return Ok(Vec::new());
        }
        Ok(self.records.iter().map(serde::Deserialize::deserialize).collect::<serde_json::Result<_>>()?)
    }

    fn comparison(&self) -> Result<Option<Comparison>> {
        let runs = self.measured()?;
        Ok(if runs.is_empty() { None } else { Some(Comparison::of(&self.names()?, &runs)?) })
    }

    pub(super) fn pictures(&self, folder: &Path) -> Result<()> {
        if self.records.is_empty() {
            return Ok(());
        }
        if self.case.function.is_some() {
            return functions::pictures(self, folder);
        }
        let title = format!("{}: {}", self.case.name, self.case.config.model);
        let (names, runs, stem) = (self.names()?, self.measured()?, folder.join(&self.case.name));
        let title_of_widths = format!("{}: error and number of weights", self.case.name);
        let path = folder.join(format!("{}-width", self.case.name));
        widths::picture(&title_of_widths, &names, &self.records, &runs, &path)?;
        trial::pictures(&title, &names, &runs, &stem)
    }

    fn json(&self, comparison: Option<&Comparison>) -> Result<Value> {
        if let Some(goal) = &self.case.function {
            return functions::json(self, goal);
        }
        Ok(json!({
            "name": self.case.name,
            "group": self.case.group,
            "loss": self.case.config.loss,
            "data": self.data,
            "skipped": self.missing,
            "common_seconds": comparison.map(|c| c.common_seconds),
            "methods": comparison.map(|c| &c.methods),
            "tests": comparison.map(|c| &c.tests),
            "ratios": comparison.map(|c| &c.ratios),
            "published": self.case.published,
            "runs": self.records,
        }))
    }

    fn markdown(&self, measure: Measure, comparison: Option<&Comparison>) -> Result<String> {
        if let Some(goal) = &self.case.function {
            return functions::markdown(self, goal);
        }
        let mut text = format!("## {}\n\n", self.case.name);
        if !self.case.about.is_empty() {
            writeln!(text, "{}", self.case.about.trim())?;
        }
        if let Some(data) = &self.data {
            let rows = format!("{} rows to train, {} to test", data["train_rows"], data["test_rows"]);
            let config = &self.case.config;
            if Problem::find(&config.data).is_some() {
                writeln!(text, "{}; {}; {} a run.", train::rows(data), config.model, compare::budget(config))?;
            } else {
                let inside = format!("{} features, {} classes", data["features"], data["classes"]);
                writeln!(text, "{rows}, {inside}; {}; {} a run.", config.model, compare::budget(config))?;
            }
        }
        if let Some(missing) = &self.missing {
            writeln!(text, "Not run: {missing}.")?;
        }
        let methods = comparison.map_or(&[][..], |comparison| &comparison.methods);
        let beside = |method: &Summary| self.case.beside(&method.method, measure);
        let columns = Columns {
            agreement: matches!(measure, Measure::Agreement | Measure::AllAgreement),
            all: Some(measure).filter(|measure| matches!(measure, Measure::AllAccuracy | Measure::AllAgreement)),
            published: methods.iter().any(|method| beside(method).is_some()),
            generations: self.case.config.target.is_some()
                || self.case.published.iter().any(|published| published.generations.is_some()),
            updates: comparison.is_some_and(|comparison| !comparison.ratios.is_empty()),
            errors: methods.iter().any(|method| method.test_errors.is_some()),
        };
        text.push_str(&columns.head());
        for method in methods {
            let published = beside(method).and_then(|published| measure.of(published));
            let test = |value: fn(&gradless::comparison::TestSpread) -> Spread| {
                method.test.as_ref().map_or(String::new(), |test| value(test).shown(4))
            };
            let error = |value: fn(&ErrorSpread) -> Spread| {
                method.test_errors.as_ref().map_or(String::new(), |errors| value(errors).shown(4))
            };
            text.push_str(&columns.row(&Row {
                method: format!("`{}`", method.method),
                runs: method.runs.to_string(),
                accuracy: if columns.errors { error(|e| e.mae) } else { test(|t| t.accuracy) },
                agreement: test(|t| t.agreement),
                all: ours(method, measure).map_or(String::new(), |value| value.shown(4)),
                published: published.map_or(String::new(), |value| value.to_string()),
                rest: if columns.errors {
                    vec![error(|e| e.mse), error(|e| e.r2)]
                } else {
                    vec![test(|t| t.precision), test(|t| t.recall), test(|t| t.f1)]
                },
                train_loss: method.train_loss.shown(4),
                train_accuracy: method.train_accuracy.map_or(String::new(), |accuracy| accuracy.shown(4)),
                updates: method.layer_updates.map_or(String::new(), |updates| updates.to_string()),
                generations: method.generations.to_string(),
                seconds: format!("{:.2}", method.seconds.mean),
            }));
        }
        let shown: Vec<_> = methods.iter().filter_map(beside).collect();
        for published in self.case.published.iter().filter(|p| !shown.iter().any(|q| std::ptr::eq(*p, *q))) {
            let cell = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
            text.push_str(&columns.row(&Row {
                method: format!("published: {} ({})", published.method, published.source),
                accuracy: cell(published.accuracy),
                agreement: cell(published.agreement.filter(|_| columns.all.is_none())),
                all: cell(columns.all.and(published.agreement)),
                rest: [published.precision, published.recall, published.f1].map(cell).into(),
                generations: cell(published.generations),
                seconds: cell(published.seconds),
                ..Row::default()
            }));
        }
        let mut sources: Vec<&str> = shown.iter().map(|published| published.source.as_str()).collect();
        sources.dedup();
        if !sources.is_empty() {
            write!(text, "\nPublished ({}): {}.\n", measure.heading(), sources.join("; "))?;
        }
        for line in comparison.into_iter().flat_map(trial::verdicts) {
            write!(text, "\n{line}\n")?;
        }
        Ok(text)
    }
}

/// A method's figures by some measure.
fn ours(method: &Summary, measure: Measure) -> Option<Spread> {
    match measure {
        Measure::Accuracy => method.test.map(|test| test.accuracy),
        Measure::Agreement => method.test.map(|test| test.agreement),
        Measure::AllAccuracy => method.all_accuracy,
        Measure::AllAgreement => method.all_agreement,
    }
}

/// Which columns a table has beside those that all have.
struct Columns {
    agreement: bool,
    all: Option<Measure>,
    published: bool,
    generations: bool,
    /// Layer updates, and accuracy on the rows learned from: where schedules stand beside each other.
    updates: bool,
    /// Errors of numbers in place of accuracies.
    errors: bool,
}

/// The cells of a row.
#[derive(Default)]
struct Row {
    method: String,
    runs: String,
    accuracy: String,
    agreement: String,
    all: String,
    published: String,
    rest: Vec<String>,
    train_loss: String,
    train_accuracy: String,
    generations: String,
    updates: String,
    seconds: String,
}

impl Columns {
    fn head(&self) -> String {
        let row = self.row(&Row {
            method: "method".into(),
            runs: "runs".into(),
            accuracy: if self.errors { "test MAE" } else { "accuracy" }.into(),
            agreement: "agreement".into(),
            all: self.all.map_or("", Measure::heading).into(),
            published: "published".into(),
            rest: if self.errors {
                ["test MSE", "R2"].map(Into::into).into()
            } else {
                ["precision", "recall", "F1"].map(Into::into).into()
            },
            train_loss: "train loss".into(),
            train_accuracy: "train accuracy".into(),
            updates: "layer updates".into(),
            generations: "generations".into(),
            seconds: "seconds".into(),
        });
        let columns = row.matches('|').count() - 1;
        format!("\n{row}|{}\n", "---|".repeat(columns))
    }

    fn row(&self, row: &Row) -> String {
        let mut cells = vec![&row.method, &row.runs, &row.accuracy];
        cells.extend(self.agreement.then_some(&row.agreement));
        cells.extend(self.all.map(|_| &row.all));
        cells.extend(self.published.then_some(&row.published));
        cells.extend(&row.rest);
        cells.push(&row.train_loss);
        cells.extend(self.updates.then_some(&row.train_accuracy));
        cells.extend(self.generations.then_some(&row.generations));
        cells.extend(self.updates.then_some(&row.updates));
        cells.push(&row.seconds);
        // An empty cell is one space, not two.
        cells.iter().map(|cell| if cell.is_empty() { "| ".into() } else { format!("| {cell} ") }).collect::<String>()
            + "|\n"
    }
}

/// The tables over all cases, where the experiment asks for any.
fn overviews(experiment: &Experiment, results: &[CaseResult], comparisons: &[Option<Comparison>]) -> Vec<Overview> {
    let Some(summary) = &experiment.summary else { return Vec::new() };
    let cases: Vec<Case> = results.iter().map(|result| result.case.clone()).collect();
    let mean = |case: &Case, name: &str, measure| {
        let at = results.iter().position(|result| result.case.name == case.name)?;
        let method = comparisons[at].as_ref()?.methods.iter().find(|method| method.method == name)?;
        Some(ours(method, measure)?.mean)
    };
    let measures = if summary.measures.is_empty() { &[experiment.measure][..] } else { &summary.measures };
    let overview = |&measure| Overview::of(summary, measure, &cases, |case, name| mean(case, name, measure));
    measures.iter().map(overview).collect()
}

/// What position-wise schedules save, over all cases; nothing where no case has one.
fn ratios(results: &[CaseResult], comparisons: &[Option<Comparison>]) -> Result<String> {
    let mut rows = String::new();
    for (result, comparison) in results.iter().zip(comparisons) {
        for ratio in comparison.iter().flat_map(|comparison| &comparison.ratios) {
            let shown = |spread: Spread| spread.shown(2);
            // A run that was cut off would have taken longer.
            let cut = match (ratio.reached < ratio.runs, ratio.beside_reached < ratio.runs) {
                (false, false) => "",
                (false, true) => "below ",
                (true, false) => "above ",
                (true, true) => "unknown: ",
            };
            writeln!(
                rows,
                "| {} | `{}` | `{}` | {cut}{} | {cut}{} | {cut}{} | {} and {} of {} |",
                result.case.name,
                ratio.method,
                ratio.beside,
                shown(ratio.generations),
                ratio.layer_updates.map_or(String::new(), shown),
                shown(ratio.seconds),
                ratio.reached,
                ratio.beside_reached,
                ratio.runs,
            )?;
        }
    }
    if rows.is_empty() {
        return Ok(rows);
    }
    Ok(format!(
        "\n## All cases: position-wise / all layers at once\n\n\
         | case | method | beside | generations | layer updates | seconds | reached the target |\n\
         |---|---|---|---|---|---|---|\n{rows}"
    ))
}

fn comparisons(results: &[CaseResult]) -> Result<Vec<Option<Comparison>>> {
    results.iter().map(CaseResult::comparison).collect()
}

/// Ours against published, a point for each data set, loss and method, by the first measure of the summary.
pub(super) fn overview_picture(experiment: &Experiment, results: &[CaseResult], folder: &Path) -> Result<()> {
    let overviews = overviews(experiment, results, &comparisons(results)?);
    let Some(overview) = overviews.first() else { return Ok(()) };
    let points = overview.points();
    if points.is_empty() {
        return Ok(());
    }
    let series: Vec<_> = points.iter().map(|(name, points)| (name.as_str(), points.as_slice())).collect();
    let (title, kind) = (format!("{}: ours against published", experiment.name), overview.measure.heading());
    let (x_label, y_label) = (format!("published {kind}"), format!("ours: {kind}, mean over seeds"));
    let picture = Scatter { title: &title, x_label: &x_label, y_label: &y_label, series: &series };
    Ok(diagonal(&picture, &folder.join("overview"))?)
}

/// Writes the tables in all forms; the Markdown and the object to print.
pub(super) fn write(
    gpu: &Gpu,
    experiment: &Experiment,
    results: &[CaseResult],
    path: &Path,
) -> Result<(String, Value)> {
    let Experiment { name, title, source, about, seeds, measure, .. } = experiment;
    let adapter = gpu.report();
    let comparisons = comparisons(results)?;
    let mut markdown = format!("# {title}\n\n{source}. {}\n\n", about.trim());
    if results.iter().any(|result| result.case.function.is_none()) {
        writeln!(
            markdown,
            "Mean ± standard deviation over {seeds} seeds; precision, recall and F1 are macro averages over classes."
        )?;
    }
    if results.iter().any(|result| result.case.function.is_some()) {
        writeln!(markdown, "{}", functions::ABOUT)?;
    }
    writeln!(
        markdown,
        "Measured with gradless {} on {}, driver {}.",
        env!("CARGO_PKG_VERSION"),
        adapter.name,
        adapter.driver
    )?;
    let overviews = overviews(experiment, results, &comparisons);
    for overview in &overviews {
        let heading = overview.measure.heading();
        write!(markdown, "\n## All cases: {heading}, ours / published\n\n{}", overview.markdown())?;
    }
    markdown.push_str(&functions::overview(results)?);
    markdown.push_str(&ratios(results, &comparisons)?);
    for (result, comparison) in results.iter().zip(&comparisons) {
        write!(markdown, "\n{}", result.markdown(*measure, comparison.as_ref())?)?;
    }
    let cases: Vec<Value> =
        results.iter().zip(&comparisons).map(|(result, c)| result.json(c.as_ref())).collect::<Result<_>>()?;
    let report = json!({
        "command": "reproduce", "version": env!("CARGO_PKG_VERSION"), "device": device_json(gpu),
        "name": name, "title": title, "source": source, "about": about, "seeds": seeds, "measure": measure,
        "summary": overviews, "cases": cases, "out": path,
    });
    let measured = results.iter().map(CaseResult::measured).collect::<Result<Vec<_>>>()?;
    let rows: Vec<_> = results
        .iter()
        .zip(&measured)
        .flat_map(|(result, runs)| runs.iter().map(|run| (Some(result.case.name.as_str()), run)))
        .collect();
    folder::write(&path.join("tables.md"), markdown.as_bytes())?;
    // Runs on functions have a table of their own where there are others.
    let reached = functions::csv(results)?;
    if !rows.is_empty() || reached.is_none() {
        folder::write(&path.join("results.csv"), &trial::csv(&rows)?)?;
    }
    if let Some(reached) = reached {
        let name = if rows.is_empty() { "results.csv" } else { "functions.csv" };
        folder::write(&path.join(name), &reached)?;
    }
    folder::write(&path.join("results.json"), serde_json::to_string(&report)?.as_bytes())?;
    Ok((markdown, report))
}
