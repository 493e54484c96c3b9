//! How soon a method comes near the known minimum of a function: the counts that papers give for test functions.

#[cfg(not(target_arch = "wasm32"))]
mod measure;
#[cfg(not(target_arch = "wasm32"))]
mod pull;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::method::Method;
use crate::objective::Formula;
use crate::objective::functions::{self, Function};
use crate::optimizer::Entry;
use crate::population::Domain;
use crate::statistics::{Spread, median};
use crate::{Error, Result};
#[cfg(not(target_arch = "wasm32"))]
pub use pull::Pull;

/// A known function and how near its minimum counts as there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Goal {
    /// Name in the catalogue of functions.
    pub function: String,
    /// Coordinates.
    pub dims: u32,
    /// How far its minimum is moved along every axis.
    pub shift: f32,
    /// It is there when its value is less than this from the minimum.
    pub tolerance: f64,
}

/// What one run came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// The method's name.
    pub method: String,
    /// Seed of the first positions and every draw.
    pub seed: u64,
    /// Moves until it was there, 0 for a first position that was; none where it never was.
    pub iterations: Option<u32>,
    /// How far its best value was from the minimum when it was there, or at the end.
    pub gap: f64,
    /// Times the function was asked for its value by then, those for a gradient by differences left out.
    pub evaluations: u64,
}

/// The runs of one method together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Count {
    /// The method's name.
    pub method: String,
    /// Number of runs.
    pub runs: usize,
    /// Those that were there before the end.
    pub reached: usize,
    /// Moves of the median run; none where it was not there.
    pub median: Option<f64>,
    /// Moves of the runs that were there.
    pub iterations: Option<Spread>,
    /// Distance from the minimum, the median run's.
    pub gap: f64,
}

impl Goal {
    /// The function of this name.
    ///
    /// # Errors
    /// [`Error::Setting`] when there is none.
    pub fn known(name: &str) -> Result<&'static Function> {
        let remedy = "no such function; gradless minimize --list shows them";
        functions::find(name).ok_or_else(|| Error::setting("function", name, remedy))
    }

    /// What is to be minimized.
    ///
    /// # Errors
    /// [`Error::Setting`] for an unknown function, dimensions that it has not, a tolerance or a shift that is no number.
    pub fn formula(&self) -> Result<Formula> {
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return Err(Error::setting("tolerance", self.tolerance, "give a number above 0, such as 1e-3"));
        }
        if !self.shift.is_finite() {
            return Err(Error::setting("shift", self.shift, "give a finite number"));
        }
        Formula::known(Self::known(&self.function)?, self.dims, self.shift)
    }

    /// The known minimum.
    ///
    /// # Errors
    /// [`Error::Setting`] for an unknown function.
    pub fn optimum(&self) -> Result<f64> {
        Ok((Self::known(&self.function)?.value)(self.dims))
    }

    /// The settings of a run: the common ones with this method's in their place.
    ///
    /// # Errors
    /// [`Error::Setting`] for what makes no sense, or not on a function, where a descent is a single point.
    pub fn apply(&self, method: &Method, common: &Config) -> Result<Config> {
        self.formula()?;
        let mut config = method.apply(common)?;
        if config.batch.is_some() || config.epochs.is_some() {
            return Err(Error::setting("batch", "given", "a function has no rows: leave batch and epochs out"));
        }
        let optimizer = config.build_optimizer()?;
        if optimizer.descends() {
            config.population = Some(1);
            if method.settings.iter().any(|(key, _)| key == "population") {
                let remedy = "here a descent is a single point: leave population out";
                return Err(Error::setting("population", method, remedy));
            }
        }
        if let Some((name, value)) = optimizer.differing(0, 2).first() {
            return Err(Error::setting(
                *name,
                value,
                "it must be the same for all seeds: list a method for each value",
            ));
        }
        Ok(config)
    }
}

impl Count {
    /// Of the runs of one method; none where there is none.
    pub fn of(method: &str, runs: &[Reached]) -> Option<Self> {
        let own: Vec<&Reached> = runs.iter().filter(|run| run.method == method).collect();
        let moves = |run: &&Reached| run.iterations.map_or(f64::INFINITY, f64::from);
        let all: Vec<f64> = own.iter().map(moves).collect();
        let reached: Vec<f64> = all.iter().copied().filter(|moves| moves.is_finite()).collect();
        Some(Self {
            method: method.into(),
            runs: own.len(),
            reached: reached.len(),
            median: median(&all).filter(|moves| moves.is_finite()),
            iterations: Spread::of(&reached),
            gap: median(&own.iter().map(|run| run.gap).collect::<Vec<_>>())?,
        })
    }

