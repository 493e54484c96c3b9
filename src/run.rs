//! The loop: binds one objective to one optimizer, records a generation once, submits it again and again, stops.
//!
//! Two submissions are kept under way, so that the device has work while the host looks at the last result. The clock,
//! the history and the conditions to stop are on the device: what is computed does not depend on how many generations
//! go into a submission.
//!
//! What waits for the device is `async`, for browsers, where no one may block; `waiting` has the same for everyone else.

mod builder;
mod plan;
#[cfg(not(target_arch = "wasm32"))]
mod waiting;

use std::collections::VecDeque;

use web_time::Instant;

use crate::gpu::{Buffer, Gpu, Recording, Ticket};
use crate::population::{Context, Evaluation, Objective, Optimizer, Program, Step, WORST};
use crate::{Error, Result};
pub use builder::Builder;
#[cfg(not(target_arch = "wasm32"))]
pub use waiting::Snapshot;

/// Records kept on the device: generations of one submission at most.
const HISTORY: u32 = 1024;
/// Seconds of work that one submission aims at.
const SUBMISSION: f64 = 0.05;

/// The device's clock, as `clock.wgsl` lays it out.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
struct Clock {
    seed_low: u32,
    seed_high: u32,
    generation: u32,
    horizon: u32,
    limit: u32,
    stopped: u32,
    goal: f32,
    best: f32,
}

/// What a generation came to.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Record {
    /// Best fitness so far.
    pub best: f32,
    /// Lowest fitness of the generation.
    pub lowest: f32,
    /// Mean of its finite fitness values.
    pub mean: f32,
    /// Share of its candidates with a finite fitness, 0 to 1.
    pub share: f32,
    /// Mean norm of its gradients; 0 where they are not measured.
    pub norm: f32,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// All generations were run.
    Generations,
    /// Another generation would score more candidates than may be.
    Evaluations,
    /// The best fitness reached the target.
    Target,
    /// The time was up.
    Seconds,
    /// The user ended it.
    Interrupted,
}

/// How far a run has come.
#[derive(Clone, Debug)]
pub struct Report {
    /// Generations done.
    pub generation: u32,
    /// Candidates scored, remembered ones included.
    pub evaluations: u64,
    /// Best fitness so far.
    pub best: f32,
    /// Why it ended; none while it goes on.
    pub stop: Option<Stop>,
    /// One record a generation, from the first (of this process: a resumed run starts where it went on).
    pub history: Vec<Record>,
    /// Seconds since the first submission of this process.
    pub seconds: f64,
    /// Seconds of these in which the device was at work, where it has timestamps.
    pub device_seconds: Option<f64>,
}

/// An objective bound to an optimizer, with its clock.
pub struct Run {
    gpu: Gpu,
    step: Box<dyn Step>,
    evaluation: Box<dyn Evaluation>,
    clock: Buffer<Clock>,
    history: Buffer<Record>,
    program: Program,
    context: Context,
    seed: u64,
    tick: Recording,
    per_generation: u64,
    memory: u64,
    limit: u32,
    end: Stop,
    submitted: u32,
    batch: u32,
    under_way: VecDeque<(Ticket, u32)>,
    began: Option<Instant>,
    last: Option<Instant>,
    report: Report,
}

