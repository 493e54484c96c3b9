//! Systems of ordinary differential equations, integrated on the device, many trajectories at once, their states in
//! registers. Long integrations are cut into dispatches; the time of a step comes from its number and is never summed up.

mod adaptive;
mod field;
mod fit;
mod fixed;
mod header;
mod integrator;
mod observed;
mod sets;
mod solution;
mod system;
mod text;
mod unroll;

use crate::gpu::{Gpu, Source, WORKGROUP};
use crate::{Error, Result};
pub use adaptive::Tolerance;
pub use field::{Field, NeuralField, Parameter};
pub use fit::{Deviation, Fit, Time};
pub use integrator::Integrator;
pub use observed::Observed;
pub use sets::spread;
pub use solution::{Loss, Solution};
pub use system::{SYSTEMS, System, Twin, find};

/// Dispatches in one submission.
const SUBMITTED: usize = 64;
/// Components at most where linear systems are solved: exchanges of rows are kept as bits.
const MOST_IMPLICIT: usize = 32;
/// Size of a component below which changes of it, for slopes, no longer shrink.
const SMALL: f32 = 1e-3;
/// Steps at most: beyond it an `f32` no longer counts them one by one.
const MOST_STEPS: u32 = 1 << 24;
/// Values between the beginnings of two parts: bindings start at multiples of 256 bytes.
const PART_STRIDE: usize = 64;

/// How the times of the steps lie between start and end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grid {
    /// All steps have the same length.
    Uniform,
    /// One first step of this length; every later time is the same multiple of the one before, counted from the start.
    Geometric(f64),
}

/// A system with all that is needed to integrate it.
#[derive(Clone, Debug)]
pub struct Ode<'a> {
    /// What is integrated.
    pub system: &'a System,
    /// How.
    pub integrator: Integrator,
    /// Where the times lie.
    pub grid: Grid,
    /// Number of steps, 1 to 2^24.
    pub steps: u32,
    /// The last time; the first one is the system's.
    pub end: f64,
    /// A sample is kept after so many steps, and after the last one.
    pub every: u32,
    /// The error that is allowed. With it the grid's steps are made of as many smaller ones as it takes
    /// ([`Integrator::DormandPrince`] alone can tell); without it they are single steps.
    pub tolerance: Option<Tolerance>,
}

impl<'a> Ode<'a> {
    /// The system as it is usually integrated, with a sample of every trajectory after every step.
    pub fn new(system: &'a System) -> Self {
        let (integrator, grid) = match system.first {
            Some(first) => (system::STIFF, Grid::Geometric(first)),
            None => (Integrator::Rk4, Grid::Uniform),
        };
        let (steps, end) = (system.steps, system.end);
        Self { system, integrator, grid, steps, end, every: 1, tolerance: None }
    }

    /// The time before the first step and after each.
    ///
    /// # Errors
    /// [`Error::Setting`] when they do not ascend, in `f32`, from start to end.
    pub fn times(&self) -> Result<Vec<f64>> {
        let (start, steps) = (self.system.start, self.steps);
        if !(1..=MOST_STEPS).contains(&steps) {
            return Err(Error::setting("steps", steps, format!("give 1 to {MOST_STEPS}")));
        }
        let span = self.end - start;
        if !(span > 0.0 && span < 1e30) {
            return Err(Error::setting("end", self.end, format!("give a finite time after the start, {start}")));
        }
        let step = |number: u32| match self.grid {
            _ if number == 0 => 0.0,
            _ if number == steps => span,
            Grid::Uniform => span * (f64::from(number) / f64::from(steps)),
            Grid::Geometric(first) => first * (span / first).powf(f64::from(number - 1) / f64::from(steps - 1)),
        };
        if let Grid::Geometric(first) = self.grid
            && !(first > 0.0 && first < span)
        {
            let remedy = format!("the first step must be longer than 0 and shorter than the whole, {span}");
            return Err(Error::setting("grid", format!("geometric:{first}"), remedy));
        }
        let times: Vec<f64> = (0..=steps).map(|number| start + step(number)).collect();
        let normal = |pair: &[f64]| (pair[1] - pair[0]) as f32 >= f32::MIN_POSITIVE;
        if !times.windows(2).all(normal) {
            return Err(Error::setting("steps", steps, "a step would be of length zero: take fewer"));
        }
        Ok(times)
    }

    /// The shaders that it may take: with single steps, for one trajectory in a thread and for several; with steps that
    /// follow the error, where the integrator can estimate it.
    ///
    /// # Errors
    /// [`Error::Shader`] when an import is unknown.
    pub fn sources(&self) -> Result<Vec<Source>> {
        let mut sources = vec![fixed::source(self, 1, 1)?, fixed::source(self, 3, 2)?];
        if self.integrator.estimates() {
            sources.push(adaptive::source(self)?);
        }
        Ok(sources)
    }

    /// Integrates one trajectory from the system's own start with its own constants.
    ///
    /// # Errors
    /// As [`Ode::integrate`].
    pub fn solve(&self, gpu: &Gpu) -> Result<Solution> {
        let constants: Vec<f32> = self.system.constants.iter().map(|(_, value)| *value).collect();
        self.integrate(gpu, &self.system.initial, &constants)
    }

