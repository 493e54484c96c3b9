//! Where optimizer and objective meet: the population's shape, its buffers, and the traits that both sides see.

mod begin;
mod bound;
mod bounds;
mod node_noise;
mod output_swarm;
mod perturbed;
mod points;

use crate::Result;
use crate::gpu::{Bindings, Buffer, Gpu, Recording, View};
pub use begin::Begin;
pub use bound::Bound;
pub use bounds::Bounds;
pub use node_noise::NodeNoise;
pub use output_swarm::{Extent, Origin, OutputSwarm};
pub use perturbed::{Noise, Perturbed};
pub use points::{Blocks, Chunk, Columns, LowRank, Points, Structure};

/// Largest finite `f32`: a fitness that was never measured or was not finite. Same value as in `finite.wgsl`.
pub const WORST: f32 = f32::MAX;

/// How many candidates there are and what each is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Independent swarms, each over its own coordinates (1 for whole-vector search).
    pub blocks: u32,
    /// Candidates in each block.
    pub members: u32,
    /// Coordinates of each block.
    pub width: u32,
}

impl Shape {
    /// Coordinates of all blocks together.
    pub fn coordinates(&self) -> u32 {
        self.blocks * self.width
    }

    /// Members rounded up to whole quads, the unit of the elementwise kernels.
    pub fn padded(&self) -> u32 {
        self.members.next_multiple_of(4)
    }
}

/// Blocks of equal width, one after the other: the units of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// The first coordinate.
    pub offset: u32,
    /// How many blocks.
    pub blocks: u32,
    /// Coordinates of each.
    pub width: u32,
    /// Whether the last coordinate of a block is a bias, the others a row of a matrix.
    pub bias: bool,
    /// What one unit of a coordinate is worth to the objective: a weight is its coordinate times this.
    pub scale: f32,
}

/// Where the search takes place; the same interval for every coordinate.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// Lower end of the starting box.
    pub low: f32,
    /// Upper end of the starting box.
    pub high: f32,
    /// How first positions are drawn.
    pub start: Start,
    /// Whether positions are kept within the box.
    pub bounded: bool,
    /// The largest step per coordinate and generation that suits the objective, if it has an opinion: optimizers with
    /// a velocity take it as their default `vmax`.
    pub step: Option<f32>,
    /// How the coordinates hang together, in order; empty when nothing is known of it.
    pub groups: Vec<Group>,
}

/// How first positions are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Uniformly in the box.
    Uniform,
    /// Standard normal, whatever the box.
    Normal,
}

impl Domain {
    /// A box whose walls hold, filled uniformly at the start.
    pub fn boxed(low: f32, high: f32) -> Self {
        Self { low, high, start: Start::Uniform, bounded: true, step: None, groups: Vec::new() }
    }

    /// The interval positions are clamped to.
    pub fn walls(&self) -> (f32, f32) {
        if self.bounded { (self.low, self.high) } else { (-WORST, WORST) }
    }

    /// Standard deviation of a first coordinate: the unit in which step sizes are given.
    pub fn unit(&self) -> f32 {
        match self.start {
            Start::Normal => 1.0,
            Start::Uniform => (self.high - self.low) / 12f32.sqrt(),
        }
    }
}

/// What everything bound to one run shares.
#[derive(Clone)]
pub struct Context {
    /// The open device.
    pub gpu: Gpu,
    /// `clock`, bound by every kernel that draws random numbers or depends on the generation.
    pub clock: Bindings,
    /// Candidates that one buffer may hold at most; the binding limit may allow fewer.
    pub largest_chunk: u32,
    /// Whether a fitness holds only for the generation it was measured in ([`Evaluation::changes`]).
    pub changing: bool,
    /// Whether candidates will be blocks of a vector ([`Optimizer::blockwise`]).
    pub blockwise: bool,
    /// Whether gradients will be asked for ([`Optimizer::descends`]).
    pub descends: bool,
    /// Where to begin, if not anywhere.
    pub begin: Option<Begin>,
}

impl Context {
    /// Of whole vectors, scored alike in all generations, with this clock.
    pub fn new(gpu: &Gpu, clock: View) -> Self {
        let clock = Bindings::new().with("clock", clock);
        Self {
            gpu: gpu.clone(),
            clock,
            largest_chunk: u32::MAX,
            changing: false,
            blockwise: false,
            descends: false,
            begin: None,
        }
    }

