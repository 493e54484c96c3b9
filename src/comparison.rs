//! What runs of several methods say about the methods: at equal evaluations, at equal time, and how sure that is.

mod ratio;

use serde::{Deserialize, Serialize};

use crate::metrics::{Errors, Measures, Scores};
use crate::run::Stop;
use crate::statistics::{LARGEST_SAMPLE, Spread, median, rank_test};
use crate::training::Point;
use crate::{Error, Result};
pub use ratio::Ratio;

/// Below this many runs of each, no result of a two-sided rank test can reach [`CLEAR`].
pub const FEWEST_RUNS: usize = 4;
/// A difference is clear when the test's p is below this.
pub const CLEAR: f64 = 0.05;

/// What is kept of one run: the part of its report that a comparison reads.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Measured {
    /// The method's name.
    pub method: String,
    /// Seed of split, first positions and every draw.
    pub seed: u64,
    /// Candidates of a generation.
    pub population: u32,
    /// Generations done.
    pub generations: u32,
    /// Candidates scored.
    pub evaluations: u64,
    /// Moves of single layers, where that says something of the work.
    pub layer_updates: Option<u64>,
    /// Seconds from the first submission to the end.
    pub seconds: f64,
    /// Why it ended.
    pub stop: Option<Stop>,
    /// Scores on the rows it learned from.
    pub train: Fit,
    /// Scores on the rows held out, if there are any.
    pub test: Option<Measures>,
    /// Shares of all rows, where labels are classes.
    pub all: Option<Shares>,
    /// How it got there.
    pub trace: Vec<Point>,
}

/// Scores on the rows a network learned from.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Fit {
    /// Mean loss.
    pub loss: f64,
    /// Share of rows whose class was predicted, where labels are classes.
    pub accuracy: Option<f64>,
    /// Share of outputs on the right side of one half, likewise.
    pub agreement: Option<f64>,
    /// Mean squared error, where labels are numbers.
    pub mse: Option<f64>,
}

/// Shares of all rows of a data set, those learned from and those held out together: what papers give that hold nothing
/// out, or score the whole file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Share of rows whose class was predicted.
    pub accuracy: f64,
    /// Share of outputs on the right side of one half.
    pub agreement: f64,
}

impl Shares {
    /// Parts put together, each with its number of rows.
    pub fn of(parts: &[(usize, Scores)]) -> Self {
        let rows: usize = parts.iter().map(|(rows, _)| rows).sum();
        let share = |value: fn(&Scores) -> f64| {
            parts.iter().map(|(rows, scores)| *rows as f64 * value(scores)).sum::<f64>() / rows.max(1) as f64
        };
        Self { accuracy: share(|scores| scores.accuracy), agreement: share(|scores| scores.agreement) }
    }
}

/// The runs of one method in figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The method's name.
    pub method: String,
    /// Number of runs.
    pub runs: usize,
    /// Candidates of a generation.
    pub population: u32,
    /// Generations, the median run's.
    pub generations: f64,
    /// Candidates scored, the median run's.
    pub evaluations: f64,
    /// Moves of single layers, the median run's, where that says something of the work.
    pub layer_updates: Option<f64>,
    /// Seconds of a run.
    pub seconds: Spread,
    /// Loss on the rows it learned from, at the end.
    pub train_loss: Spread,
    /// Accuracy on these, where labels are classes.
    pub train_accuracy: Option<Spread>,
    /// Mean squared error on these, where labels are numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_mse: Option<Spread>,
    /// Scores on the rows held out, if there are any and labels are classes.
    pub test: Option<TestSpread>,
    /// The same where labels are numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_errors: Option<ErrorSpread>,
    /// Accuracy on all rows together, where labels are classes.
    pub all_accuracy: Option<Spread>,
    /// Agreement on all rows together, likewise.
    pub all_agreement: Option<Spread>,
    /// Mean over runs of the best loss at the common time; none where a run had not finished a generation by then.
    pub loss_at_common_time: Option<f64>,
}

/// [`Scores`] over several runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TestSpread {
    /// Mean loss.
    pub loss: Spread,
    /// Share of rows whose class was predicted.
    pub accuracy: Spread,
    /// Share of outputs on the right side of one half.
    pub agreement: Spread,
    /// Macro average.
    pub precision: Spread,
    /// Macro average.
    pub recall: Spread,
    /// Macro average.
    pub f1: Spread,
}

