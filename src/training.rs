//! One training, from settings and loaded data to scores: what `train`, `compare` and `reproduce` have in common.
//! Nothing here touches files.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::data::{Dataset, Part};
use crate::gpu::Gpu;
use crate::metrics::Measures;
use crate::model::Model;
use crate::objective::network::pictures::Size;
use crate::objective::network::{Architecture, Loss, Network};
use crate::population::{Objective, Optimizer};
use crate::run::{Builder, Report, Run, Stop};
use crate::{Error, Result};

/// A network on its data and the optimizer that is to train it.
pub struct Training<'a> {
    /// The settings.
    pub config: Config,
    /// The rows.
    pub dataset: &'a Dataset,
    /// What is minimized.
    pub network: Network,
    /// How positions move.
    pub optimizer: Box<dyn Optimizer>,
    /// The network to begin with, by its weights; none for a random one.
    pub begin: Option<Vec<f32>>,
}

/// Where a run was at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "(u64, f64, f32)", into = "(u64, f64, f32)")]
pub struct Point {
    /// Candidates scored until then.
    pub evaluations: u64,
    /// Seconds until then.
    pub seconds: f64,
    /// Best loss until then; with batches, on the batch of that generation.
    pub loss: f32,
}

impl From<(u64, f64, f32)> for Point {
    fn from((evaluations, seconds, loss): (u64, f64, f32)) -> Self {
        Self { evaluations, seconds, loss }
    }
}

impl From<Point> for (u64, f64, f32) {
    fn from(point: Point) -> Self {
        (point.evaluations, point.seconds, point.loss)
    }
}

/// What a training came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The best network.
    pub model: Model,
    /// Its scores on the rows it learned from.
    pub train: Measures,
    /// Its scores on the rows held out; none where there are none.
    pub test: Option<Measures>,
    /// Its scores on the rows by which it was chosen; none where there are none.
    pub validation: Option<Measures>,
    /// All networks that were trained at once, where there were several.
    pub members: Option<Members>,
    /// Candidates scored, remembered ones included.
    pub evaluations: u64,
    /// Generations done.
    pub generations: u32,
    /// Seconds since the first submission.
    pub seconds: f64,
    /// Seconds of these in which the device was at work, where it has timestamps.
    pub device_seconds: Option<f64>,
    /// Bytes of device memory that the run's buffers took.
    pub device_memory: u64,
    /// Why it ended.
    pub stop: Option<Stop>,
    /// How it got there.
    pub trace: Vec<Point>,
}

/// Networks trained at once, each by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Members {
    /// In order.
    pub all: Vec<Member>,
    /// The one with the lowest training loss, which is the outcome's model.
    pub chosen: usize,
}

/// One of the networks trained at once, at the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The settings in which members differ.
    pub settings: Vec<(&'static str, f32)>,
    /// Mean loss on the rows it learned from.
    pub train_loss: f64,
    /// Share of these whose class it predicts; of a regression the mean squared error.
    pub train: f64,
    /// The same of the rows held out, where there are any.
    pub test: Option<f64>,
}

impl<'a> Training<'a> {
    /// Brings settings and data together. Needs no device yet.
    ///
    /// # Errors
    /// [`Error::Setting`] for what makes no sense, alone or with these data.
    pub fn new(config: &Config, dataset: &'a Dataset) -> Result<Self> {
        let optimizer = config.build_optimizer()?;
        if config.loss.of_numbers().is_some_and(|numbers| numbers != dataset.is_regression()) {
            return Err(config.loss.misplaced(dataset.is_regression()));
        }
        let size = dataset.encoder.pixels.as_ref().map(|pixels| Size {
            channels: pixels.channels as u32,
            height: pixels.height as u32,
            width: pixels.width as u32,
        });
        let architecture =
            config.architecture_on(size, dataset.train.width as u32, dataset.encoder.outputs() as u32)?;
        let mut network = network_on(&architecture, &dataset.train, dataset.is_regression())?;
        network.loss = config.loss.clone();
        network.batch = config.batch.filter(|batch| *batch as usize != dataset.train.rows);
        if config.validation > 0.0 && dataset.validation.rows == 0 {
            let remedy = "it leaves no row of any class for that: give a larger share";
            return Err(Error::setting("validation", config.validation, remedy));
        }
        let held_out = &dataset.validation;
        if held_out.rows > 0 && dataset.is_regression() {
            network.hold_out_numbers(&held_out.features, &held_out.targets)?;
        } else if held_out.rows > 0 {
            network.hold_out(&held_out.features, &held_out.labels)?;
        }
        let mut config = config.clone();
        config.activation = network.architecture.activation;
        config.settle(dataset.train.rows);
        Ok(Self { config, dataset, network, optimizer, begin: None })
    }

