//! Neural ODEs that are to follow a known system: a spiral, Robertson's reaction, polluted air.
//!
//! In the stiff ones the network gives slopes by the logarithm of time, of components in units of their largest values,
//! and sees the time itself: what happens in a thousandth of a second is then no faster than what takes hours.

use serde::{Deserialize, Serialize};

use super::{Drawing, Posed};
use crate::config::{Config, PROBLEM as PREFIX};
use crate::gpu::Gpu;
use crate::metrics::{Errors, Measures, errors};
use crate::objective::network::{Architecture, Loss, Tensor};
use crate::objective::ode::{Deviation, Field, Fit, Grid, Integrator, NeuralField, Observed, Ode, System, Time, find};
use crate::population::Objective;
use crate::{Error, Result};

/// Names and meanings of the settings of these problems.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    ("time", "what slopes are by: plain, share (of the whole time), logarithm"),
    ("timed", "whether the network sees the time"),
    ("cubed", "whether it sees third powers of the components"),
    ("integrator", "how a step is made: rk4, rosenbrock23 ...; gradients take euler, rk2, rk4"),
    ("substeps", "steps from one observation to the next"),
    ("observations", "times at which the system is observed"),
    ("segment", "intervals between observations that a trajectory spans; 0 for the whole"),
    ("bound", "size at which components are held, in their units; 0 for none"),
];

/// Settings of these problems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Following {
    time: Scale,
    timed: bool,
    cubed: bool,
    integrator: String,
    substeps: u32,
    observations: u32,
    segment: u32,
    bound: f32,
}

/// The scale of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Scale {
    Plain,
    Share,
    Logarithm,
}

/// A fit, with observations that it has not seen.
pub struct Trajectories {
    name: String,
    fit: Fit,
    /// Between those that it learns from.
    unseen: Observed,
}

/// The settings as a configuration holds them.
fn usual(following: &Following, config: Config) -> Config {
    let mut config = config;
    let all = toml::Table::try_from(following).unwrap_or_default();
    config.settings.extend(all.into_iter().map(|(key, value)| (format!("{PREFIX}{key}"), value)));
    config
}

fn learned_by(settings: &[(&str, f64)]) -> Config {
    Config {
        optimizer: "openai-es".into(),
        settings: settings.iter().map(|(key, value)| ((*key).into(), toml::Value::Float(*value))).collect(),
        loss: Loss::Absolute,
        ..Config::default()
    }
}

/// 1,000 observations of the spiral, pieces of 10 of them.
pub(super) fn spiral() -> Config {
    let following = Following {
        time: Scale::Plain,
        timed: false,
        cubed: true,
        integrator: "rk4".into(),
        substeps: 1,
        observations: 1000,
        segment: 10,
        bound: 10.0,
    };
    let common = learned_by(&[("sigma", 0.1), ("rate", 0.1)]);
    let (population, generations, batch) = (Some(256), Some(500), Some(20));
    usual(&following, Config { model: "mlp:50".into(), population, generations, batch, ..common })
}

fn stiff() -> Following {
    Following {
        time: Scale::Logarithm,
        timed: true,
        cubed: false,
        integrator: "rk4".into(),
        substeps: 1,
        observations: 50,
        segment: 0,
        bound: 10.0,
    }
}

/// 50 observations of Robertson's reaction, from 1e-5 to 1e5.
pub(super) fn rober() -> Config {
    let common = learned_by(&[("sigma", 0.1), ("rate", 0.1)]);
    let (population, generations) = (Some(64), Some(1500));
    usual(&stiff(), Config { model: "mlp:32,32".into(), population, generations, ..common })
}

/// 20 observations of polluted air, from 1e-6 to 60 minutes.
pub(super) fn pollu() -> Config {
    let common = learned_by(&[("sigma", 0.1), ("rate", 0.1)]);
    let (population, generations) = (Some(64), Some(1500));
    let following = Following { observations: 20, ..stiff() };
    usual(&following, Config { model: "mlp:32,32".into(), population, generations, ..common })
}