    /// Integrates as many trajectories as there are states in `initial`, one after the other, each with its set of
    /// `constants`.
    ///
    /// # Errors
    /// [`Error::Setting`] for numbers that do not fit together, [`Error::Shader`] for a right-hand side that does not
    /// compile, [`Error::Limit`] for samples that do not fit into memory.
    pub fn integrate(&self, gpu: &Gpu, initial: &[f32], constants: &[f32]) -> Result<Solution> {
        let times = self.times()?;
        let trajectories = self.trajectories(initial, constants)?;
        match self.tolerance {
            None => fixed::integrate(self, gpu, &times, trajectories, initial, constants),
            Some(tolerance) => adaptive::integrate(self, gpu, &times, trajectories, initial, constants, tolerance),
        }
    }

    /// How many trajectories there are, all settings checked.
    fn trajectories(&self, initial: &[f32], constants: &[f32]) -> Result<usize> {
        let (name, integrator) = (&self.system.name, self.integrator.name());
        let (components, wide) = (self.system.components.len(), self.system.constants.len());
        let trajectories = initial.len() / components.max(1);
        if trajectories == 0 || initial.len() != trajectories * components {
            let remedy = format!("give a multiple of the {components} components of {name}");
            return Err(Error::setting("initial values", initial.len(), remedy));
        }
        if constants.len() != trajectories * wide {
            let remedy = format!("{trajectories} trajectories of {name} take {wide} each");
            return Err(Error::setting("constants", constants.len(), remedy));
        }
        if let Some(value) = initial.iter().chain(constants).find(|value| !value.is_finite()) {
            return Err(Error::setting("initial values and constants", value, "give finite numbers"));
        }
        if self.integrator.is_implicit() && components > MOST_IMPLICIT {
            let remedy = format!("it takes {MOST_IMPLICIT} components at most, {name} has {components}");
            return Err(Error::setting("integrator", integrator, remedy));
        }
        if self.every == 0 {
            return Err(Error::setting("every", 0, "give at least 1 step for a sample"));
        }
        if self.tolerance.is_some() && !self.integrator.estimates() {
            let name = Integrator::DormandPrince.name();
            let remedy = format!("{integrator} takes the steps that it is given: only {name} follows a tolerance");
            return Err(Error::setting("integrator", integrator, remedy));
        }
        Ok(trajectories)
    }

    /// The times and steps of the samples, nothing else.
    fn unsolved(&self, times: &[f64]) -> Solution {
        let slots = 1..=self.steps.div_ceil(self.every);
        let sampled = slots.map(|slot| slot.saturating_mul(self.every).min(self.steps));
        let sampled: Vec<u32> = std::iter::once(0).chain(sampled).collect();
        Solution { times: sampled.iter().map(|step| times[*step as usize]).collect(), sampled, ..Solution::default() }
    }

    /// The shader up to the kernel: state, system, integrator.
    fn pieces(&self) -> Result<Source> {
        let source = self
            .system
            .prelude()?
            .constant("WORKGROUP", WORKGROUP)
            .constant_f32("SMALL", SMALL)
            .piece(&self.system.name, &self.system.wgsl)?;
        let components = self.system.components.len() as u32;
        self.integrator.pieces().into_iter().try_fold(source, |all, (name, text)| match self.integrator.is_implicit() {
            // Matrices written out would be long.
            true => all.piece(name, text),
            false => all.piece(name, &unroll::unrolled(text, "COMPONENTS", components)),
        })
    }
}

/// A table of rows (trajectory) turned into rows of columns (trajectory), with as many columns as asked for: those on
/// top are copies of the first.
fn columns(rows: &[f32], width: usize, columns: usize) -> Vec<f32> {
    let trajectories = rows.len().checked_div(width).unwrap_or(0);
    let place = |trajectory: usize| if trajectory < trajectories { trajectory } else { 0 };
    (0..width * columns).map(|at| rows[place(at % columns) * width + at / columns]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_from_the_number_of_the_step() {
        let mut ode = Ode { steps: 5, end: 1e5, ..Ode::new(find("lorenz").unwrap()) };
        assert_eq!(ode.times().unwrap(), [0.0, 2e4, 4e4, 6e4, 8e4, 1e5]);
        ode.grid = Grid::Geometric(10.0);
        let times = ode.times().unwrap();
        assert_eq!((times[0], times[1], times[5]), (0.0, 10.0, 1e5));
        assert!((times[3] - 1e3).abs() < 1e-9 && times.len() == 6);
    }

    #[test]
    fn times_that_do_not_ascend_are_refused() {
        let usual = Ode::new(find("lorenz").unwrap());
        let refused = |ode: Ode| ode.times().unwrap_err().to_string();
        assert!(refused(Ode { steps: 0, ..usual.clone() }).contains("steps = 0"));
        assert!(refused(Ode { end: 0.0, ..usual.clone() }).contains("end = 0"));
        assert!(refused(Ode { end: f64::NAN, ..usual.clone() }).contains("end = NaN"));
        assert!(refused(Ode { grid: Grid::Geometric(0.0), ..usual.clone() }).contains("geometric:0"));
        assert!(refused(Ode { end: 1e-39, ..usual }).contains("length zero"));
    }
}
