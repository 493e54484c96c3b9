//! How large a population this device carries: workloads of the engine over growing populations, measured against the
//! device's own limits.
//!
//! A [`Workload`] says what a generation is and what it must move and compute; [`Sweep`] measures it at one population
//! after another; [`Knee`] finds from where on more candidates are no faster; [`Limits`] are what the device can do at
//! most. Nothing here prints.

mod comparison;
mod knee;
mod limits;
mod network;
mod ode;
mod populations;
mod report;
mod row;
mod strategy;
mod swarm;
mod sweep;

use std::time::Instant;

use crate::gpu::{Gpu, Recording};
use crate::run::Run;
use crate::{Error, Result};
pub use comparison::{Pair, compared};
pub use knee::{Knee, knee, levels};
pub use limits::Limits;
pub use network::{Scoring, dense_network};
pub use populations::Populations;
pub use report::{Machine, Plan, Report, Swept, Told};
pub use row::{Row, Spread, spread};
pub use sweep::{Allowance, End, Event, LONGEST, Reason, Sweep, memory_allowed};

/// What can be swept, in the order in which it is: what compiles long and gains from more time comes last, since it has
/// what the others leave.
pub const WORKLOADS: [&Workload; 8] = [
    &network::TINY,
    &network::MEDIUM,
    &network::CONV,
    &ode::ODE,
    &strategy::OPENAI_ES,
    &swarm::PSO,
    &swarm::GWO,
    &strategy::ES,
];

/// Seconds of work in a submission that repeats generations: what the slowest watchdog bears many times over.
pub const SUBMISSION: f64 = 0.1;

/// Something that can be done for a population of any size.
#[derive(Debug)]
pub struct Workload {
    /// Its name on the command line.
    pub name: &'static str,
    /// What a generation is.
    pub about: &'static str,
    /// Where the numbers of [`Cost`] come from.
    pub counted: &'static str,
    /// The smallest population of a sweep that finds its own.
    pub first: u32,
    /// Whether candidates come in pairs.
    pub pairs: bool,
    cost: fn() -> Result<Cost>,
    bind: fn(&Gpu, u32) -> Result<Box<dyn Repeat>>,
}

/// What a candidate takes in a generation.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Cost {
    /// Bytes that it cannot do without moving between the device's memory and its kernels.
    pub bytes: f64,
    /// Multiplications and additions; functions such as tanh and the making of random numbers are not counted.
    pub operations: f64,
    /// Bytes of device memory that it occupies.
    pub memory: u64,
    /// Bytes that are occupied whatever the population.
    pub shared_memory: u64,
}

impl Cost {
    /// Bytes of device memory of so many candidates, an upper bound.
    pub fn memory_of(&self, population: u32) -> u64 {
        self.shared_memory + self.memory * u64::from(population.next_multiple_of(8) + 16)
    }
}

/// A workload bound to a device, for one size of the population.
trait Repeat {
    /// Does so many generations in one submission where it can; the seconds that they took ([`submitted`] says whose).
    fn repeat(&mut self, times: u32) -> Result<f64>;
}

impl Workload {
    /// The workload of this name.
    ///
    /// # Errors
    /// [`Error::Setting`] with the names there are.
    pub fn find(name: &str) -> Result<&'static Self> {
        WORKLOADS.into_iter().find(|workload| workload.name == name).ok_or_else(|| {
            let names: Vec<_> = WORKLOADS.iter().map(|workload| workload.name).collect();
            Error::setting("workload", name, format!("there is {}", names.join(", ")))
        })
    }

    /// What a candidate takes in a generation, from the shapes.
    ///
    /// # Errors
    /// None that a user can bring about.
    pub fn cost(&self) -> Result<Cost> {
        (self.cost)()
    }
}

/// How many repetitions of `once` seconds fill `seconds`, 1 to 1,024.
fn fitting(seconds: f64, once: f64) -> u32 {
    (seconds / once.max(1e-9)).clamp(1.0, 1024.0) as u32
}

/// Submits the commands so many times in one go: device seconds, or those of the wall clock where the device has no
/// timestamps.
///
/// # Errors
/// Those of the device.
pub fn submitted(gpu: &Gpu, recording: &Recording, times: u32) -> Result<f64> {
    let began = Instant::now();
    let ticket = gpu.submit(&vec![recording; times as usize], &[])?;
    let device = gpu.wait(ticket)?.device_seconds;
    Ok(device.unwrap_or_else(|| began.elapsed().as_secs_f64()))
}

/// How long so many generations of a run take, measured likewise.
///
/// # Errors
/// Those of the device.
pub fn elapsed(run: &mut Run, generations: u32) -> Result<f64> {
    let (before, began) = (run.report().device_seconds.unwrap_or(0.0), Instant::now());
    let device = run.advance(generations)?.device_seconds;
    Ok(device.map_or_else(|| began.elapsed().as_secs_f64(), |after| after - before))
}

/// Repeatable numbers in [-1, 1).
pub fn numbers(count: u32, seed: u32) -> Vec<f32> {
    let mixed = |i: u32| (i ^ seed.wrapping_mul(0x9E37_79B9)).wrapping_mul(2_654_435_761);
    (0..count).map(|i| (mixed(mixed(i) >> 15) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

/// Repeatable class numbers.
pub fn labels(rows: u32, classes: u32) -> Vec<u32> {
    (0..rows).map(|row| row.wrapping_mul(2_654_435_761) % classes).collect()
}

impl Repeat for Run {
    fn repeat(&mut self, times: u32) -> Result<f64> {
        elapsed(self, times)
    }
}
