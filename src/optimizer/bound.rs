//! A bound optimizer whose generation is one ask, one scoring, one tell, each recorded once.

use crate::gpu::{Buffer, Recording, View};
use crate::population::{Points, Step};

/// What it is made of; the meaning of each is that of the method of [`Step`].
pub(super) struct Bound {
    pub(super) points: Points,
    pub(super) remembered: Option<Points>,
    pub(super) best: Buffer<f32>,
    pub(super) best_fitness: Buffer<f32>,
    pub(super) start: Recording,
    pub(super) ask: Recording,
    pub(super) tell: Recording,
    pub(super) settle: Option<Recording>,
    pub(super) state: Vec<(String, View)>,
}

impl Step for Bound {
    fn points(&self) -> &Points {
        &self.points
    }

    fn remembered(&self) -> Option<&Points> {
        self.remembered.as_ref()
    }

    fn best(&self) -> &Buffer<f32> {
        &self.best
    }

    fn best_fitness(&self) -> &Buffer<f32> {
        &self.best_fitness
    }

    fn start(&self) -> &Recording {
        &self.start
    }

    fn ask(&self) -> &Recording {
        &self.ask
    }

    fn tell(&self) -> &Recording {
        &self.tell
    }

    fn settle(&self) -> Option<&Recording> {
        self.settle.as_ref()
    }

    fn state(&self) -> Vec<(String, View)> {
        self.state.clone()
    }
}