    /// Begins with a network that was trained before.
    ///
    /// # Errors
    /// [`Error::Setting`] when it is of another architecture.
    pub fn begin_with(&mut self, model: &Model) -> Result<()> {
        let ours = &self.network.architecture;
        if model.architecture != *ours {
            let remedy =
                format!("this run trains {ours}: give the --model and --activation, and data, of the saved one");
            return Err(Error::setting("start", format!("a network {}", model.architecture), remedy));
        }
        self.begin = Some(model.weights.clone());
        Ok(())
    }

    /// What [`Training::start`] starts.
    pub fn builder<'b>(&'b self, gpu: &'b Gpu) -> Builder<'b> {
        builder(gpu, &self.config, &self.network, self.optimizer.as_ref(), self.first().as_deref())
    }

    /// The position to begin at, where there is one.
    fn first(&self) -> Option<Vec<f32>> {
        self.begin.as_ref().map(|weights| self.network.architecture.position(weights))
    }

    /// Allocates and draws the first positions.
    ///
    /// # Errors
    /// Those of [`Builder::start`](crate::run::Builder::start), and [`Error::Setting`] when the evaluations do not
    /// suffice for a generation.
    pub fn start(&self, gpu: &Gpu) -> Result<Run> {
        begin(gpu, &self.config, &self.network, self.optimizer.as_ref(), self.first().as_deref())
    }

    /// Trains to the end and scores what came of it. `watch` sees the run after every step; `false` from it ends the
    /// run there.
    ///
    /// # Errors
    /// Those of [`Training::start`] and of the device.
    pub fn run(&self, gpu: &Gpu, mut watch: impl FnMut(&Run) -> bool) -> Result<Outcome> {
        let mut run = self.start(gpu)?;
        let trace = to_the_end(&mut run, &self.config, &mut watch)?;
        let mut outcome = self.outcome(gpu, &mut run)?;
        outcome.trace = trace;
        Ok(outcome)
    }

    /// The best network of a run.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub fn model(&self, run: &mut Run) -> Result<Model> {
        let best = run.best()?;
        self.model_at(run.gpu(), &best)
    }

    /// The network at a position.
    fn model_at(&self, gpu: &Gpu, position: &[f32]) -> Result<Model> {
        let architecture = self.network.architecture.clone();
        let (weights, moments) = (architecture.weights(position), self.network.moments(gpu, position)?);
        let (loss, encoder) = (self.config.loss.clone(), self.dataset.encoder.clone());
        Ok(Model { architecture, loss, encoder, weights, moments })
    }

    /// Scores the best network of a run. The trace is left empty.
    ///
    /// # Errors
    /// Those of [`Model::score`].
    pub fn outcome(&self, gpu: &Gpu, run: &mut Run) -> Result<Outcome> {
        let Dataset { train, test, .. } = self.dataset;
        let (model, scores, members) = match (self.optimizer.descends(), self.config.members()) {
            (false, _) => (self.model(run)?, None, None),
            (true, 1) => self.later(gpu, run).map(|(model, scores)| (model, Some(scores), None))?,
            (true, _) => self.members(gpu, run).map(|(model, members)| (model, None, Some(members)))?,
        };
        let train = scores.map_or_else(|| model.measure(gpu, train), Ok)?;
        let held_out = |rows: &Part| if rows.rows > 0 { model.measure(gpu, rows).map(Some) } else { Ok(None) };
        let (test, validation) = (held_out(test)?, held_out(&self.dataset.validation)?);
        let report = run.report();
        Ok(Outcome {
            validation,
            model,
            members,
            train,
            test,
            evaluations: report.evaluations,
            generations: report.generation,
            seconds: report.seconds,
            device_seconds: report.device_seconds,
            device_memory: run.device_memory(),
            stop: report.stop,
            trace: Vec::new(),
        })
    }
}

