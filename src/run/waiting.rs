//! A run for callers that wait for the device: what [`Run`] has as `async`, and what only they need.

use pollster::block_on;

use super::{Clock, Report, Run, Stop};
use crate::gpu::{Recording, View};
use crate::population::{Context, Objective, WORST};
use crate::{Error, Result};

/// Everything a run needs to go on later, bit for bit as if it had not stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Buffers under stable names, as bytes.
    pub buffers: Vec<(String, Vec<u8>)>,
    /// Generations done.
    pub generation: u32,
}

impl Run {
    /// Keeps the device busy and waits for the oldest submission under way: a few dozen milliseconds of work.
    /// [`Report::stop`] says when there is no more to do.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub fn step(&mut self) -> Result<&Report> {
        block_on(self.step_async())
    }

    /// Runs exactly so many generations more, in one submission for every 1,024, unless the run stops before.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub fn advance(&mut self, generations: u32) -> Result<&Report> {
        block_on(self.advance_async(generations))
    }

    /// Runs to the end, showing each report to `watch`; `false` from it ends the run there.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub fn until_stopped(&mut self, mut watch: impl FnMut(&Report) -> bool) -> Result<&Report> {
        while self.report.stop.is_none() {
            self.step()?;
            if !watch(&self.report) {
                self.interrupt(Stop::Interrupted)?;
            }
        }
        Ok(&self.report)
    }

    /// Ends the run for a reason of the host's.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub fn interrupt(&mut self, stop: Stop) -> Result<()> {
        block_on(self.drain())?;
        self.report.stop.get_or_insert(stop);
        Ok(())
    }

    /// Moves to the next candidates and reads them: one after the other, [`Objective::dims`] values each. To be
    /// answered with [`Run::tell`].
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub fn ask(&mut self) -> Result<Vec<f32>> {
        block_on(self.ask_async())
    }

    /// Takes the fitness of the candidates that [`Run::ask`] gave, in their order. Lower is better; what is not finite
    /// counts as the worst.
    ///
    /// # Errors
    /// [`Error::Setting`] when the number of values is not the population; [`Error::Device`] from the device.
    pub fn tell(&mut self, fitness: &[f32]) -> Result<&Report> {
        block_on(self.tell_async(fitness))
    }

    /// The best position so far.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub fn best(&mut self) -> Result<Vec<f32>> {
        block_on(self.best_async())
    }

    /// The fitness of all candidates as the last generation scored them.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub fn fitness(&mut self) -> Result<Vec<f32>> {
        block_on(self.fitness_async())
    }

    /// Scores the candidates as they are now by another objective over the same coordinates.
    ///
    /// # Errors
    /// Those of [`Objective::bind`] and of the device.
    pub fn score(&mut self, objective: &dyn Objective) -> Result<Vec<f32>> {
        block_on(self.drain())?;
        // A clock of its own, which has not stopped.
        let context = Context { largest_chunk: self.context.largest_chunk, ..Context::resting(&self.gpu)? };
        let mut points = self.step.points().clone();
        points.fitness = self.gpu.upload("fitness", &vec![WORST; points.fitness.len() as usize])?;
        for chunk in &mut points.chunks {
            chunk.bindings = chunk.bindings.clone().with("fitness", points.fitness.view());
        }
        let mut recording = Recording::new();
        objective.bind(&context)?.score(&points, &mut recording)?;
        let mut fitness: Vec<f32> = self.gpu.run(&recording, &[points.fitness.view()])?.values(0);
        fitness.truncate(points.candidates as usize);
        Ok(fitness)
    }

    /// The coordinates of one candidate as it is now.
    ///
    /// # Errors
    /// [`Error::Setting`] when there is no such candidate; [`Error::Device`] from the device.
    pub fn member(&mut self, member: u32) -> Result<Vec<f32>> {
        block_on(self.drain())?;
        let points = self.step.points();
        let dims = points.dims as usize;
        let all = points.read(&self.context)?;
        let found = all.get(member as usize * dims..(member as usize + 1) * dims);
        found.map(<[f32]>::to_vec).ok_or_else(|| {
            Error::setting("member", member, format!("members are counted from 0 to {}", points.candidates - 1))
        })
    }

    /// Lets schedules run over so many generations from here on; for runs that time ends, whose generations nobody knows
    /// beforehand.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub fn stretch(&mut self, horizon: u32) -> Result<()> {
        block_on(self.drain())?;
        let mut clock = self.gpu.read::<Clock>(&self.clock.view())?[0];
        clock.horizon = horizon.clamp(1, self.limit.max(1));
        self.gpu.write(&self.clock.view(), &[clock]);
        Ok(())
    }

    /// The whole state, to go on from later.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        block_on(self.drain())?;
        let mut buffers = Vec::new();
        for (name, view) in self.state() {
            buffers.push((name, self.gpu.read::<u8>(&view)?));
        }
        Ok(Snapshot { buffers, generation: self.report.generation })
    }

    /// Goes back to a state that a run of the same description was in.
    ///
    /// # Errors
    /// [`Error::Setting`] when the snapshot is of another description; [`Error::Device`] from the device.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        block_on(self.drain())?;
        for (name, view) in self.state() {
            let found = snapshot.buffers.iter().find(|(known, _)| *known == name);
            match found {
                Some((_, bytes)) if bytes.len() as u64 == view.size => self.gpu.write(&view, bytes),
                _ => {
                    let remedy = "it is of another population, model or optimizer, or damaged";
                    return Err(Error::setting("checkpoint", name, remedy));
                }
            }
        }
        // The limit and the target are this run's own: they may have been raised.
        let mut clock = self.gpu.read::<Clock>(&self.clock.view())?[0];
        clock.limit = self.limit;
        clock.stopped = u32::from(clock.generation >= self.limit);
        self.gpu.write(&self.clock.view(), &[clock]);
        if let Some(resume) = self.step.resume() {
            self.gpu.submit(&[resume], &[])?;
        }
        self.submitted = clock.generation;
        self.report.generation = clock.generation;
        self.report.evaluations = u64::from(clock.generation) * self.per_generation;
        self.report.best = clock.best;
        self.report.stop = (clock.stopped != 0).then_some(self.end);
        Ok(())
    }

    fn state(&self) -> Vec<(String, View)> {
        let mut state = self.step.state().to_vec();
        state.push(("clock".into(), self.clock.view()));
        state
    }
}
