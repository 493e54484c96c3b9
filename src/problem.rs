//! Problems that come with the program and are no tables of rows: differential equations to be followed, circuits that
//! have to decide. Each is a name, usual settings, and what makes an objective of them.

mod circuits;
mod trajectories;

use serde_json::{Map, Value};

use crate::config::{Config, PROBLEM as PREFIX};
use crate::gpu::Gpu;
use crate::metrics::Measures;
use crate::objective::network::Tensor;
use crate::population::{Objective, Optimizer};
use crate::run::{Builder, Report, Run};
use crate::training::{Point, begin, builder, to_the_end};
use crate::{Error, Result};
pub use circuits::Deciding;
pub use trajectories::{Following, Trajectories};

/// A problem by name.
pub struct Problem {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it is, and where it is from.
    pub about: &'static str,
    /// Settings under which it is usually learned; `data` is the name.
    usual: fn() -> Config,
    pose: fn(&Config, &Gpu) -> Result<Box<dyn Posed>>,
    /// Names and meanings of its own settings.
    pub settings: &'static [(&'static str, &'static str)],
}

/// All of them.
pub static PROBLEMS: &[Problem] = &[
    Problem {
        name: "spiral",
        about: "a neural ODE is to follow a cubic spiral from short pieces of it (Chen et al. 2018)",
        usual: trajectories::spiral,
        pose: trajectories::pose,
        settings: trajectories::SETTINGS,
    },
    Problem {
        name: "rober",
        about: "a neural ODE is to follow Robertson's stiff reaction over ten decades of time (Kim et al. 2021)",
        usual: trajectories::rober,
        pose: trajectories::pose,
        settings: trajectories::SETTINGS,
    },
    Problem {
        name: "pollu",
        about: "a neural ODE is to follow 20 species of polluted air; stiff (Kim et al. 2021)",
        usual: trajectories::pollu,
        pose: trajectories::pose,
        settings: trajectories::SETTINGS,
    },
    Problem {
        name: "integration",
        about: "20 spiking neurons are to say which of two sides a noisy stimulus speaks for (arXiv 2311.10869)",
        usual: circuits::integration,
        pose: circuits::pose,
        settings: circuits::SETTINGS,
    },
    Problem {
        name: "memory",
        about: "20 spiking neurons are to remember a cue through a silence (arXiv 2311.10869)",
        usual: circuits::memory,
        pose: circuits::pose,
        settings: circuits::SETTINGS,
    },
];

/// A problem with its settings, ready to be learned.
pub trait Posed {
    /// What is minimized.
    fn objective(&self) -> &dyn Objective;
    /// Scores of a position: on what it learned from, and on what it has not seen, if there is such.
    ///
    /// # Errors
    /// From the device.
    fn scores(&self, gpu: &Gpu, position: &[f32]) -> Result<(Measures, Option<Measures>)>;
    /// How many rows it learns from and is tested on, features of a row, classes.
    fn sizes(&self) -> [usize; 4];
    /// Its weights under names, as a file of weights holds them.
    fn tensors(&self, position: &[f32]) -> Vec<Tensor>;
    /// Courses in time to draw, under the stem of a file's name each.
    ///
    /// # Errors
    /// From the device.
    fn drawings(&self, gpu: &Gpu, position: &[f32]) -> Result<Vec<Drawing>>;
}

/// Curves over time, or one component over the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Stem of the file's name.
    pub stem: &'static str,
    /// Above the picture.
    pub title: String,
    /// Below it.
    pub x_label: String,
    /// Beside it.
    pub y_label: String,
    /// Name and points of each curve.
    pub curves: Vec<(String, Vec<(f64, f64)>)>,
    /// Whether they are events: points, not lines.
    pub points: bool,
}

/// A problem, how it is to be learned, and by what.
pub struct Exercise {
    /// The settings.
    pub config: Config,
    /// The problem.
    pub problem: &'static Problem,
    /// What is minimized and how it is scored.
    pub posed: Box<dyn Posed>,
    /// How positions move.
    pub optimizer: Box<dyn Optimizer>,
}

/// What an exercise came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The best position.
    pub position: Vec<f32>,
    /// Its scores on what it learned from.
    pub train: Measures,
    /// Its scores on what it has not seen, if there is such.
    pub test: Option<Measures>,
    /// Generations, evaluations, time.
    pub report: Report,
    /// Bytes of device memory that the run's buffers took.
    pub device_memory: u64,
    /// How it got there.
    pub trace: Vec<Point>,
}