/// [`Errors`] over several runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ErrorSpread {
    /// Mean loss.
    pub loss: Spread,
    /// Mean squared error.
    pub mse: Spread,
    /// Mean absolute error.
    pub mae: Spread,
    /// Share of the variance that is explained.
    pub r2: Spread,
}

/// One method beside the best one by some measure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Test {
    /// `train loss`, `test accuracy` or `test MSE`.
    pub measure: &'static str,
    /// The method with the best mean.
    pub best: String,
    /// The other one.
    pub other: String,
    /// Mann and Whitney's U of the best one.
    pub u: f64,
    /// Two-sided, exact, of this pair alone (not corrected for the number of pairs).
    pub p: f64,
    /// Whether p is below [`CLEAR`].
    pub clear: bool,
}

/// Several methods, same data, same seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The shortest of the methods' median times.
    pub common_seconds: f64,
    /// In the order given; methods without a run are left out.
    pub methods: Vec<Summary>,
    /// Each method against the best one.
    pub tests: Vec<Test>,
    /// What position-wise schedules save, where there are any.
    pub ratios: Vec<Ratio>,
}

impl Measured {
    /// Seconds at the end of the last generation.
    fn end(&self) -> f64 {
        self.trace.last().map_or(self.seconds, |point| point.seconds)
    }

    /// Best loss at a moment; none before the first generation.
    pub fn loss_at(&self, seconds: f64) -> Option<f64> {
        value_at(&self.trace, |point| point.seconds, seconds)
    }
}

impl Comparison {
    /// Of all runs there are, for the methods called `names`.
    ///
    /// # Errors
    /// [`Error::Setting`] when there is no run.
    pub fn of(names: &[String], runs: &[Measured]) -> Result<Self> {
        let groups: Vec<Vec<&Measured>> =
            names.iter().map(|name| runs.iter().filter(|run| run.method == *name).collect()).collect();
        let groups: Vec<Vec<&Measured>> = groups.into_iter().filter(|group| !group.is_empty()).collect();
        let seconds = groups.iter().filter_map(|group| median(&all(group, Measured::end)));
        let common_seconds = seconds.fold(f64::INFINITY, f64::min);
        if groups.is_empty() {
            return Err(Error::setting("runs", 0, "not one was finished, so there is nothing to compare"));
        }
        let methods = groups.iter().filter_map(|group| summary(group, common_seconds)).collect();
        let mut tests = against_best("train loss", &groups, |run| Some(run.train.loss), 1.0);
        tests.extend(against_best("test accuracy", &groups, |run| Some(run.test?.classes()?.accuracy), -1.0));
        tests.extend(against_best("test MSE", &groups, |run| Some(run.test?.numbers()?.mse), 1.0));
        Ok(Self { common_seconds, methods, tests, ratios: ratio::ratios(names, runs) })
    }
}

fn all(group: &[&Measured], value: impl Fn(&Measured) -> f64) -> Vec<f64> {
    group.iter().map(|run| value(run)).collect()
}

fn summary(group: &[&Measured], common_seconds: f64) -> Option<Summary> {
    let of = |value: fn(&Measured) -> f64| Spread::of(&all(group, value));
    let some = |value: fn(&Measured) -> Option<f64>| {
        let values: Option<Vec<f64>> = group.iter().map(|run| value(run)).collect();
        values.and_then(|values| Spread::of(&values))
    };
    let tests: Vec<Scores> = group.iter().filter_map(|run| run.test?.classes().copied()).collect();
    let errors: Vec<Errors> = group.iter().filter_map(|run| run.test?.numbers().copied()).collect();
    let error = |value: fn(&Errors) -> f64| Spread::of(&errors.iter().map(value).collect::<Vec<_>>());
    let test = |value: fn(&Scores) -> f64| Spread::of(&tests.iter().map(value).collect::<Vec<_>>());
    let updates: Option<Vec<f64>> = group.iter().map(|run| run.layer_updates.map(|updates| updates as f64)).collect();
    let at: Option<Vec<f64>> = group.iter().map(|run| run.loss_at(common_seconds)).collect();
    Some(Summary {
        method: group.first()?.method.clone(),
        runs: group.len(),
        population: group.first()?.population,
        generations: median(&all(group, |run| run.generations.into()))?,
        evaluations: median(&all(group, |run| run.evaluations as f64))?,
        layer_updates: updates.and_then(|updates| median(&updates)),
        seconds: of(|run| run.seconds)?,
        train_loss: of(|run| run.train.loss)?,
        train_accuracy: some(|run| run.train.accuracy),
        train_mse: some(|run| run.train.mse),
        test: test(|t| t.accuracy).and_then(|accuracy| {
            Some(TestSpread {
                loss: test(|t| t.loss)?,
                accuracy,
                agreement: test(|t| t.agreement)?,
                precision: test(|t| t.precision)?,
                recall: test(|t| t.recall)?,
                f1: test(|t| t.f1)?,
            })
        }),
        test_errors: error(|e| e.mse).and_then(|mse| {
            Some(ErrorSpread { loss: error(|e| e.loss)?, mse, mae: error(|e| e.mae)?, r2: error(|e| e.r2)? })
        }),
        all_accuracy: some(|run| Some(run.all?.accuracy)),
        all_agreement: some(|run| Some(run.all?.agreement)),
        loss_at_common_time: at.and_then(|losses| Spread::of(&losses)).map(|spread| spread.mean),
    })
}