/// The system behind a problem's name.
fn system(name: &str) -> Result<&'static System> {
    find(if name == "spiral" { "cubic-spiral" } else { name })
}

/// The system at so many times, evenly spaced or in equal factors, and at three between each two of them.
fn observations(gpu: &Gpu, system: &System, count: u32) -> Result<[Observed; 2]> {
    if !(3..=10_000).contains(&count) {
        let name = format!("{PREFIX}observations");
        return Err(Error::setting(name, count, "give 3 to 10000"));
    }
    let intervals = count - 1;
    let mut ode = Ode::new(system);
    // Enough steps between observations for f32 to be what limits the exactness.
    let (fine, first) = match system.first {
        Some(first) => (4 * 8, Some(first)),
        None => (4 * 5, None),
    };
    let mut both = [Vec::new(), Vec::new()];
    let mut times = [Vec::new(), Vec::new()];
    ode.steps = intervals * fine;
    if let Some(first) = first {
        // The first observation after the start is at the end of the first step.
        ode.steps = (intervals - 1) * fine + 1;
        ode.grid = Grid::Geometric(first);
    }
    let solution = ode.solve(gpu)?;
    for sample in 0..solution.times.len() {
        // Counted from the first observation after the start where there is such a step.
        let place = if first.is_some() { (sample + fine as usize - 1) as u32 } else { sample as u32 };
        let which = if sample == 0 || place.is_multiple_of(fine) {
            0
        } else if place.is_multiple_of(fine / 4) {
            1
        } else {
            continue;
        };
        let lost = || Error::setting("problem", &system.name, "its trajectory did not stay finite");
        let state = solution.state(sample, 0).ok_or_else(lost)?;
        // The unseen ones start where the seen ones do.
        for set in if sample == 0 { 0..2 } else { which..which + 1 } {
            both[set].extend_from_slice(&state);
            times[set].push(solution.times[sample]);
        }
    }
    let names: Vec<&str> = system.components.iter().map(AsRef::as_ref).collect();
    let [seen, unseen] = [0, 1].map(|set| Observed::new(&names, &times[set], &both[set]));
    let seen = seen?.in_units_of_largest();
    let unseen = Observed { units: seen.units.clone(), ..unseen? };
    Ok([seen, unseen])
}

pub(super) fn pose(config: &Config, gpu: &Gpu) -> Result<Box<dyn Posed>> {
    let following: Following = config.problem_settings(SETTINGS)?;
    let system = system(&config.data)?;
    let [mut seen, mut unseen] = observations(gpu, system, following.observations)?;
    // A spiral's size is that of both components.
    if system.first.is_none() {
        seen.units.fill(1.0);
        unseen.units.fill(1.0);
    }
    let Architecture { hidden, activation, .. } = config.architecture(1, 1)?;
    let field = NeuralField { hidden, activation, cubed: following.cubed, timed: following.timed };
    let deviation = match config.loss {
        Loss::Absolute => Deviation::Absolute,
        Loss::Squared => Deviation::Squared,
        ref other => return Err(Error::setting("loss", other, "trajectories take absolute or squared")),
    };
    let time = match following.time {
        Scale::Plain => Time::Plain,
        Scale::Share => Time::Share,
        // The first step's length: where the logarithm begins to be that of time itself.
        Scale::Logarithm => Time::Logarithm(system.first.unwrap_or(1e-3 * (system.end - system.start))),
    };
    let fit = Fit {
        integrator: Integrator::named(&following.integrator)?,
        substeps: following.substeps,
        segment: (following.segment > 0).then_some(following.segment),
        batch: config.batch,
        time,
        deviation,
        bound: (following.bound != 0.0).then_some(following.bound),
        ..Fit::new(Field::Neural(field), seen)
    };
    Ok(Box::new(Trajectories { name: config.data.clone(), fit, unseen }))
}

