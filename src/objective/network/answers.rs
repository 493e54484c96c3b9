//! The outputs of a network on rows that stay, and their loss, at one position after another: what a prediction and a report
//! need, and a picture of what a network says that is drawn anew as it learns.

use super::batch::Batch;
use super::layered::{Answered, Layered};
use super::{Form, Network};
use crate::gpu::Gpu;
use crate::population::{Context, Objective, Points};
use crate::{Error, Result};

/// A network bound to its rows, to be asked for its outputs.
pub struct Answers {
    context: Context,
    points: Points,
    dims: u32,
    outputs: usize,
    padded_rows: usize,
    parts: Vec<Answered>,
}

impl Network {
    /// Binds it to be asked for its outputs on its rows.
    ///
    /// # Errors
    /// [`Error::Setting`] when the loss does not suit the labels; [`Error::Limit`] and [`Error::Device`] from the device.
    pub fn answers(&self, gpu: &Gpu) -> Result<Answers> {
        self.check_loss()?;
        let context = Context::resting(gpu)?;
        let whole = Self { batch: None, ..self.clone() };
        let batch = Batch::new(&context, &whole, Form::Layered)?;
        let layered = Layered::new(&context, &whole, &batch)?;
        let dims = self.dims();
        let points = Points::alone(&context, &vec![0.0; dims as usize], dims)?;
        let parts = layered.answers(&points, &batch)?;
        let (outputs, padded_rows) = (self.architecture.outputs as usize, layered.padded_rows as usize);
        Ok(Answers { context, points, dims, outputs, padded_rows, parts })
    }
}

impl Answers {
    /// Outputs before softmax or sigmoid, row after row, of the network at this position.
    ///
    /// # Errors
    /// [`Error::Setting`] when the position has not as many coordinates as the network; [`Error::Device`] from the
    /// device.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn at(&self, position: &[f32]) -> Result<Vec<f32>> {
        pollster::block_on(self.at_async(position))
    }

    /// [`Answers::at`] for callers that may not block.
    ///
    /// # Errors
    /// As [`Answers::at`].
    pub async fn at_async(&self, position: &[f32]) -> Result<Vec<f32>> {
        Ok(self.scored_at_async(position).await?.0)
    }

    /// The same, and the mean loss over the rows, in one forward pass.
    ///
    /// # Errors
    /// As [`Answers::at`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn scored_at(&self, position: &[f32]) -> Result<(Vec<f32>, f64)> {
        pollster::block_on(self.scored_at_async(position))
    }

    async fn scored_at_async(&self, position: &[f32]) -> Result<(Vec<f32>, f64)> {
        if position.len() != self.dims as usize {
            let remedy = format!("{} coordinates", self.dims);
            return Err(Error::setting("position", format!("{} values", position.len()), remedy));
        }
        self.points.place(&self.context, position);
        let (mut all, mut loss, mut rows) = (Vec::new(), 0.0, 0);
        for part in &self.parts {
            let found = self.context.gpu.run_async(&part.recording, &[part.logits.clone(), part.loss.clone()]).await?;
            let values: Vec<f32> = found.values(0);
            for row in 0..part.rows as usize {
                all.extend((0..self.outputs).map(|output| values[output * self.padded_rows + row]));
            }
            loss += f64::from(found.values::<f32>(1)[0]);
            rows += part.rows;
        }
        // What has no value counts as the worst, as it does on the device.
        let worst = f64::from(f32::MAX);
        Ok((all, if loss < worst { loss / f64::from(rows) } else { worst }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Activation, Architecture};
    use super::*;
    use crate::gpu::Pick;

    #[test]
    fn one_binding_answers_for_every_position_it_is_asked_about() {
        let Ok(gpu) = Gpu::open(&Pick::Best) else { return };
        let (hidden, activation) = (Vec::new(), Activation::Tanh);
        let architecture = Architecture { inputs: 2, hidden, outputs: 2, activation, pictures: None };
        let rows = [1.0, 2.0, -3.0, 0.5];
        let network = Network::new(architecture, &rows, &[0, 1]).unwrap();
        let answers = network.answers(&gpu).unwrap();
        let one = network.logits(&gpu, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]).unwrap();
        let other = network.logits(&gpu, &[0.0, 1.0, 0.0, 1.0, 0.0, 2.0]).unwrap();
        assert_ne!(one, other);
        assert_eq!(answers.at(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]).unwrap(), one);
        assert_eq!(answers.at(&[0.0, 1.0, 0.0, 1.0, 0.0, 2.0]).unwrap(), other);
        assert!(answers.at(&[0.0; 5]).unwrap_err().to_string().contains("6 coordinates"));
    }
}