    /// Share of the runs that were there.
    pub fn success(&self) -> f64 {
        self.reached as f64 / self.runs.max(1) as f64
    }

    /// Whether it did better: more runs there, else sooner, else nearer.
    pub fn beats(&self, other: &Self) -> bool {
        let moves = |count: &Self| count.iterations.map_or(f64::INFINITY, |spread| spread.mean);
        let order = other.success().total_cmp(&self.success());
        order.then(moves(self).total_cmp(&moves(other))).then(self.gap.total_cmp(&other.gap)).is_lt()
    }
}

/// The rules whose steps have a length of their own, whatever the gradient's. The others go as far as the gradient says.
const SCALED: [&str; 5] = ["adam", "amsgrad", "rmsprop", "adagrad", "adadelta"];

/// A configuration for a function over `domain`: a descent whose rule scales its gradients and which has no rate given
/// takes its usual one times [`Domain::unit`], as its usual rate is meant for weights.
///
/// # Errors
/// [`Error::Setting`] for an unknown optimizer.
pub fn suited(config: &Config, domain: &Domain) -> Result<Config> {
    let mut config = config.clone();
    if SCALED.contains(&config.optimizer.as_str()) && !config.settings.contains_key("rate") {
        let usual = Entry::find(&config.optimizer)?.defaults()["rate"].as_f64().unwrap_or(1.0);
        config.settings.insert("rate".into(), toml::Value::Float(usual * f64::from(domain.unit())));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal() -> Goal {
        Goal { function: "abs".into(), dims: 1, shift: 0.0, tolerance: 1e-3 }
    }

    fn run(iterations: Option<u32>, gap: f64) -> Reached {
        Reached { method: "a".into(), seed: 1, iterations, gap, evaluations: 0 }
    }

    #[test]
    fn a_run_that_never_was_there_counts_as_the_last() {
        let runs = [run(Some(4), 1e-4), run(None, 0.5), run(Some(8), 2e-4)];
        let count = Count::of("a", &runs).unwrap();
        assert_eq!((count.runs, count.reached, count.median, count.gap), (3, 2, Some(8.0), 2e-4));
        assert_eq!(count.iterations.unwrap().mean, 6.0);
        assert_eq!(Count::of("a", &[run(None, 1.0), run(None, 1.0), run(Some(1), 0.0)]).unwrap().median, None);
        // Two in the middle, one of them never there.
        assert_eq!(Count::of("a", &[run(None, 1.0), run(Some(1), 0.0)]).unwrap().median, None);
        assert!(Count::of("b", &runs).is_none());
        let sooner = Count::of("a", &[run(Some(5), 0.0)]).unwrap();
        assert!(sooner.beats(&count) && !count.beats(&sooner) && !sooner.beats(&sooner));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let apply = |goal: &Goal, method: &str| goal.apply(&method.parse().unwrap(), &Config::default());
        assert_eq!(apply(&goal(), "sgd:rate=0.5").unwrap().population, Some(1));
        let unknown = Goal { function: "nothing".into(), ..goal() };
        for (goal, method, word) in [
            (goal(), "momentum:population=3", "single point"),
            (goal(), "sgd:rate=0.1|0.2", "for each value"),
            (goal(), "pso:epochs=3", "no rows"),
            (goal(), "pso:sociable=3", "social"),
            (Goal { tolerance: 0.0, ..goal() }, "pso", "1e-3"),
            (Goal { dims: 2, ..goal() }, "pso", "1 dimension"),
            (unknown, "pso", "--list"),
        ] {
            let message = apply(&goal, method).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn usual_rates_are_in_units_of_the_box_and_given_ones_plain() {
        let rate = |optimizer: &str, given: Option<f64>| {
            let mut config = Config { optimizer: optimizer.into(), ..Config::default() };
            config.settings.extend(given.map(|rate| ("rate".to_string(), toml::Value::Float(rate))));
            let suited = suited(&config, &Domain::boxed(-30.0, 30.0)).unwrap();
            suited.build_optimizer().unwrap().settings()["rate"].as_f64().unwrap_or_default()
        };
        assert!((rate("adam", None) - 0.02 * 60.0 / 12f64.sqrt()).abs() < 1e-6);
        assert_eq!((rate("adam", Some(0.5)), rate("sgd", None)), (0.5, 0.1));
    }
}
