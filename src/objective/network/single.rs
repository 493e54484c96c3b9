//! One position of a network, scored or asked for its outputs: what a report and a prediction need.

use super::batch::Batch;
use super::layered::Layered;
use super::{Form, Network};
use crate::Result;
use crate::gpu::Gpu;
use crate::population::{Context, Objective, Points};

impl Network {
    /// Outputs before softmax or sigmoid, row after row, of the network at this position.
    ///
    /// # Errors
    /// Those of [`Network::answers`](Self::answers) and [`Answers::at`](super::Answers::at).
    pub fn logits(&self, gpu: &Gpu, position: &[f32]) -> Result<Vec<f32>> {
        self.answers(gpu)?.at(position)
    }

    /// Mean and variance of every channel of every norm of the network at this position, measured on rows of this one as
    /// [`Network::normalize_by`] does.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] and [`crate::Error::Device`] from the device.
    pub fn moments(&self, gpu: &Gpu, position: &[f32]) -> Result<Vec<f32>> {
        if self.architecture.norms().is_empty() {
            return Ok(Vec::new());
        }
        let context = Context::resting(gpu)?;
        // Of the rows to score with these moments there need be only one.
        let mut single = self.at_most(1);
        single.normalize_by(self);
        let batch = Batch::new(&context, &single, Form::Layered)?;
        let layered = Layered::new(&context, &single, &batch)?;
        layered.measured(&Points::alone(&context, position, self.dims())?)
    }

    /// Mean loss over all rows of the network at this position.
    ///
    /// # Errors
    /// As [`Network::logits`].
    pub fn mean_loss(&self, gpu: &Gpu, position: &[f32]) -> Result<f32> {
        Ok(self.answers(gpu)?.scored_at(position)?.1 as f32)
    }
}