/// Tests each group against the one with the best mean: the lowest times `sign`.
fn against_best(
    measure: &'static str,
    groups: &[Vec<&Measured>],
    value: impl Fn(&Measured) -> Option<f64>,
    sign: f64,
) -> Vec<Test> {
    let values: Vec<(&str, Vec<f64>)> = groups
        .iter()
        .map(|group| (group[0].method.as_str(), group.iter().filter_map(|run| value(run)).collect::<Vec<_>>()))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    let mean = |values: &[f64]| sign * Spread::of(values).map_or(f64::NAN, |spread| spread.mean);
    let Some(best) = values.iter().min_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1))) else { return Vec::new() };
    let others = values.iter().filter(|other| other.0 != best.0);
    others
        .filter_map(|other| {
            let test = rank_test(&best.1, &other.1)?;
            Some(Test {
                measure,
                best: best.0.into(),
                other: other.0.into(),
                u: test.u,
                p: test.p,
                clear: test.p < CLEAR,
            })
        })
        .collect()
}

/// The loss of the last point at or before `at`.
fn value_at(trace: &[Point], position: impl Fn(&Point) -> f64, at: f64) -> Option<f64> {
    let next = trace.partition_point(|point| position(point) <= at);
    trace[..next].last().map(|point| point.loss.into())
}

/// At most `limit` points of a trace, evenly spread, the first and the last among them.
pub fn thinned(trace: &[Point], limit: usize) -> Vec<Point> {
    if trace.len() <= limit || limit < 2 {
        return trace.to_vec();
    }
    (0..limit).map(|i| trace[i * (trace.len() - 1) / (limit - 1)]).collect()
}

/// Median, lowest and highest loss of several runs along `position` (evaluations or seconds): (x, low, median, high).
/// It begins where every run has a value and ends at the median of the ends; a run that ended before keeps its last
/// value.
pub fn band(runs: &[&Measured], position: fn(&Point) -> f64) -> Vec<(f64, f64, f64, f64)> {
    const STEPS: u32 = 200;
    let ends = |of: fn(&[Point]) -> Option<&Point>| -> Vec<f64> {
        runs.iter().filter_map(|run| of(&run.trace).map(position)).collect()
    };
    let start = ends(<[Point]>::first).into_iter().fold(f64::NEG_INFINITY, f64::max);
    let Some(end) = median(&ends(<[Point]>::last)) else { return Vec::new() };
    let mut band = Vec::new();
    for step in 0..=STEPS {
        let x = start + (end - start).max(0.0) * f64::from(step) / f64::from(STEPS);
        let losses: Vec<f64> = runs.iter().filter_map(|run| value_at(&run.trace, position, x)).collect();
        if let Some(middle) = median(&losses) {
            let low = losses.iter().copied().fold(f64::INFINITY, f64::min);
            let high = losses.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            band.push((x, low, middle, high));
        }
    }
    band
}