impl Problem {
    /// The problem of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PROBLEMS.iter().find(|problem| problem.name == name)
    }

    /// Settings under which it is usually learned.
    pub fn usual(&self) -> Config {
        Config { data: self.name.into(), test: 0.0, ..(self.usual)() }
    }

    /// Of these what any optimizer shares.
    pub fn shared(&self) -> Config {
        let plain = Config::default();
        let mut config = Config { optimizer: plain.optimizer, population: None, generations: None, ..self.usual() };
        config.settings.retain(|key, _| key.starts_with(PREFIX));
        config
    }
}

impl Exercise {
    /// The problem that the settings name. The device draws up what is to be learned.
    ///
    /// # Errors
    /// [`Error::Setting`] for what makes no sense, alone or together.
    pub fn new(config: &Config, gpu: &Gpu) -> Result<Self> {
        let Some(problem) = Problem::find(&config.data) else {
            let names: Vec<_> = PROBLEMS.iter().map(|problem| problem.name).collect();
            return Err(Error::setting("problem", &config.data, format!("there is {}", names.join(", "))));
        };
        if config.epochs.is_some() {
            return Err(Error::setting("epochs", "given", "there are no rows to go through: give --generations"));
        }
        if config.validation > 0.0 {
            return Err(Error::setting("validation", config.validation, "there are no rows to hold out: leave it out"));
        }
        let posed = (problem.pose)(config, gpu)?;
        Ok(Self { config: config.clone(), problem, posed, optimizer: config.build_optimizer()? })
    }

    /// Allocates and draws the first positions.
    ///
    /// # Errors
    /// Those of [`begin`].
    pub fn start(&self, gpu: &Gpu) -> Result<Run> {
        begin(gpu, &self.config, self.posed.objective(), self.optimizer.as_ref(), None)
    }

    /// What [`Exercise::start`] starts.
    pub fn builder<'b>(&'b self, gpu: &'b Gpu) -> Builder<'b> {
        builder(gpu, &self.config, self.posed.objective(), self.optimizer.as_ref(), None)
    }

    /// Learns to the end and scores what came of it; `watch` sees the run after every step, `false` from it ends it.
    ///
    /// # Errors
    /// Those of [`begin`] and of the device.
    pub fn run(&self, gpu: &Gpu, mut watch: impl FnMut(&Run) -> bool) -> Result<Outcome> {
        let mut run = self.start(gpu)?;
        let trace = to_the_end(&mut run, &self.config, &mut watch)?;
        Ok(Outcome { trace, ..self.outcome(gpu, &mut run)? })
    }

    /// Scores the best position of a run. The trace is left empty.
    ///
    /// # Errors
    /// From the device.
    pub fn outcome(&self, gpu: &Gpu, run: &mut Run) -> Result<Outcome> {
        let position = run.best()?;
        let (train, test) = self.posed.scores(gpu, &position)?;
        let (report, device_memory) = (run.report().clone(), run.device_memory());
        Ok(Outcome { position, train, test, report, device_memory, trace: Vec::new() })
    }
}

impl Config {
    /// The settings whose names begin with [`PROBLEM`](PREFIX), without it.
    fn of_problem(&self) -> Map<String, Value> {
        let own = self.settings.iter().filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?, value)));
        own.map(|(key, value)| (key.to_string(), typed(value))).collect()
    }

    /// The same, read as `T`, whose names `known` lists.
    fn problem_settings<T: serde::de::DeserializeOwned>(&self, known: &[(&str, &str)]) -> Result<T> {
        let own = self.of_problem();
        // What is not said is as usual.
        let mut all = Problem::find(&self.data).map_or_else(Map::new, |problem| problem.usual().of_problem());
        if let Some((key, value)) = own.iter().find(|(key, _)| !known.iter().any(|(name, _)| name == key)) {
            let names: Vec<_> = known.iter().map(|(name, _)| format!("{PREFIX}{name}")).collect();
            return Err(Error::setting(format!("{PREFIX}{key}"), value, format!("there is {}", names.join(", "))));
        }
        let shown = own.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ");
        all.extend(own);
        serde_json::from_value(Value::Object(all)).map_err(|e| Error::setting("problem", shown, e.to_string()))
    }
}

/// A value as it was meant: methods give all of them as text.
fn typed(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())),
        other => serde_json::json!(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_settings_are_sound_and_saved() {
        for problem in PROBLEMS {
            let config = problem.usual();
            config.check().unwrap();
            assert_eq!(toml::from_str::<Config>(&config.to_toml().unwrap()).unwrap(), config, "{}", problem.name);
        }
    }
}