    /// The same with a clock that stands still in generation 0.
    ///
    /// # Errors
    /// [`Error::Limit`](crate::Error::Limit) when memory runs out.
    pub fn resting(gpu: &Gpu) -> Result<Self> {
        Ok(Self::new(gpu, gpu.upload("clock", &[0u32; 8])?.view()))
    }
}

/// What is optimized: a description; [`Objective::bind`] gives it buffers.
pub trait Objective {
    /// Number of coordinates.
    fn dims(&self) -> u32;
    /// Where to search.
    fn domain(&self) -> Domain;
    /// Compiles the kernels and uploads what they read.
    ///
    /// # Errors
    /// Whatever keeps the objective from running on this device.
    fn bind(&self, context: &Context) -> Result<Box<dyn Evaluation>>;
}

/// Where the slopes of the loss inside an objective come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Slope {
    /// At the outputs from the loss itself, handed down from there.
    Exact,
    /// At the outputs from a swarm that looks for better ones, handed down from there.
    Swarm(OutputSwarm),
    /// At every layer from the losses of passes with noise in what it takes in; nothing is handed down through weights.
    Nodes(NodeNoise),
}

impl Slope {
    /// What is wrong with any but the first, where an objective has nothing else: `remedy` says what it has.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) naming the estimate.
    pub fn must_be_exact(&self, remedy: &str) -> Result<()> {
        let estimate = match self {
            Self::Exact => return Ok(()),
            Self::Swarm(_) => "swarm",
            Self::Nodes(_) => "nodes",
        };
        Err(crate::Error::setting("estimate", estimate, remedy))
    }
}

/// What is wanted of [`Evaluation::differentiate`].
pub struct Gradient<'a> {
    /// Where it begins.
    pub slope: &'a Slope,
    /// Where it goes: one buffer for each chunk, laid out as its positions; per unit of what the coordinates are worth
    /// ([`Group::scale`]).
    pub into: &'a [Buffer<f32>],
    /// The first group whose gradient is wanted; those before it are left as they are.
    pub from: usize,
    /// The first group that has moved since the last call of this generation; 0 for the first call. What the groups
    /// before it came to is not computed again.
    pub moved: usize,
    /// Whether another call of this generation will come back to what this one computes.
    pub keep: bool,
}

/// Scores one candidate on the host.
pub type HostCall<'a> = &'a mut dyn FnMut(&[f32]) -> f32;

/// A bound objective.
pub trait Evaluation {
    /// Records what is to be done once a generation before any scoring (drawing a batch).
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) when a kernel lacks a buffer.
    fn prepare(&mut self, recording: &mut Recording) -> Result<()> {
        let _ = recording;
        Ok(())
    }

    /// Records "score every candidate": writes one finite fitness for each.
    ///
    /// # Errors
    /// Whatever keeps these points from being scored on this device.
    fn score(&mut self, points: &Points, recording: &mut Recording) -> Result<()>;

    /// Records "score every candidate, and write the gradient of its fitness".
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) where there is no gradient; whatever keeps these points from being
    /// scored on this device.
    fn differentiate(&mut self, points: &Points, gradient: &Gradient, recording: &mut Recording) -> Result<()> {
        let _ = (points, gradient, recording);
        let remedy = "this objective has no gradient: take one that needs none, such as pso, gwo or openai-es";
        Err(crate::Error::setting("optimizer", "one that goes down a gradient", remedy))
    }

    /// Whether a fitness holds only for the generation it was measured in (mini-batches): remembered positions are
    /// then scored again every generation.
    fn changes(&self) -> bool {
        false
    }

    /// Records "score this vector, of which blocks are searched", and brings up to date what is kept of it to score
    /// its blocks by. `changed`: the blocks that may have changed since; none for all.
    ///
    /// # Errors
    /// Whatever keeps it from being scored on this device.
    fn refresh(&mut self, vector: &Points, changed: Option<&Points>, recording: &mut Recording) -> Result<()> {
        let _ = changed;
        self.score(vector, recording)
    }

    /// Records "score these on the rows held out for choosing", if there are any.
    ///
    /// # Errors
    /// Whatever keeps them from being scored on this device.
    fn validate(&mut self, points: &Points, recording: &mut Recording) -> Result<bool> {
        let _ = (points, recording);
        Ok(false)
    }

    /// A closure that scores one candidate on the host, in place of [`Evaluation::score`].
    fn on_host(&mut self) -> Option<HostCall<'_>> {
        None
    }
}

