//! Runs of a method on a function, each until it is there.

use super::{Goal, Reached, suited};
use crate::Result;
use crate::config::Config;
use crate::gpu::Gpu;
use crate::population::Objective as _;
use crate::run::{Run, Stop};

impl Goal {
    /// Runs a method, as [`Goal::apply`] has it, with seeds from 1 to `seeds` until each is there or its generations are over; none where `go_on`
    /// said no before that.
    ///
    /// A descent draws nothing but its first point. So its seeds are the members of one run, with the first points
    /// that a swarm of seed 1 would have.
    ///
    /// # Errors
    /// Those of [`Goal::formula`] and of the device.
    pub fn measure(
        &self,
        gpu: &Gpu,
        config: &Config,
        method: &str,
        seeds: u32,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Option<Vec<Reached>>> {
        let (formula, optimum) = (self.formula()?, self.optimum()?);
        let config = suited(config, &formula.domain())?;
        let optimizer = config.build_optimizer()?;
        let (generations, horizon) = config.span();
        let builder = |members| {
            Run::new(gpu, &formula, optimizer.as_ref()).members(members).generations(generations).horizon(horizon)
        };
        if optimizer.descends() {
            let run = builder(seeds).seed(1).start()?;
            return self.descents(run, method, optimum, go_on);
        }
        let mut all = Vec::new();
        for seed in 1..=u64::from(seeds) {
            let target = (optimum + self.tolerance) as f32;
            let mut run = builder(config.members()).seed(seed).target(target).start()?;
            let report = run.until_stopped(|_| go_on())?;
            if report.stop == Some(Stop::Interrupted) {
                return Ok(None);
            }
            let gap = |best: f32| (f64::from(best) - optimum).abs();
            let there = report.history.iter().position(|record| gap(record.best) < self.tolerance);
            all.push(Reached {
                method: method.into(),
                seed,
                iterations: there.map(|index| index as u32),
                gap: gap(there.map_or(report.best, |index| report.history[index].best)),
                evaluations: report.evaluations,
            });
        }
        Ok(Some(all))
    }

    /// All members of a descent, a seed each.
    fn descents(
        &self,
        mut run: Run,
        method: &str,
        optimum: f64,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Option<Vec<Reached>>> {
        let mut all: Vec<Reached> = Vec::new();
        while run.report().stop.is_none() && all.iter().any(|one| one.iterations.is_none()) | all.is_empty() {
            if !go_on() {
                return Ok(None);
            }
            let generation = run.advance(1)?.generation;
            let gaps: Vec<f64> = run.fitness()?.iter().map(|value| (f64::from(*value) - optimum).abs()).collect();
            if all.is_empty() {
                let first = |(index, gap): (usize, &f64)| {
                    let seed = index as u64 + 1;
                    Reached { method: method.into(), seed, iterations: None, gap: *gap, evaluations: 0 }
                };
                all = gaps.iter().enumerate().map(first).collect();
            }
            for (one, gap) in all.iter_mut().zip(gaps).filter(|(one, _)| one.iterations.is_none()) {
                one.gap = one.gap.min(gap);
                one.iterations = (gap < self.tolerance).then_some(generation - 1);
                one.evaluations = generation.into();
            }
        }
        Ok(Some(all))
    }
}
