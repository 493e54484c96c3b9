//! Every setting of a training run: defaults, then a TOML file, then flags; saved, resolved, with the run.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data::{Missing, Options, Task, is_of_numbers};
use crate::objective::network::pictures::Size;
use crate::objective::network::{Activation, Architecture, Loss, Spec};
use crate::optimizer::search;
use crate::population::Optimizer;
use crate::{Error, Result};

/// What settings of a problem that is no table of rows are called: this and their name.
pub const PROBLEM: &str = "problem.";

/// The model of problems that neurons with spikes have to solve.
pub const CIRCUIT: &str = "circuit";

/// What `gradless train` does, and what `config.toml` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A built-in name, a file, or a folder of images.
    pub data: String,
    /// Label column: name or number from 1; none to look for `class`, `label`, `target`, else the last.
    pub label: Option<String>,
    /// Whether the file has a header; none to judge by its first row.
    pub header: Option<bool>,
    /// What labels are; none for what the loss asks for, else classes or what the known set has.
    pub task: Option<Task>,
    /// Lines and pixels of a line that pictures are brought to; none for those that they have, or the first has.
    pub size: Option<[usize; 2]>,
    /// What becomes of missing cells.
    pub missing: Missing,
    /// Share of the rows held out, 0 to 0.9.
    pub test: f64,
    /// Share of the training rows held out for choosing the best network, 0 to 0.5.
    pub validation: f64,
    /// `mlp:10`, `mlp:20,7,5`, `none` for logistic regression; for pictures `lenet5`, `cnn`, or layer after layer:
    /// `conv:6x5p2,relu,max:2,dense:84,relu`.
    pub model: String,
    /// What hidden units do to their sum, where the model does not say.
    pub activation: Activation,
    /// What a row costs.
    pub loss: Loss,
    /// What is searched at a time: `whole`, `neurons`, `layers`, `blocks:N`, `subspace:N`.
    pub search: String,
    /// A run's folder or its model.safetensors: the saved network to begin with; none for a random one.
    pub start: Option<String>,
    /// Name of the optimizer.
    pub optimizer: String,
    /// Its settings where they are not the defaults.
    pub settings: BTreeMap<String, toml::Value>,
    /// Candidates of a generation, or of a block where blocks are searched; none for what suits the search.
    pub population: Option<u32>,
    /// Generations at most; none where evaluations or seconds end the run.
    pub generations: Option<u32>,
    /// Times that every row is seen at most, in place of generations.
    pub epochs: Option<u32>,
    /// Candidates scored at most.
    pub evaluations: Option<u64>,
    /// Seconds at most.
    pub seconds: Option<f64>,
    /// Training loss at which to stop.
    pub target: Option<f32>,
    /// Rows of a batch; none for all.
    pub batch: Option<u32>,
    /// Seed of split, first positions and every draw.
    pub seed: u64,
    /// Adapter: name, number or `software`; none for the best.
    pub device: Option<String>,
    /// Seconds between checkpoints.
    pub checkpoint: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: String::new(),
            label: None,
            header: None,
            task: None,
            size: None,
            missing: Missing::default(),
            test: 0.2,
            validation: 0.0,
            model: "mlp:10".into(),
            activation: Activation::default(),
            loss: Loss::default(),
            search: "whole".into(),
            start: None,
            optimizer: "pso".into(),
            settings: BTreeMap::new(),
            population: None,
            generations: None,
            epochs: None,
            evaluations: None,
            seconds: None,
            target: None,
            batch: None,
            seed: 1,
            device: None,
            checkpoint: 10.0,
        }
    }
}

impl Config {
    /// Candidates of a generation when the whole vector is searched.
    pub const POPULATION: u32 = 128;
    /// Candidates of a block where blocks are searched.
    pub const BLOCK_POPULATION: u32 = 10;
    /// Generations when nothing else ends a run.
    pub const GENERATIONS: u32 = 300;
    /// Generations over which schedules run when only time ends a run.
    pub const TIMED_HORIZON: u32 = 1000;

