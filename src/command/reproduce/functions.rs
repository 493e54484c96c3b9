//! Cases of functions: iterations until the minimum, beside published ones, and the pull beside the gradient.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use gradless::experiment::Published;
use gradless::gpu::Gpu;
use gradless::method::Method;
use gradless::plot::{Curve, Series, loss_curve, signed_curve};
use gradless::population::Objective as _;
use gradless::reach::{Count, Goal, Pull, Reached, suited};
use serde_json::{Value, json};

use super::kept::Kept;
use super::tables::CaseResult;
use super::{interrupted, version};

/// What stands above tables of functions.
pub(super) const ABOUT: &str = "Iterations are moves until |f - f*| was below the tolerance (0: a first position was \
    there), mean ± standard deviation over the runs that were there, the median over all; distance is the median of \
    |f - f*| then, or at the end.";

/// Runs what is not there yet, a method with all its seeds at a time.
pub(super) fn measure(gpu: &Gpu, seeds: u32, result: &mut CaseResult, goal: &Goal, kept: &mut Kept) -> Result<()> {
    for method in result.case.methods()? {
        if interrupted() {
            break;
        }
        let (name, config) = (method.to_string(), goal.apply(&method, &result.case.config)?);
        // With the defaults, too: they belong to what is measured.
        let settings = suited(&config, &goal.formula()?.domain())?.build_optimizer()?.settings();
        let version = version(gpu, &[config.to_toml()?, settings.to_string(), json!(goal).to_string()]);
        let key = |seed: u64| (result.case.name.clone(), name.clone(), seed);
        let all = 1..=u64::from(seeds);
        if all.clone().any(|seed| kept.find(&key(seed), &version).is_none()) {
            let Some(runs) = goal.measure(gpu, &config, &name, seeds, || !interrupted())? else { break };
            let runs = runs.iter().filter(|run| kept.find(&key(run.seed), &version).is_none());
            let records: Vec<_> = runs.map(|run| (key(run.seed), json!(run))).collect();
            kept.add(&version, records)?;
        }
        result.records.extend(all.filter_map(|seed| kept.find(&key(seed), &version).cloned()));
    }
    if result.pull.is_none() && !interrupted() {
        result.pull = goal.pull(gpu)?;
    }
    Ok(())
}

/// A method's row.
struct Row {
    count: Count,
    optimizer: String,
    /// Settings of this optimizer that were run, where this is the best of several.
    best_of: Option<usize>,
}

/// The rows of a case, in the order of its methods.
fn rows(result: &CaseResult) -> Result<Vec<Row>> {
    let runs = reached(result)?;
    let row = |method: &Method| {
        let count = Count::of(&method.to_string(), &runs)?;
        Some(Row { count, optimizer: method.optimizer.clone(), best_of: None })
    };
    let mut rows: Vec<Row> = result.case.methods()?.iter().filter_map(row).collect();
    for index in 0..rows.len() {
        let own = |other: &&Row| other.optimizer == rows[index].optimizer;
        let (several, own) = (rows.iter().filter(own).count(), &rows[index].count);
        let before = rows[..index].iter().filter(|other| other.optimizer == rows[index].optimizer);
        let beaten = rows.iter().any(|other| other.optimizer == rows[index].optimizer && other.count.beats(own));
        // Of equal ones the first is the best.
        let best = several > 1 && !beaten && !before.map(|other| &other.count).any(|other| !own.beats(other));
        rows[index].best_of = best.then_some(several);
    }
    Ok(rows)
}

/// The runs of a case.
fn reached(result: &CaseResult) -> Result<Vec<Reached>> {
    Ok(result.records.iter().map(serde::Deserialize::deserialize).collect::<serde_json::Result<_>>()?)
}

/// What was published of an optimizer, or of a method to the letter.
fn beside<'a>(result: &CaseResult<'a>, row: &Row) -> Option<&'a Published> {
    let named = |published: &&Published| [&row.count.method, &row.optimizer].contains(&&published.method);
    result.case.published.iter().find(named)
}

