//! What every bound optimizer shows of itself.

use super::{Points, Step};
use crate::gpu::{Buffer, Recording, View};

/// The buffers of a bound optimizer and what it records. By itself it is a [`Step`] whose generation is one ask, one
/// scoring, one tell; one whose generation is another holds it.
pub struct Bound {
    /// The candidates to score.
    pub points: Points,
    /// Positions whose fitness is carried from generation to generation.
    pub remembered: Option<Points>,
    /// The best position so far, one value a coordinate.
    pub best: Buffer<f32>,
    /// Its fitness, one value a block.
    pub best_fitness: Buffer<f32>,
    /// Draws the first positions.
    pub start: Recording,
    /// Moves to new positions; in generation 0 it leaves the first ones.
    pub ask: Recording,
    /// Draws the conclusions from the fitness of all candidates.
    pub tell: Recording,
    /// Brings the remembered positions up to date, where they lag behind.
    pub settle: Option<Recording>,
    /// What is to be recorded once the first positions are there, or others were restored.
    pub resume: Option<Recording>,
    /// Norms of the members' gradients, where they are measured.
    pub norms: Option<Buffer<f32>>,
    /// Everything a checkpoint must hold, under stable names.
    pub state: Vec<(String, View)>,
}

impl Bound {
    /// Of these candidates and this best position, remembering nothing, with nothing recorded yet.
    pub fn new(points: Points, best: Buffer<f32>, best_fitness: Buffer<f32>, state: Vec<(String, View)>) -> Self {
        let nothing = Recording::new;
        Self {
            points,
            remembered: None,
            best,
            best_fitness,
            start: nothing(),
            ask: nothing(),
            tell: nothing(),
            settle: None,
            resume: None,
            norms: None,
            state,
        }
    }
}

impl Step for Bound {
    fn bound(&self) -> &Self {
        self
    }
}
