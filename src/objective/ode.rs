//! Systems of ordinary differential equations, integrated on the device: one thread for each trajectory, its state in
//! registers. Long integrations are cut into dispatches; the time of a step comes from its number and is never summed up.

mod field;
mod fit;
mod integrator;
mod observed;
mod system;

use crate::gpu::{Bindings, Gpu, Recording, Source, Threads, View, WORKGROUP};
use crate::{Error, Result};
pub use field::{Field, NeuralField, Parameter};
pub use fit::{Deviation, Fit, Time};
pub use integrator::Integrator;
pub use observed::Observed;
pub use system::{SYSTEMS, System, find};

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
}

/// What came of an integration.
#[derive(Clone, Debug)]
pub struct Solution {
    /// Time of the start, then of every sample.
    pub times: Vec<f64>,
    /// Step of the start, 0, then of every sample.
    sampled: Vec<u32>,
    components: usize,
    trajectories: usize,
    /// Tables of rows (component) and columns (trajectory).
    values: Vec<f32>,
    /// The step at which a trajectory ceased to be finite, or 0.
    lost: Vec<u32>,
    /// The time after that step.
    lost_times: Vec<f64>,
}

/// `Part` of `integrate.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Part {
    first: u32,
    count: u32,
    every: u32,
    steps: u32,
    trajectories: u32,
}