/// A run of these settings, from a position or from random ones: allocates and draws the first positions.
///
/// # Errors
/// Those of [`Builder::start`](crate::run::Builder::start), and [`Error::Setting`] when the evaluations do not suffice
/// for a generation.
pub fn begin(
    gpu: &Gpu,
    config: &Config,
    objective: &dyn Objective,
    optimizer: &dyn Optimizer,
    from: Option<&[f32]>,
) -> Result<Run> {
    let run = builder(gpu, config, objective, optimizer, from).start()?;
    let generation = run.evaluations_per_generation();
    if let Some(evaluations) = config.evaluations.filter(|all| *all < generation) {
        let remedy = format!("a generation scores {generation}: give more, or a smaller population");
        return Err(Error::setting("evaluations", evaluations, remedy));
    }
    Ok(run)
}

/// A run of these settings, to be started or planned.
pub fn builder<'a>(
    gpu: &'a Gpu,
    config: &Config,
    objective: &'a dyn Objective,
    optimizer: &'a dyn Optimizer,
    from: Option<&[f32]>,
) -> Builder<'a> {
    let (generations, horizon) = config.span();
    let mut builder = Run::new(gpu, objective, optimizer)
        .members(config.members())
        .seed(config.seed)
        .generations(generations)
        .horizon(horizon);
    if let Some(evaluations) = config.evaluations {
        builder = builder.evaluations(evaluations);
    }
    if let Some(target) = config.target {
        builder = builder.target(target);
    }
    match from {
        Some(position) => builder.begin_at(position),
        None => builder,
    }
}

/// Runs to the end of these settings; `watch` sees the run after every step, `false` from it ends the run there. Returns
/// its course.
///
/// # Errors
/// [`Error::Device`] when the device was lost or an operation failed.
pub fn to_the_end(run: &mut Run, config: &Config, watch: &mut dyn FnMut(&Run) -> bool) -> Result<Vec<Point>> {
    let mut trace = Trace::default();
    let mut pace = Pace::new(config);
    while run.report().stop.is_none() {
        run.step()?;
        pace.keep(run)?;
        trace.extend(run.report());
        let go_on = watch(run);
        if run.report().stop.is_some() {
            break;
        }
        if !go_on {
            run.interrupt(Stop::Interrupted)?;
        } else if config.seconds.is_some_and(|s| run.report().seconds >= s) {
            run.interrupt(Stop::Seconds)?;
        }
    }
    trace.extend(run.report());
    Ok(trace.points)
}

impl Training<'_> {
    /// The training rows, all of them.
    fn whole(&self) -> Network {
        let mut whole = self.network.clone();
        whole.batch = None;
        whole.normalize_by(&self.network);
        whole
    }

    /// The network as it is now or the best one so far, by the loss on all training rows, and its scores on them.
    fn later(&self, gpu: &Gpu, run: &mut Run) -> Result<(Model, Measures)> {
        let answers = self.whole().answers(gpu)?;
        let (mut position, best) = (run.member(0)?, run.best()?);
        let (mut outputs, mut loss) = answers.scored_at(&position)?;
        if best != position {
            let (others, other) = answers.scored_at(&best)?;
            if other < loss {
                (position, outputs, loss) = (best, others, other);
            }
        }
        let model = self.model_at(gpu, &position)?;
        let scores = model.judge(&outputs, loss, &self.dataset.train);
        Ok((model, scores))
    }

    /// The network with the lowest training loss among several members as they are now, and the scores of all.
    fn members(&self, gpu: &Gpu, run: &mut Run) -> Result<(Model, Members)> {
        let mut whole = self.whole();
        let losses = run.score(&whole)?;
        let chosen = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap_or(0);
        let position = run.member(chosen as u32)?;
        let model = self.model_at(gpu, &position)?;
        // A member's measure from its loss: the accuracy, or the squared error of a number.
        let numbers = self.dataset.is_regression();
        let loss = if numbers { Loss::Squared } else { Loss::Accuracy };
        let measure = |loss: f32| if numbers { 2.0 * f64::from(loss) } else { 1.0 - f64::from(loss) };
        whole.loss = loss.clone();
        let train = run.score(&whole)?;
        let rows = &self.dataset.test;
        let test = if rows.rows > 0 {
            let mut network = network_on(&self.network.architecture, rows, numbers)?;
            network.loss = loss;
            network.normalize_by(&self.network);
            Some(run.score(&network)?)
        } else {
            None
        };
        let count = losses.len() as u32;
        let all = (0..losses.len()).map(|member| Member {
            settings: self.optimizer.differing(member as u32, count),
            train_loss: losses[member].into(),
            train: measure(train[member]),
            test: test.as_ref().map(|test| measure(test[member])),
        });
        Ok((model, Members { all: all.collect(), chosen }))
    }
}

