//! Sums of two pictures of one size, there and back: how a block ends.

use super::product::Tile;
use super::stages::Stage;
use crate::Result;
use crate::gpu::{Gpu, Kernel, Source, WORKGROUP};

fn constants(stage: &Stage, tile: Tile, padded_rows: u32) -> Source {
    Source::new()
        .constant("WORKGROUP", WORKGROUP)
        .constant("UNITS", tile.padded(stage.to.count()))
        .constant("COLUMNS", padded_rows)
}

/// The kernel that adds; `activation`: what becomes of a sum, as a piece.
pub(super) fn forward(gpu: &Gpu, stage: &Stage, tile: Tile, padded_rows: u32, activation: &str) -> Result<Kernel> {
    let source = constants(stage, tile, padded_rows)
        .piece("activation", activation)?
        .piece("sum_of_two", include_str!("../../../shaders/objective/network/sum.wgsl"))?;
    gpu.kernel("add", &source)
}

/// The kernel that hands slopes to one term; `activation`: of the stage that it came from, as a piece.
pub(super) fn back(gpu: &Gpu, stage: &Stage, tile: Tile, padded_rows: u32, activation: &str) -> Result<Kernel> {
    let source = constants(stage, tile, padded_rows)
        .piece("activation", activation)?
        .piece("sum_slopes", include_str!("../../../shaders/objective/network/sum_slopes.wgsl"))?;
    gpu.kernel("hand_on", &source)
}