/// How positions move: a description; [`Optimizer::bind`] gives it buffers.
pub trait Optimizer: std::fmt::Debug {
    /// The name on the command line.
    fn name(&self) -> &'static str;
    /// All settings with their values.
    fn settings(&self) -> serde_json::Value;
    /// Arrays of the population's size that it keeps: the memory it takes.
    fn arrays(&self) -> u32;
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) naming the setting, its value and what is allowed.
    fn check(&self) -> Result<()>;
    /// Whether it searches blocks of the vector in the context of the others.
    fn blockwise(&self) -> bool {
        false
    }
    /// Whether it can search blocks: it moves members, each block's by themselves.
    fn moves_blocks(&self) -> bool {
        true
    }
    /// Whether it goes down the gradient of the objective: every member is a run of its own then.
    fn descends(&self) -> bool {
        false
    }
    /// The settings in which members differ, as this member of so many has them.
    fn differing(&self, member: u32, members: u32) -> Vec<(&'static str, f32)> {
        let _ = (member, members);
        Vec::new()
    }
    /// How often a layer of one network is moved in so many generations, all of its `layers` counted; none where that
    /// says nothing of the work.
    fn layer_updates(&self, layers: u32, generations: u32) -> Option<u64> {
        let _ = (layers, generations);
        None
    }
    /// Allocates the population and compiles the kernels.
    ///
    /// # Errors
    /// Whatever keeps a population of this shape from running on this device.
    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>>;
}

/// A bound optimizer. A generation is `ask`, scoring, `tell`, unless it records another.
pub trait Step {
    /// Its buffers and recordings; the methods below are short for those that are asked for often.
    fn bound(&self) -> &Bound;

    /// The candidates to score.
    fn points(&self) -> &Points {
        &self.bound().points
    }

    /// Positions whose fitness is carried from generation to generation.
    fn remembered(&self) -> Option<&Points> {
        self.bound().remembered.as_ref()
    }

    /// The best position so far, one value a coordinate.
    fn best(&self) -> &Buffer<f32> {
        &self.bound().best
    }

    /// Its fitness, one value a block.
    fn best_fitness(&self) -> &Buffer<f32> {
        &self.bound().best_fitness
    }

    /// Draws the first positions.
    fn start(&self) -> &Recording {
        &self.bound().start
    }

    /// Moves to new positions; in generation 0 it leaves the first ones.
    fn ask(&self) -> &Recording {
        &self.bound().ask
    }

    /// Draws the conclusions from the fitness of all candidates.
    fn tell(&self) -> &Recording {
        &self.bound().tell
    }

    /// Everything a checkpoint must hold, under stable names.
    fn state(&self) -> &[(String, View)] {
        &self.bound().state
    }

    /// Brings the remembered positions up to date, where they lag behind.
    fn settle(&self) -> Option<&Recording> {
        self.bound().settle.as_ref()
    }

    /// What is to be recorded once the first positions are there, or others were restored.
    fn resume(&self) -> Option<&Recording> {
        self.bound().resume.as_ref()
    }

    /// Norms of the members' gradients, where they are measured.
    fn norms(&self) -> Option<&Buffer<f32>> {
        self.bound().norms.as_ref()
    }

    /// The commands of a generation, the clock excepted.
    ///
    /// # Errors
    /// Whatever keeps these points from being scored on this device.
    fn record(&mut self, evaluation: &mut dyn Evaluation) -> Result<Program> {
        let mut generation = self.ask().clone();
        evaluation.prepare(&mut generation)?;
        evaluation.score(self.points(), &mut generation)?;
        let mut evaluations = u64::from(self.points().candidates);
        if let Some(remembered) = self.remembered().filter(|_| evaluation.changes()) {
            evaluation.score(remembered, &mut generation)?;
            evaluations += u64::from(remembered.candidates);
        }
        generation.append(self.tell());
        Ok(Program { variants: vec![generation], order: Box::new(|_, _| 0), evaluations })
    }
}

/// Which kind a generation is of, from the run's seed and its number.
pub type Order = Box<dyn Fn(u64, u32) -> usize>;

/// What the generations of a run consist of.
pub struct Program {
    /// The kinds of generations there are.
    pub variants: Vec<Recording>,
    /// Which kind a generation is of, from the run's seed and its number.
    pub order: Order,
    /// Candidates scored in a generation.
    pub evaluations: u64,
}