/// A published count, with the value that was reached where that was told.
fn shown(published: &Published) -> String {
    match (published.generations, published.value) {
        (Some(count), Some(value)) => format!("{count} (value {value})"),
        (Some(count), None) => count.to_string(),
        (None, value) => value.map_or(String::new(), |value| format!("value {value}")),
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or("-".into(), |value| value.to_string())
}

pub(super) fn markdown(result: &CaseResult, goal: &Goal) -> Result<String> {
    let mut text = format!("## {}\n\n", result.case.name);
    if !result.case.about.is_empty() {
        writeln!(text, "{}", result.case.about.trim())?;
    }
    let (low, high) = Goal::known(&goal.function)?.domain.cube();
    let config = &result.case.config;
    let moved = if goal.shift == 0.0 { String::new() } else { format!(", moved by {}", goal.shift) };
    writeln!(
        text,
        "Box {low} to {high}, {} dimension{}{moved}, minimum {}, tolerance {}, at most {} generations; swarms of {}.",
        goal.dims,
        if goal.dims == 1 { "" } else { "s" },
        goal.optimum()?,
        goal.tolerance,
        config.span().0,
        config.members(),
    )?;
    text.push_str("\n| method | runs | reached | iterations, median | mean | distance | published |\n");
    text.push_str("|---|---|---|---|---|---|---|\n");
    let rows = rows(result)?;
    for row in &rows {
        let count = &row.count;
        let best = row.best_of.map_or(String::new(), |several| format!(", best of {several}"));
        let mean = count.iterations.map_or("-".into(), |spread| spread.shown(1));
        let (method, reached) = (&count.method, format!("{:.0} %", 100.0 * count.success()));
        let published = beside(result, row).map_or(String::new(), shown);
        let median = number(count.median);
        writeln!(
            text,
            "| `{method}`{best} | {} | {reached} | {median} | {mean} | {:.1e} | {published} |",
            count.runs, count.gap
        )?;
    }
    let used: Vec<_> = rows.iter().filter_map(|row| beside(result, row)).collect();
    for other in result.case.published.iter().filter(|p| !used.iter().any(|q| std::ptr::eq(*p, *q))) {
        writeln!(text, "| published: {} ({}) | | | | | | {} |", other.method, other.source, shown(other))?;
    }
    let mut sources: Vec<&str> = used.iter().map(|published| published.source.as_str()).collect();
    sources.dedup();
    if !sources.is_empty() {
        write!(text, "\nPublished iterations: {}.\n", sources.join("; "))?;
    }
    Ok(text)
}

/// One table over all functions, ours beside published, and one of the pulls.
pub(super) fn overview(results: &[CaseResult]) -> Result<String> {
    let all = results.iter().filter(|result| result.case.function.is_some());
    let all = all.map(|result| Ok((result, rows(result)?))).collect::<Result<Vec<_>>>()?;
    let mut optimizers: Vec<&str> = Vec::new();
    for row in all.iter().flat_map(|(_, rows)| rows) {
        optimizers.extend(Some(row.optimizer.as_str()).filter(|name| !optimizers.contains(name)));
    }
    if optimizers.is_empty() {
        return Ok(String::new());
    }
    let mut text = String::from("\n## All functions: iterations, median, ours and published\n\n| function |");
    // Where there is one setting, it is the best.
    let several =
        |name: &str| all.iter().flat_map(|(_, rows)| rows).any(|row| row.optimizer == name && row.best_of.is_some());
    let mut columns = 1;
    for optimizer in &optimizers {
        let best = if several(optimizer) { ", first | best" } else { "" };
        write!(text, " `{optimizer}`{best} | published |")?;
        columns += if several(optimizer) { 3 } else { 2 };
    }
    write!(text, "\n|{}\n", "---|".repeat(columns))?;
    for (result, rows) in &all {
        write!(text, "| {} |", result.case.name)?;
        for optimizer in &optimizers {
            let mut own = rows.iter().filter(|row| row.optimizer == *optimizer);
            let cell = |row: &Row| {
                let share = Some(row.count.success()).filter(|share| *share < 1.0);
                number(row.count.median) + &share.map_or(String::new(), |share| format!(" ({:.0} %)", 100.0 * share))
            };
            let first = own.clone().next();
            let best = own.clone().find(|row| row.best_of.is_some());
            let label = |row: &Row| {
                let settings = row.count.method.split_once(':').map_or("", |(_, settings)| settings);
                format!("{} at `{settings}`", cell(row))
            };
            let published = own.next().and_then(|row| beside(result, row)).map_or(String::new(), shown);
            write!(text, " {} |", first.map_or(String::new(), cell))?;
            if several(optimizer) {
                write!(text, " {} |", best.map_or(String::new(), label))?;
            }
            write!(text, " {published} |")?;
        }
        text.push('\n');
    }
    text.push_str(
        "\nFirst: the first setting listed, the best one beside it (more runs there, else sooner; chosen on these very \
         runs). In brackets the share of runs that were there, where it was not all; - where the median run was not.\n",
    );
    let pulls: Vec<_> = all.iter().filter_map(|(result, _)| Some((&result.case.name, result.pull.as_ref()?))).collect();
    if !pulls.is_empty() {
        text.push_str(
            "\n## The pull and the gradient\n\nThe pull (s / eta) (x - gbest), with s = (c1 + c2) / 2 and gbest of a swarm \
             that has converged, beside f'(x) by central differences, over the box. Only their signs are meant to agree: \
             the pull is the same straight line for every function. Where a function falls all the way to its minimum \
             from both sides, signs agree as soon as the swarm has found it; they do not where it rises on the way (grey \
             in the pictures).\n\n| function | gbest | same sign | opposite | level | picture |\n\
             |---|---|---|---|---|---|\n",
        );
        for (name, pull) in pulls {
            let Pull { best, agree, oppose, level, .. } = pull;
            let [agree, oppose, level] = [agree, oppose, level].map(|share| format!("{:.1} %", 100.0 * share));
            // No sign before a zero.
            let best = (best * 1e4).round() / 1e4 + 0.0;
            writeln!(text, "| {name} | {best:.4} | {agree} | {oppose} | {level} | gradient-{name}.svg |")?;
        }
    }
    Ok(text)
}

pub(super) fn json(result: &CaseResult, goal: &Goal) -> Result<Value> {
    let rows = rows(result)?;
    let method = |row: &Row| {
        let mut method = json!(row.count);
        method["success"] = json!(row.count.success());
        method["best_of"] = json!(row.best_of);
        method
    };
    Ok(json!({
        "name": result.case.name,
        "group": result.case.group,
        "function": goal,
        "optimum": goal.optimum()?,
        "methods": rows.iter().map(method).collect::<Vec<_>>(),
        "published": result.case.published,
        "pull": result.pull,
        "runs": result.records,
    }))
}

/// All runs of all functions as a CSV table; none where there are none.
pub(super) fn csv(results: &[CaseResult]) -> Result<Option<Vec<u8>>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["case", "method", "seed", "iterations", "distance", "evaluations"])?;
    let mut any = false;
    for result in results.iter().filter(|result| result.case.function.is_some()) {
        for run in reached(result)? {
            any = true;
            let Reached { method, seed, iterations, gap, evaluations } = run;
            let iterations = iterations.map_or(String::new(), |count| count.to_string());
            let cells = [method, seed.to_string(), iterations, gap.to_string(), evaluations.to_string()];
            writer.write_record(std::iter::once(result.case.name.clone()).chain(cells))?;
        }
    }
    Ok(if any { Some(writer.into_inner()?) } else { None })
}