    /// Reads a TOML file.
    ///
    /// # Errors
    /// [`Error::File`] with line and cause.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::file(path, e))?;
        toml::from_str(&text).map_err(|e| Error::file(path, e.to_string().trim()))
    }

    /// As a TOML file.
    ///
    /// # Errors
    /// [`Error::Setting`] when a value has no place in TOML.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::setting("config", "these settings", e.to_string()))
    }

    /// How the data are read and divided.
    pub fn data_options(&self) -> Options {
        Options {
            label: self.label.clone(),
            header: self.header,
            missing: self.missing,
            size: self.size,
            test_fraction: self.test,
            validation_fraction: self.validation,
            seed: self.seed,
            task: self.task.or_else(|| (self.loss.of_numbers() == Some(true)).then_some(Task::Regression)),
        }
    }

    /// The loss where none is said: that of numbers where labels are numbers.
    pub fn default_loss(&self) -> Loss {
        let numbers = self.task.map_or_else(|| is_of_numbers(&self.data), |task| task == Task::Regression);
        if numbers { Loss::Squared } else { Loss::default() }
    }

    /// The optimizer with its settings.
    ///
    /// # Errors
    /// [`Error::Setting`] for an unknown name or a value out of range.
    pub fn build_optimizer(&self) -> Result<Box<dyn Optimizer>> {
        let text = |value: &toml::Value| match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let of_optimizer = self.settings.iter().filter(|(key, _)| !key.starts_with(PROBLEM));
        let mut settings: BTreeMap<_, _> = of_optimizer.map(|(key, value)| (key.clone(), text(value))).collect();
        // Rows held out have no other use.
        if self.validation > 0.0 && search::by_blocks(&self.search) {
            let gate = settings.entry("search.gate".into()).or_insert_with(|| "soft".into());
            if gate == "none" {
                let remedy = "the rows of --validation would be lost: leave one of the two out";
                return Err(Error::setting("search.gate", "none", remedy));
            }
        }
        search::build(&self.search, &self.optimizer, &settings)
    }

    /// Candidates of a generation, or of a block where blocks are searched.
    pub fn members(&self) -> u32 {
        self.population.unwrap_or_else(|| match self.build_optimizer() {
            Ok(optimizer) if optimizer.blockwise() => Self::BLOCK_POPULATION,
            Ok(optimizer) if optimizer.descends() => 1,
            _ => Self::POPULATION,
        })
    }

    /// The network for so many features and classes.
    ///
    /// # Errors
    /// [`Error::Setting`] when the model's name is not understood, or it is for pictures.
    pub fn architecture(&self, inputs: u32, outputs: u32) -> Result<Architecture> {
        self.architecture_on(None, inputs, outputs)
    }

    /// The same where a row may be a picture.
    ///
    /// # Errors
    /// [`Error::Setting`] when the model's name is not understood, or a layer does not fit the picture.
    pub fn architecture_on(&self, size: Option<Size>, inputs: u32, outputs: u32) -> Result<Architecture> {
        let small = size.is_some_and(|size| size.height.min(size.width) < 32);
        Spec::parse(&self.model, small)?.build(size, (inputs, outputs), self.activation)
    }

    /// Writes epochs as generations of so many rows in all, the last one begun and finished.
    pub fn settle(&mut self, rows: usize) {
        let Some(epochs) = self.epochs.take() else { return };
        let batch = self.batch.map_or(rows, |batch| batch as usize).max(1) as u64;
        let generations = (u64::from(epochs) * rows as u64).div_ceil(batch);
        self.generations.get_or_insert(generations.min(u32::MAX.into()) as u32);
    }

    /// Generations at most, and generations over which schedules run.
    pub fn span(&self) -> (u32, u32) {
        match (self.generations, self.evaluations, self.seconds) {
            (Some(generations), ..) => (generations, generations),
            (None, Some(_), _) => (u32::MAX, u32::MAX),
            (None, None, Some(_)) => (u32::MAX, Self::TIMED_HORIZON),
            (None, None, None) => (Self::GENERATIONS, Self::GENERATIONS),
        }
    }

    /// Refuses values that make no sense together or alone.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the setting and what is allowed.
    pub fn check(&self) -> Result<()> {
        if self.population == Some(0) {
            return Err(Error::setting("population", 0, "there must be at least one candidate"));
        }
        if self.generations == Some(0) {
            return Err(Error::setting("generations", 0, "there must be at least one generation"));
        }
        if self.epochs == Some(0) {
            return Err(Error::setting("epochs", 0, "there must be at least one epoch"));
        }
        if self.epochs.is_some() && self.generations.is_some() {
            return Err(Error::setting("epochs", "given", "give either --epochs or --generations"));
        }
        if self.evaluations == Some(0) {
            return Err(Error::setting("evaluations", 0, "there must be at least one evaluation"));
        }
        if let Some(seconds) = self.seconds.filter(|s| !(*s > 0.0 && s.is_finite())) {
            return Err(Error::setting("seconds", seconds, "give a positive number"));
        }
        if let Some(target) = self.target.filter(|t| !t.is_finite()) {
            return Err(Error::setting("target", target, "give a finite loss"));
        }
        if !(self.checkpoint >= 0.0 && self.checkpoint.is_finite()) {
            return Err(Error::setting("checkpoint", self.checkpoint, "give seconds, 0 or more"));
        }
        if !(0.0..=0.5).contains(&self.validation) {
            let remedy = "give a share of the training rows, 0 to 0.5";
            return Err(Error::setting("validation", self.validation, remedy));
        }
        if self.batch == Some(0) {
            return Err(Error::setting("batch", 0, "a batch has at least one row, or give full"));
        }
        if self.validation > 0.0 && !search::by_blocks(&self.search) {
            let remedy = "only --search neurons, layers and blocks:N choose by rows held out: leave it out";
            return Err(Error::setting("validation", self.validation, remedy));
        }
        if let (Some(task), Some(numbers)) = (self.task, self.loss.of_numbers())
            && numbers != (task == Task::Regression)
        {
            return Err(self.loss.misplaced(task == Task::Regression));
        }
        if self.model != CIRCUIT {
            Spec::parse(&self.model, false)?;
        }
        self.build_optimizer()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolved_config_reads_back_the_same() {
        let mut config = Config { data: "iris".into(), batch: Some(7), target: Some(0.1), ..Config::default() };
        config.settings.insert("social".into(), toml::Value::Float(1.25));
        config.settings.insert("neighbourhood".into(), toml::Value::String("ring".into()));
        let text = config.to_toml().unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), config);
        assert_eq!(config.build_optimizer().unwrap().settings()["neighbourhood"], "ring");
    }

    #[test]
    fn a_loss_of_ones_own_reads_back_the_same() {
        let text = "// \"a\" \\ b\nfn loss(y: f32, t: f32) -> f32 {\n\treturn abs(y - t);\n}\n";
        let loss = Loss::own("mine.wgsl", text).unwrap();
        let config = Config { data: "line".into(), loss, task: Some(Task::Regression), ..Config::default() };
        assert_eq!(toml::from_str::<Config>(&config.to_toml().unwrap()).unwrap(), config);
        config.check().unwrap();
    }

    #[test]
    fn models_are_named_by_their_hidden_layers() {
        let of = |model: &str| Config { model: model.into(), ..Config::default() }.architecture(4, 3);
        assert_eq!(of("mlp:20,7,5").unwrap().hidden, [20, 7, 5]);
        assert_eq!(of("mlp:10").unwrap().parameters(), 83);
        assert!(of("none").unwrap().hidden.is_empty());
        for bad in ["mlp", "mlp:", "mlp:0", "mlp:a", "lenet", "mlp:-3", "mlp:99999999"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn senseless_values_are_refused() {
        let refused = |config: Config| config.check().unwrap_err().to_string();
        assert!(refused(Config { population: Some(0), ..Config::default() }).contains("population"));
        assert!(refused(Config { seconds: Some(f64::NAN), ..Config::default() }).contains("seconds"));
        assert!(refused(Config { optimizer: "sgd2".into(), ..Config::default() }).contains("sgd2"));
        assert!(refused(Config { validation: 0.6, ..Config::default() }).contains("0 to 0.5"));
        assert!(refused(Config { validation: f64::NAN, ..Config::default() }).contains("validation"));
        assert!(refused(Config { search: "halves".into(), ..Config::default() }).contains("whole"));
        assert!(refused(Config { batch: Some(0), ..Config::default() }).contains("batch"));
        assert!(refused(Config { task: Some(Task::Regression), ..Config::default() }).contains("squared"));
        let classes = Config { task: Some(Task::Classification), loss: Loss::Wells, ..Config::default() };
        assert!(refused(classes).contains("cross-entropy"));
    }
}
