//! What a run is made of, checked and bound.

use std::collections::VecDeque;

use super::{Clock, HISTORY, Record, Report, Run, Stop};
use crate::gpu::{Bindings, Gpu, Recording, Source, Threads, bytes};
use crate::population::{Begin, Context, Objective, Optimizer, Program, Shape, WORST};
use crate::{Error, Result};

/// What a run may be told beforehand; see [`Run::new`].
pub struct Builder<'a> {
    pub(super) gpu: &'a Gpu,
    pub(super) objective: &'a dyn Objective,
    pub(super) optimizer: &'a dyn Optimizer,
    pub(super) members: u32,
    pub(super) seed: u64,
    pub(super) generations: u32,
    pub(super) horizon: Option<u32>,
    pub(super) evaluations: Option<u64>,
    pub(super) target: f32,
    pub(super) largest_chunk: u32,
    pub(super) begin: Option<Vec<f32>>,
}

impl Builder<'_> {
    /// Candidates of a generation (default 64).
    #[must_use]
    pub fn members(mut self, members: u32) -> Self {
        self.members = members;
        self
    }

    /// Seed of all random numbers (default 0).
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Generations after which the run stops and over which schedules run (default 200).
    #[must_use]
    pub fn generations(mut self, generations: u32) -> Self {
        self.generations = generations;
        self
    }

    /// Generations over which schedules run, when not as many as there are.
    #[must_use]
    pub fn horizon(mut self, generations: u32) -> Self {
        self.horizon = Some(generations);
        self
    }

    /// Candidates that may be scored: whole generations up to so many, at least one.
    #[must_use]
    pub fn evaluations(mut self, evaluations: u64) -> Self {
        self.evaluations = Some(evaluations);
        self
    }

    /// Stops at a best fitness at or below this.
    #[must_use]
    pub fn target(mut self, target: f32) -> Self {
        self.target = target;
        self
    }

    /// Candidates that one buffer may hold at most. Results do not depend on it.
    #[must_use]
    pub fn largest_chunk(mut self, members: u32) -> Self {
        self.largest_chunk = members;
        self
    }

    /// Begins at this position, one value a coordinate: an evolution strategy has it for its first centre, a descent for
    /// the first position of every member, a swarm for that of its first member, a search by blocks for its vector.
    #[must_use]
    pub fn begin_at(mut self, position: &[f32]) -> Self {
        self.begin = Some(position.to_vec());
        self
    }

    /// Allocates, compiles, and draws the first positions.
    ///
    /// # Errors
    /// [`Error::Setting`] for a population of zero or settings out of range; [`Error::Limit`], with the largest
    /// population that fits, when memory does not suffice; [`Error::Shader`] and [`Error::Device`] from the device.
    pub fn start(self) -> Result<Run> {
        if self.members == 0 {
            return Err(Error::setting("population", 0, "there must be at least one candidate"));
        }
        if self.generations == 0 {
            return Err(Error::setting("generations", 0, "there must be at least one generation"));
        }
        if let Some(begin) = &self.begin {
            let dims = self.objective.dims();
            if begin.len() != dims as usize {
                let remedy = format!("a first position has one for each of the {dims} coordinates");
                return Err(Error::setting("begin", format!("{} values", begin.len()), remedy));
            }
            if let Some(value) = begin.iter().find(|value| !value.is_finite()) {
                return Err(Error::setting("begin", value, "the coordinates of a first position are finite"));
            }
        }
        self.optimizer.check()?;
        self.check_memory()?;
        let held = self.gpu.allocated();
        self.bind().map_err(|error| match error {
            Error::Limit { what, needed, allowed, remedy } if remedy == "a smaller population" => {
                let fits = self.fitting(self.gpu.allocated() - held);
                // What does not grow with the population: a smaller one is no help.
                let remedy = if fits < self.members.into() {
                    format!("--population {fits} would fit")
                } else {
                    "use a smaller model or another --device".into()
                };
                Error::Limit { what, needed, allowed, remedy }
            }
            other => other,
        })
    }

    /// Bytes of device memory that one candidate takes.
    fn candidate_bytes(&self) -> u64 {
        4 * u64::from(self.objective.dims()) * u64::from(self.optimizer.arrays()) + 16
    }

    /// The largest population that `available` bytes carry.
    fn fitting(&self, available: u64) -> u64 {
        (available / self.candidate_bytes() / 4 * 4).max(1)
    }

    /// Refuses a population that memory cannot hold before anything is allocated.
    fn check_memory(&self) -> Result<()> {
        let needed = self.candidate_bytes() * u64::from(self.members);
        match self.gpu.memory_left() {
            Some(left) if needed > left => Err(Error::Limit {
                what: format!("a population of {}", self.members),
                needed: bytes(needed),
                allowed: bytes(left),
                remedy: format!("--population {} would fit", self.fitting(left)),
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn bind(&self) -> Result<Run> {
        let gpu = self.gpu;
        let held = gpu.allocated();
        gpu.allocate_for("run");
        let clock = gpu.buffer::<Clock>("clock", 1)?;
        let history = gpu.buffer::<Record>("history", HISTORY.into())?;
        let context = Context {
            largest_chunk: self.largest_chunk,
            blockwise: self.optimizer.blockwise(),
            descends: self.optimizer.descends(),
            begin: self.begin.as_ref().map(|position| Begin::new(gpu, position)).transpose()?,
            ..Context::new(gpu, clock.view())
        };
        gpu.allocate_for("data");
        let mut evaluation = self.objective.bind(&context)?;
        if context.blockwise && evaluation.on_host().is_some() {
            let remedy = "a closure is called between ask and tell: search the whole vector, or write it in WGSL";
            return Err(Error::setting("search", "by blocks", remedy));
        }
        if context.descends && evaluation.on_host().is_some() {
            let remedy = "a closure has no gradient: take an optimizer that needs none, or write it in WGSL";
            return Err(Error::setting("optimizer", self.optimizer.name(), remedy));
        }
        let context = Context { changing: evaluation.changes(), ..context };
        let shape = Shape { blocks: 1, members: self.members, width: self.objective.dims() };
        gpu.allocate_for("optimizer");
        let mut step = self.optimizer.bind(&context, shape, &self.objective.domain())?;
        gpu.allocate_for("run");
        let candidates = step.points().fitness.len() as u32;
        let source = Source::new()
            .constant("REDUCE", gpu.reduction_width())
            .constant("HISTORY", HISTORY)
            .constant("CANDIDATES", step.points().candidates)
            .constant("CANDIDATE_QUADS", candidates / 4)
            .constant("NORMS", step.norms().map_or(0, |_| self.members))
            .piece("run", include_str!("../../shaders/run.wgsl"))?;
        let bindings = Bindings::new()
            .with("fitness", step.points().fitness.view())
            .with("best_fitness", step.best_fitness().view())
            .with("history", history.view())
            .with("norms", step.norms().map_or_else(|| gpu.upload("norms", &[0f32]), |norms| Ok(norms.clone()))?.view())
            .with("ticking", clock.view());
        let mut tick = Recording::new();
        tick.dispatch(gpu, &gpu.kernel("tick", &source)?, &bindings, Threads::Groups(1))?;

        gpu.allocate_for("evaluation");
        // A closure is called between ask and tell; nothing is recorded for it.
        let mut program = if evaluation.on_host().is_some() {
            let evaluations = u64::from(step.points().candidates);
            Program { variants: vec![Recording::new()], order: Box::new(|_, _| 0), evaluations }
        } else {
            step.record(evaluation.as_mut())?
        };
        program.variants.iter_mut().for_each(|generation| generation.append(&tick));
        let per_generation = program.evaluations;
        let affordable = self.evaluations.map_or(u64::MAX, |all| (all / per_generation).max(1));
        let limit = u64::from(self.generations).min(affordable) as u32;
        let horizon = self.horizon.unwrap_or(limit).min(limit).max(1);
        let now = Clock {
            seed_low: self.seed as u32,
            seed_high: (self.seed >> 32) as u32,
            generation: 0,
            horizon,
            limit,
            stopped: 0,
            goal: self.target,
            best: WORST,
        };
        gpu.write(&clock.view(), &[now]);
        gpu.submit(&[step.start()], &[])?;
        if let Some(resume) = step.resume() {
            gpu.submit(&[resume], &[])?;
        }
        let report = Report {
            generation: 0,
            evaluations: 0,
            best: WORST,
            stop: None,
            history: Vec::new(),
            seconds: 0.0,
            device_seconds: None,
        };
        Ok(Run {
            gpu: gpu.clone(),
            step,
            evaluation,
            clock,
            history,
            program,
            context,
            seed: self.seed,
            tick,
            per_generation,
            memory: gpu.allocated() - held,
            limit,
            end: if affordable < u64::from(self.generations) { Stop::Evaluations } else { Stop::Generations },
            submitted: 0,
            batch: 1,
            under_way: VecDeque::new(),
            began: None,
            last: None,
            report,
        })
    }
}