/// How many runs were there by when; and pull beside gradient.
pub(super) fn pictures(result: &CaseResult, folder: &Path) -> Result<()> {
    let (name, runs, rows) = (&result.case.name, reached(result)?, rows(result)?);
    let last = f64::from(result.case.config.span().0);
    let shown = |row: &&Row| {
        let first = rows.iter().find(|other| other.optimizer == row.optimizer);
        row.best_of.is_some() || first.is_some_and(|first| std::ptr::eq(first, *row))
    };
    let lines: Vec<(&str, Vec<(f64, f64)>)> = rows
        .iter()
        .filter(shown)
        .map(|row| (row.count.method.as_str(), shares(&runs, &row.count.method, last)))
        .collect();
    let series: Vec<_> = lines.iter().map(|(name, points)| Series { name, points }).collect();
    let title = format!("{name}: runs within the tolerance");
    let (x_label, y_label) = ("log10(1 + iterations)", "share of runs");
    loss_curve(&Curve { title: &title, x_label, y_label, series: &series }, &folder.join(name))?;
    let Some(pull) = &result.pull else { return Ok(()) };
    let title = format!("{name}: pull and gradient, same sign on {:.1} % of the box", 100.0 * pull.agree);
    let series =
        [Series { name: "gradient", points: &pull.slopes }, Series { name: "pull of the swarm", points: &pull.pulls }];
    let (x_label, y_label) = ("x; grey: opposite signs", "slope, logarithmic to both sides; only signs compare");
    let curve = Curve { title: &title, x_label, y_label, series: &series };
    Ok(signed_curve(&curve, &opposite(pull), &folder.join(format!("gradient-{name}")))?)
}

/// Share of a method's runs that were there, by logarithm of the iterations, as stairs.
fn shares(runs: &[Reached], method: &str, last: f64) -> Vec<(f64, f64)> {
    let own: Vec<_> = runs.iter().filter(|run| run.method == method).collect();
    let mut counts: Vec<u32> = own.iter().filter_map(|run| run.iterations).collect();
    counts.sort_unstable();
    let share = |count: usize| count as f64 / own.len().max(1) as f64;
    let mut points = vec![(0.0, 0.0)];
    for (index, count) in counts.iter().enumerate() {
        let x = (1.0 + f64::from(*count)).log10();
        points.extend([(x, share(index)), (x, share(index + 1))]);
    }
    points.push(((1.0 + last).log10(), share(counts.len())));
    points
}

/// The stretches of x where the signs are opposite.
fn opposite(pull: &Pull) -> Vec<(f64, f64)> {
    let half = pull.pulls.windows(2).next().map_or(0.0, |two| 0.5 * (two[1].0 - two[0].0));
    let mut stretches: Vec<(f64, f64)> = Vec::new();
    for ((x, slope), (_, towards)) in pull.slopes.iter().zip(&pull.pulls) {
        if slope * towards < 0.0 {
            match stretches.last_mut().filter(|stretch| x - stretch.1 < 1.5 * half) {
                Some(stretch) => stretch.1 = x + half,
                None => stretches.push((x - half, x + half)),
            }
        }
    }
    stretches
}