impl Trajectories {
    /// Observed values and those of the trajectory that a position leads to, in units of the components' errors.
    fn compared(&self, gpu: &Gpu, position: &[f32], observed: &Observed) -> Result<[Vec<f32>; 2]> {
        let width = observed.units.len();
        let scaled = |values: &[f32]| -> Vec<f32> {
            values.iter().enumerate().skip(width).map(|(at, value)| value / observed.units[at % width]).collect()
        };
        // The scale of time stays that of what was learned from.
        let found = self.fit.led(gpu, position, observed)?;
        let said = found.map_or(vec![f32::MAX; observed.values.len() - width], |states| scaled(&states));
        Ok([said, scaled(&observed.values)])
    }

    fn errors(&self, gpu: &Gpu, position: &[f32], observed: &Observed, loss: Option<f64>) -> Result<Errors> {
        let [said, wanted] = self.compared(gpu, position, observed)?;
        let found = errors(&said, &wanted, 0.0);
        let usual = if self.fit.deviation == Deviation::Absolute { found.mae } else { found.mse };
        Ok(Errors { loss: loss.unwrap_or(usual), ..found })
    }
}

impl Posed for Trajectories {
    fn objective(&self) -> &dyn Objective {
        &self.fit
    }

    /// The loss is that of all segments; the errors are those of the whole trajectory.
    fn scores(&self, gpu: &Gpu, position: &[f32]) -> Result<(Measures, Option<Measures>)> {
        let all = Fit { batch: None, ..self.fit.clone() };
        let loss = f64::from(all.mean_cost(gpu, position)?);
        let train = self.errors(gpu, position, &self.fit.observed, Some(loss))?;
        let test = self.errors(gpu, position, &self.unseen, None)?;
        Ok((Measures::Numbers(train), Some(Measures::Numbers(test))))
    }

    fn sizes(&self) -> [usize; 4] {
        [self.fit.observed.rows(), self.unseen.rows() - 1, self.fit.observed.units.len(), 0]
    }

    fn tensors(&self, position: &[f32]) -> Vec<Tensor> {
        let Field::Neural(field) = &self.fit.field else { return Vec::new() };
        let architecture = field.architecture(self.fit.observed.units.len() as u32);
        architecture.tensors(&architecture.weights(position))
    }

    fn drawings(&self, gpu: &Gpu, position: &[f32]) -> Result<Vec<Drawing>> {
        let observed = &self.fit.observed;
        let width = observed.units.len();
        let [said, wanted] = self.compared(gpu, position, observed)?;
        let logarithmic = matches!(self.fit.time, Time::Logarithm(_));
        let x = |row: usize| if logarithmic { observed.times[row].log10() } else { observed.times[row] };
        let course = |values: &[f32], i: usize| -> Vec<(f64, f64)> {
            (1..observed.rows()).map(|row| (x(row), f64::from(values[(row - 1) * width + i]))).collect()
        };
        let finite = said.iter().all(|value| value.abs() < 1e6);
        let mut curves = Vec::new();
        // Of many components a few stand for all.
        for i in (0..width).step_by(width.div_ceil(4)) {
            let name = &observed.components[i];
            curves.push((format!("{name}, observed"), course(&wanted, i)));
            if finite {
                curves.push((format!("{name}, network"), course(&said, i)));
            }
        }
        let x_label = if logarithmic { "log10 t" } else { "t" }.to_string();
        let y_label = "component, in its unit".to_string();
        let title = format!("{}: what the network follows", self.name);
        let mut all =
            vec![Drawing { stem: "trajectories", title: title.clone(), x_label, y_label, curves, points: false }];
        if width == 2 && finite {
            let plane = |values: &[f32]| values.chunks(2).map(|y| (f64::from(y[0]), f64::from(y[1]))).collect();
            let curves = vec![("observed".into(), plane(&wanted)), ("network".into(), plane(&said))];
            let (x_label, y_label) = (observed.components[0].clone(), observed.components[1].clone());
            all.push(Drawing { stem: "phase-plane", title, x_label, y_label, curves, points: false });
        }
        Ok(all)
    }
}
