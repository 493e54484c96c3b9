//! Batch norms of a population's pictures, there and back. Training goes by the moments of the batch at hand. For rows
//! that are asked about later the moments are measured once, on rows to learn from with the weights as they are then:
//! members of a population have no history of which averages could run.

use super::product::Tile;
use super::stages::{Operation, Stage};
use super::{Activation, Layer};
use crate::gpu::{Gpu, Kernel, Source, WORKGROUP};
use crate::{Error, Result};

/// What is added to a variance.
pub(crate) const EPSILON: f32 = 1e-5;

/// Where means and variances come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moments {
    /// The batch, and they are kept for the way back of the part.
    OfBatch,
    /// The batch, and they are kept for all candidates of a chunk.
    Kept,
    /// What was kept.
    Known,
}

/// Channels of all norms.
pub(super) fn channels(stages: &[Stage]) -> u32 {
    stages.iter().filter(|stage| stage.operation == Operation::Norm).map(|stage| stage.to.channels).sum()
}

/// A norm among the layers over pictures.
pub(super) struct Norm<'a> {
    pub(super) stages: &'a [Stage],
    /// Its number among these.
    pub(super) number: usize,
    pub(super) tile: Tile,
    pub(super) padded_rows: u32,
    /// Numbers of a candidate's laid out weights, and where those of this norm begin.
    pub(super) staged: (u32, u32),
    pub(super) moments: Moments,
}

impl Norm<'_> {
    fn stage(&self) -> &Stage {
        &self.stages[self.number]
    }

    /// Threads for a row of a candidate.
    pub(super) fn values(&self) -> u32 {
        self.stage().to.count()
    }

    fn constants(&self, gpu: &Gpu) -> Result<Source> {
        let (stage, (staged, offset)) = (self.stage(), self.staged);
        let pixels = stage.to.height * stage.to.width;
        let turns = 2 * u64::from(pixels) * u64::from(self.padded_rows) / u64::from(gpu.reduction_width());
        if turns > gpu.loop_limit().into() {
            return Err(Error::Limit {
                what: format!("a norm over {pixels} pixels of {} rows", self.padded_rows),
                needed: format!("{turns} turns of a loop"),
                allowed: gpu.loop_limit().to_string(),
                remedy: "a smaller --batch".into(),
            });
        }
        Ok(Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("REDUCE", gpu.reduction_width())
            .constant("PADDED_ROWS", self.padded_rows)
            .constant("CHANNELS", stage.to.channels)
            .constant("PIXELS", pixels)
            .constant("VALUES", self.tile.padded(stage.to.count()))
            .constant("STAGED", staged)
            .constant("OFFSET", offset)
            .constant("ALL_CHANNELS", channels(self.stages))
            .constant("FIRST_CHANNEL", channels(&self.stages[..self.number]))
            .constant("BY_CHUNK", (self.moments != Moments::OfBatch).into())
            .constant_f32("EPSILON", EPSILON))
    }

    /// What measures, if that is to be done, and what goes by it.
    pub(super) fn forward(&self, gpu: &Gpu, activation: Activation) -> Result<(Option<Kernel>, Kernel)> {
        let source = self
            .constants(gpu)?
            .constant("PADDED", self.tile.padded(self.stage().to.channels))
            .piece("activation", activation.wgsl())?
            .piece("norm", include_str!("../../../shaders/objective/network/norm.wgsl"))?;
        let measure = (self.moments != Moments::Known).then(|| gpu.kernel("measure", &source)).transpose()?;
        Ok((measure, gpu.kernel("normalize", &source)?))
    }

    /// The gradient of scales and shifts, and what hands slopes down to the layer below with this activation.
    pub(super) fn back(&self, gpu: &Gpu, layer: &Layer, stride: u32, below: Activation) -> Result<[Kernel; 2]> {
        let source = self
            .constants(gpu)?
            .constant("FIRST", layer.offset)
            .constant("STRIDE", stride)
            .piece("activation", below.wgsl())?
            .piece("norm_slopes", include_str!("../../../shaders/objective/network/norm_slopes.wgsl"))?;
        Ok([gpu.kernel("pull_norm", &source)?, gpu.kernel("hand_down_norm", &source)?])
    }
}