/// Refuses a number of seeds that cannot be run or tested.
///
/// # Errors
/// [`Error::Setting`] with the range.
pub fn check_seeds(seeds: u32) -> Result<()> {
    if (1..=LARGEST_SAMPLE).contains(&(seeds as usize)) {
        return Ok(());
    }
    Err(Error::setting("seeds", seeds, format!("give 1 to {LARGEST_SAMPLE}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run whose loss halves every second.
    pub(super) fn run(method: &str, seed: u64, accuracy: f64, seconds: u32) -> Measured {
        let loss = |second: u32| 0.5f32.powi(second as i32) * (1.0 + seed as f32 / 100.0);
        let trace: Vec<Point> =
            (1..=seconds).map(|s| Point { evaluations: u64::from(s) * 10, seconds: s.into(), loss: loss(s) }).collect();
        Measured {
            method: method.into(),
            seed,
            population: 10,
            generations: seconds,
            evaluations: u64::from(seconds) * 10,
            layer_updates: None,
            seconds: seconds.into(),
            stop: Some(Stop::Generations),
            train: Fit { loss: loss(seconds).into(), accuracy: Some(accuracy), agreement: Some(accuracy), mse: None },
            test: Some(Measures::Classes(scores(accuracy))),
            all: Some(Shares { accuracy, agreement: accuracy }),
            trace,
        }
    }

    fn scores(share: f64) -> Scores {
        Scores { loss: 1.0, accuracy: share, agreement: share, precision: share, recall: share, f1: share }
    }

    #[test]
    fn parts_are_put_together_by_their_rows() {
        // 120 rows at 0.9 and 30 at 0.6: 126 of 150.
        let all = Shares::of(&[(120, scores(0.9)), (30, scores(0.6))]);
        assert!((all.accuracy - 0.84).abs() < 1e-12 && (all.agreement - 0.84).abs() < 1e-12);
        assert_eq!(Shares::of(&[]).accuracy, 0.0);
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn methods_are_compared_at_the_end_and_at_the_common_time() {
        let mut runs: Vec<Measured> = (0..5).map(|seed| run("slow", seed, 0.9 + 0.01 * seed as f64, 6)).collect();
        runs.extend((0..5).map(|seed| run("fast", seed, 0.5 + 0.01 * seed as f64, 3)));
        let comparison = Comparison::of(&names(&["slow", "fast", "absent"]), &runs).unwrap();
        assert_eq!(comparison.common_seconds, 3.0);
        assert_eq!(comparison.methods.len(), 2);
        let [slow, fast] = &comparison.methods[..] else { panic!() };
        assert_eq!(slow.loss_at_common_time, fast.loss_at_common_time);
        assert!((fast.loss_at_common_time.unwrap() - fast.train_loss.mean).abs() < 1e-6);
        assert!(slow.train_loss.mean < 0.2 * fast.train_loss.mean);
        assert!((slow.test.unwrap().accuracy.mean - 0.92).abs() < 1e-12);
        assert_eq!(comparison.tests.len(), 2);
        for test in &comparison.tests {
            assert_eq!((test.best.as_str(), test.other.as_str(), test.clear), ("slow", "fast", true));
            assert!((test.p - 2.0 / 252.0).abs() < 1e-12, "{test:?}");
        }
    }

    #[test]
    fn three_runs_are_never_clear_and_none_are_an_error() {
        let runs: Vec<Measured> = (0..3).flat_map(|seed| [run("a", seed, 0.9, 6), run("b", seed, 0.1, 2)]).collect();
        let comparison = Comparison::of(&names(&["a", "b"]), &runs).unwrap();
        assert!(comparison.tests.iter().all(|test| !test.clear) && comparison.tests.len() == 2);
        assert!(Comparison::of(&names(&["a"]), &[]).is_err());
        // Nothing held out: the loss alone is tested.
        let bare: Vec<Measured> = runs.into_iter().map(|run| Measured { test: None, ..run }).collect();
        let comparison = Comparison::of(&names(&["a", "b"]), &bare).unwrap();
        assert!(comparison.tests.iter().all(|test| test.measure == "train loss"));
        assert!(comparison.methods[0].test.is_none());
    }

    #[test]
    fn bands_hold_every_run_from_where_all_have_begun() {
        let runs = [run("a", 0, 0.9, 4), run("a", 50, 0.9, 6), run("a", 100, 0.9, 2)];
        let band = band(&runs.iter().collect::<Vec<_>>(), |point| point.seconds);
        assert_eq!((band[0].0, band[band.len() - 1].0), (1.0, 4.0));
        assert_eq!((band[0].1, band[0].2, band[0].3), (0.5, 0.75, 1.0));
        assert_eq!(band[band.len() - 1].3, 0.5, "the run that ended keeps its last value");
        assert!(super::band(&[], |point| point.seconds).is_empty());
    }

    #[test]
    fn thin_traces_keep_their_ends() {
        let long = run("a", 1, 0.5, 30).trace;
        let thin = thinned(&long, 7);
        assert_eq!((thin.len(), thin[0], thin[6]), (7, long[0], long[29]));
        assert_eq!(thinned(&long, 30), long);
    }
}