/// A network on some rows, be their labels classes or numbers.
fn network_on(architecture: &Architecture, rows: &Part, numbers: bool) -> Result<Network> {
    if numbers {
        return Network::regression(architecture.clone(), &rows.features, &rows.targets);
    }
    Network::new(architecture.clone(), &rows.features, &rows.labels)
}

/// Fits the schedules of a run that only time ends to the generations it will come to.
pub struct Pace {
    seconds: f64,
    next: f64,
    /// Generation and time of the last look.
    last: Option<(u32, f64)>,
}

impl Pace {
    /// Share of the time after which it looks at the clock for the first time.
    const FIRST: f64 = 0.02;
    /// How much later it looks again: seldom enough for the device to stay busy.
    const AGAIN: f64 = 1.25;

    /// For a run of these settings; it does nothing where something else than time may end the run.
    pub fn new(config: &Config) -> Self {
        let timed = config.seconds.filter(|_| config.generations.is_none() && config.evaluations.is_none());
        Self { seconds: timed.unwrap_or(0.0), next: Self::FIRST, last: None }
    }

    /// Looks at the clock after a step.
    ///
    /// # Errors
    /// Those of [`Run::stretch`].
    pub fn keep(&mut self, run: &mut Run) -> Result<()> {
        let Report { generation, seconds, .. } = *run.report();
        if run.report().stop.is_some() || self.next >= 1.0 || seconds < self.next * self.seconds || self.seconds == 0.0
        {
            return Ok(());
        }
        self.next = (seconds / self.seconds).max(self.next) * Self::AGAIN;
        let Some((earlier, before)) = self.last.replace((generation, seconds)) else { return Ok(()) };
        // What the device needs to start with is not counted.
        let rate = f64::from(generation - earlier) / (seconds - before).max(1e-9);
        run.stretch((f64::from(generation) + rate * (self.seconds - seconds)) as u32)
    }
}

/// A trace in the making: a point for every generation.
#[derive(Default)]
struct Trace {
    points: Vec<Point>,
    evaluations: u64,
    seconds: f64,
}

impl Trace {
    /// Takes in the generations that are new. The host sees the clock once a step only, so the generations of a step
    /// are taken to have been equally long.
    fn extend(&mut self, report: &Report) {
        let new = &report.history[self.points.len().min(report.history.len())..];
        if new.is_empty() {
            return;
        }
        let (evaluations, seconds) = (self.evaluations, self.seconds);
        for (index, record) in new.iter().enumerate() {
            let share = (index + 1) as f64 / new.len() as f64;
            self.points.push(Point {
                evaluations: evaluations + ((report.evaluations - evaluations) as f64 * share).round() as u64,
                seconds: seconds + (report.seconds - seconds) * share,
                loss: record.best,
            });
        }
        (self.evaluations, self.seconds) = (report.evaluations, report.seconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Record;

    #[test]
    fn a_step_is_divided_among_its_generations() {
        let record = |best| Record { best, lowest: best, mean: best, share: 1.0, norm: 0.0 };
        let mut report = Report {
            generation: 1,
            evaluations: 10,
            best: 5.0,
            stop: None,
            history: vec![record(5.0)],
            seconds: 1.0,
            device_seconds: None,
        };
        let mut trace = Trace::default();
        trace.extend(&report);
        report.history.extend([record(4.0), record(3.0)]);
        (report.generation, report.evaluations, report.seconds) = (3, 30, 2.0);
        trace.extend(&report);
        trace.extend(&report);
        let expected = [(10, 1.0, 5.0), (20, 1.5, 4.0), (30, 2.0, 3.0)].map(Point::from);
        assert_eq!(trace.points, expected);
    }
}