impl Run {
    /// A run of `optimizer` on `objective`, to be described further and started.
    #[expect(clippy::new_ret_no_self, reason = "a run is there only once its builder has started it")]
    pub fn new<'a>(gpu: &'a Gpu, objective: &'a dyn Objective, optimizer: &'a dyn Optimizer) -> Builder<'a> {
        Builder {
            gpu,
            objective,
            optimizer,
            members: 64,
            seed: 0,
            generations: 200,
            horizon: None,
            evaluations: None,
            target: -WORST,
            largest_chunk: u32::MAX,
            begin: None,
        }
    }

    /// How far it has come.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Candidates scored in a generation, remembered ones included.
    pub fn evaluations_per_generation(&self) -> u64 {
        self.per_generation
    }

    /// Bytes of device memory that its buffers take: data, candidates, scratch.
    pub fn device_memory(&self) -> u64 {
        self.memory
    }

    /// The device it runs on.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Generations after which it stops.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Keeps the device busy until the oldest submission under way is done: a few dozen milliseconds of work.
    /// [`Report::stop`] says when there is no more to do.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub async fn step_async(&mut self) -> Result<&Report> {
        if self.report.stop.is_some() {
            return Ok(&self.report);
        }
        if self.evaluation.on_host().is_some() {
            return self.advance_async(1).await;
        }
        while self.under_way.len() < 2 && self.submitted < self.limit {
            self.submit(self.batch.min(self.limit - self.submitted))?;
        }
        self.collect().await?;
        self.adapt();
        Ok(&self.report)
    }

    /// Runs exactly so many generations more, in one submission for every 1,024, unless the run stops before.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub async fn advance_async(&mut self, generations: u32) -> Result<&Report> {
        self.drain().await?;
        let mut left = generations.min(self.limit - self.submitted.min(self.limit));
        while left > 0 && self.report.stop.is_none() {
            if self.evaluation.on_host().is_some() {
                self.advance_on_host().await?;
                left -= 1;
                continue;
            }
            let batch = left.min(HISTORY);
            self.submit(batch)?;
            self.collect().await?;
            left -= batch;
        }
        Ok(&self.report)
    }

    /// Moves to the next candidates and reads them: one after the other, [`Objective::dims`] values each. To be
    /// answered with [`Run::tell_async`].
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub async fn ask_async(&mut self) -> Result<Vec<f32>> {
        self.drain().await?;
        self.began.get_or_insert_with(Instant::now);
        self.gpu.submit(&[self.step.ask()], &[])?;
        self.step.points().read_async(&self.context).await
    }

    /// Takes the fitness of the candidates that [`Run::ask_async`] gave, in their order. Lower is better; what is not
    /// finite counts as the worst.
    ///
    /// # Errors
    /// [`Error::Setting`] when the number of values is not the population; [`Error::Device`] from the device.
    pub async fn tell_async(&mut self, fitness: &[f32]) -> Result<&Report> {
        let points = self.step.points();
        if fitness.len() != points.candidates as usize {
            let remedy = format!("tell one value for each of the {} candidates", points.candidates);
            return Err(Error::setting("fitness", format!("{} values", fitness.len()), remedy));
        }
        let finite: Vec<f32> = fitness.iter().map(|f| if f.is_finite() { *f } else { WORST }).collect();
        self.gpu.write(&points.fitness.view(), &finite);
        let mut rest = self.step.tell().clone();
        rest.append(&self.tick);
        let ticket = self.gpu.submit(&[&rest], &[self.clock.view(), self.history.view()])?;
        self.submitted += 1;
        self.under_way.push_back((ticket, 1));
        self.collect().await?;
        Ok(&self.report)
    }

    /// The best position so far.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub async fn best_async(&mut self) -> Result<Vec<f32>> {
        self.drain().await?;
        self.gpu.read_async(&self.step.best().view()).await
    }

    /// The fitness of all candidates as the last generation scored them.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub async fn fitness_async(&mut self) -> Result<Vec<f32>> {
        self.drain().await?;
        let points = self.step.points();
        let mut fitness = self.gpu.read_async(&points.fitness.view()).await?;
        fitness.truncate(points.candidates as usize);
        Ok(fitness)
    }

    /// Lets everything under way finish.
    async fn drain(&mut self) -> Result<()> {
        while !self.under_way.is_empty() {
            self.collect().await?;
        }
        Ok(())
    }

    async fn advance_on_host(&mut self) -> Result<()> {
        let candidates = self.ask_async().await?;
        let dims = self.step.points().dims as usize;
        let fitness: Vec<f32> = match self.evaluation.on_host() {
            Some(call) => candidates.chunks(dims).map(call).collect(),
            None => return Ok(()),
        };
        self.tell_async(&fitness).await?;
        Ok(())
    }

    fn submit(&mut self, generations: u32) -> Result<()> {
        self.began.get_or_insert_with(Instant::now);
        let reads = [self.clock.view(), self.history.view()];
        let numbers = self.submitted..self.submitted + generations;
        let work: Vec<&Recording> =
            numbers.map(|number| &self.program.variants[(self.program.order)(self.seed, number)]).collect();
        let ticket = self.gpu.submit(&work, &reads)?;
        self.submitted += generations;
        self.under_way.push_back((ticket, generations));
        Ok(())
    }

    /// Takes the records of the oldest submission into the report, once it is done.
    async fn collect(&mut self) -> Result<()> {
        let Some((ticket, _)) = self.under_way.pop_front() else { return Ok(()) };
        let readback = self.gpu.wait_async(ticket).await?;
        let clock: Clock = readback.values(0)[0];
        let ring: Vec<Record> = readback.values(1);
        for generation in self.report.generation..clock.generation {
            self.report.history.push(ring[(generation % HISTORY) as usize]);
        }
        self.report.generation = clock.generation;
        self.report.evaluations = u64::from(clock.generation) * self.per_generation;
        self.report.best = clock.best;
        self.report.stop = match clock.stopped {
            0 => None,
            1 => Some(self.end),
            _ => Some(Stop::Target),
        };
        self.report.seconds = self.began.map_or(0.0, |began| began.elapsed().as_secs_f64());
        if let Some(seconds) = readback.device_seconds {
            *self.report.device_seconds.get_or_insert(0.0) += seconds;
        }
        Ok(())
    }

    /// Fits the number of generations of a submission to the time that the last one took.
    fn adapt(&mut self) {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now) {
            let took = now.duration_since(last).as_secs_f64().max(1e-6);
            let ideal = f64::from(self.batch) * SUBMISSION / took;
            self.batch = ideal.clamp(1.0, f64::from(self.batch * 2).min(f64::from(HISTORY))) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn clock_and_record_are_laid_out_as_in_the_shader() {
        let fields = [
            ("seed_low", offset_of!(Clock, seed_low)),
            ("seed_high", offset_of!(Clock, seed_high)),
            ("generation", offset_of!(Clock, generation)),
            ("horizon", offset_of!(Clock, horizon)),
            ("limit", offset_of!(Clock, limit)),
            ("stopped", offset_of!(Clock, stopped)),
            ("goal", offset_of!(Clock, goal)),
            ("best", offset_of!(Clock, best)),
        ];
        same_layout(include_str!("../shaders/lib/clock.wgsl"), "Clock", size_of::<Clock>(), &fields);
        let fields = [
            ("best", offset_of!(Record, best)),
            ("lowest", offset_of!(Record, lowest)),
            ("mean", offset_of!(Record, mean)),
            ("share", offset_of!(Record, share)),
            ("norm", offset_of!(Record, norm)),
        ];
        same_layout(include_str!("../shaders/run.wgsl"), "Record", size_of::<Record>(), &fields);
    }
}