impl<'a> Ode<'a> {
    /// The system as it is usually integrated, with a sample after every step.
    pub fn new(system: &'a System) -> Self {
        let (integrator, grid) = match system.first {
            Some(first) => (system::STIFF, Grid::Geometric(first)),
            None => (Integrator::Rk4, Grid::Uniform),
        };
        Self { system, integrator, grid, steps: system.steps, end: system.end, every: 1 }
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

    /// The shader: state, system, integrator, kernel.
    ///
    /// # Errors
    /// [`Error::Shader`] when an import is unknown.
    pub fn source(&self) -> Result<Source> {
        let system = self.system;
        let source = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("COMPONENTS", system.components.len() as u32)
            .constant("CONSTANTS", system.constants.len().max(1) as u32)
            .constant_f32("SMALL", SMALL)
            .piece("state", include_str!("../../shaders/objective/ode/state.wgsl"))?
            .piece(system.name, system.wgsl)?;
        let source =
            self.integrator.pieces().into_iter().try_fold(source, |all, (name, text)| all.piece(name, text))?;
        source.piece("integrate", include_str!("../../shaders/objective/ode/integrate.wgsl"))
    }

    /// Integrates one trajectory from the system's own start with its own constants.
    ///
    /// # Errors
    /// As [`Ode::integrate`].
    pub fn solve(&self, gpu: &Gpu) -> Result<Solution> {
        let constants: Vec<f32> = self.system.constants.iter().map(|(_, value)| *value).collect();
        self.integrate(gpu, self.system.initial, &constants)
    }

    /// Integrates as many trajectories as there are states in `initial`, one after the other, each with its set of
    /// `constants`.
    ///
    /// # Errors
    /// [`Error::Setting`] for numbers that do not fit together, [`Error::Shader`] for a right-hand side that does not
    /// compile, [`Error::Limit`] for samples that do not fit into memory.
    pub fn integrate(&self, gpu: &Gpu, initial: &[f32], constants: &[f32]) -> Result<Solution> {
        let (components, wide) = (self.system.components.len(), self.system.constants.len());
        let trajectories = initial.len() / components.max(1);
        if trajectories == 0 || initial.len() != trajectories * components {
            let remedy = format!("give a multiple of the {components} components of {}", self.system.name);
            return Err(Error::setting("initial values", initial.len(), remedy));
        }
        if constants.len() != trajectories * wide {
            let remedy = format!("{trajectories} trajectories of {} take {wide} each", self.system.name);
            return Err(Error::setting("constants", constants.len(), remedy));
        }
        if let Some(value) = initial.iter().chain(constants).find(|value| !value.is_finite()) {
            return Err(Error::setting("initial values and constants", value, "give finite numbers"));
        }
        if self.integrator.is_implicit() && components > MOST_IMPLICIT {
            let remedy = format!("it takes {MOST_IMPLICIT} components at most, {} has {components}", self.system.name);
            return Err(Error::setting("integrator", self.integrator.name(), remedy));
        }
        if self.every == 0 {
            return Err(Error::setting("every", 0, "give at least 1 step for a sample"));
        }
        let (times, kernel) = (self.times()?, gpu.kernel("integrate", &self.source()?)?);
        let table: Vec<[f32; 2]> = times.windows(2).map(|pair| [pair[0] as f32, (pair[1] - pair[0]) as f32]).collect();
        let slots = self.steps.div_ceil(self.every);
        let columns = |rows: &[f32], width: usize| -> Vec<f32> {
            (0..width * trajectories).map(|at| rows[at % trajectories * width + at / trajectories]).collect()
        };
        let values = u64::from(slots) * initial.len() as u64;
        let states = gpu.upload("states", &columns(initial, components))?;
        let samples = gpu.buffer::<f32>("samples of trajectories", values)?;
        let lost = gpu.buffer::<u32>("lost trajectories", trajectories as u64)?;
        let bindings = Bindings::new()
            .with("steps", gpu.upload("steps", &table)?.view())
            .with("constant_rows", gpu.upload("constants", &columns(constants, wide))?.view())
            .with("states", states.view())
            .with("samples", samples.view())
            .with("lost", lost.view());
        let parts = self.parts(gpu, trajectories as u32);
        let mut rows = vec![0u32; parts.len() * PART_STRIDE];
        for (row, part) in rows.chunks_exact_mut(PART_STRIDE).zip(&parts) {
            let words: &[u32] = bytemuck::cast_slice(std::slice::from_ref(part));
            row[..words.len()].copy_from_slice(words);
        }
        let rows = gpu.upload("parts", &rows)?;
        let view = |index: usize| -> View { rows.part((index * PART_STRIDE) as u64, (size_of::<Part>() / 4) as u64) };
        let indices: Vec<usize> = (0..parts.len()).collect();
        for batch in indices.chunks(SUBMITTED) {
            let mut recording = Recording::new();
            for &index in batch {
                let bindings = bindings.clone().with("part", view(index));
                recording.dispatch(gpu, &kernel, &bindings, Threads::Line(trajectories as u32))?;
            }
            gpu.run(&recording, &[])?;
        }
        let read = gpu.run(&Recording::new(), &[samples.view(), lost.view()])?;
        let lost: Vec<u32> = read.values(1);
        let mut all = columns(initial, components);
        all.extend(read.values::<f32>(0));
        let sampled: Vec<u32> =
            std::iter::once(0).chain((1..=slots).map(|slot| slot.saturating_mul(self.every).min(self.steps))).collect();
        Ok(Solution {
            times: sampled.iter().map(|step| times[*step as usize]).collect(),
            sampled,
            components,
            trajectories,
            values: all,
            lost_times: lost.iter().map(|step| times[*step as usize]).collect(),
            lost,
        })
    }

    /// The steps cut into dispatches that stay below the adapter's limits of loops and of time.
    fn parts(&self, gpu: &Gpu, trajectories: u32) -> Vec<Part> {
        let loops = self.integrator.loops(self.system.components.len() as u32);
        let by_loops = gpu.loop_limit() / loops;
        // About ten operations in each round of a loop.
        let by_time = gpu.work_limit() / (10.0 * f64::from(loops) * f64::from(trajectories));
        let most = by_loops.min(by_time as u32).max(1);
        let part = |first| Part {
            first,
            count: most.min(self.steps - first),
            every: self.every,
            steps: self.steps,
            trajectories,
        };
        (0..self.steps).step_by(most as usize).map(part).collect()
    }
}

impl Solution {
    /// The state of a trajectory at a sample, where it was still finite.
    pub fn state(&self, sample: usize, trajectory: usize) -> Option<Vec<f32>> {
        let alive = self.lost[trajectory] == 0 || self.sampled[sample] < self.lost[trajectory];
        let at = |i| self.values[(sample * self.components + i) * self.trajectories + trajectory];
        alive.then(|| (0..self.components).map(at).collect())
    }

    /// The last state of a trajectory, unless it ceased to be finite.
    pub fn end(&self, trajectory: usize) -> Option<Vec<f32>> {
        self.state(self.times.len() - 1, trajectory)
    }

    /// The time at which a trajectory was no longer finite.
    pub fn lost(&self, trajectory: usize) -> Option<f64> {
        (self.lost[trajectory] != 0).then(|| self.lost_times[trajectory])
    }

    /// Number of trajectories.
    pub fn trajectories(&self) -> usize {
        self.trajectories
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn parts_lie_as_the_shader_reads_them() {
        let fields = [
            ("first", offset_of!(Part, first)),
            ("count", offset_of!(Part, count)),
            ("every", offset_of!(Part, every)),
            ("steps", offset_of!(Part, steps)),
            ("trajectories", offset_of!(Part, trajectories)),
        ];
        let text = include_str!("../../shaders/objective/ode/integrate.wgsl");
        crate::gpu::same_layout(text, "Part", size_of::<Part>(), &fields);
    }

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
