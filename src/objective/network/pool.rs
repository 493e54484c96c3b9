//! Pooling of a population's pictures, there and back.

use super::product::Tile;
use super::stages::{Operation, Stage};
use crate::Result;
use crate::gpu::{Gpu, Kernel, Source, WORKGROUP};

/// Sizes of a pooling layer, as its kernels name them; `columns`: values of an input in rows that all candidates share.
fn constants(stage: &Stage, tile: Tile, padded_rows: u32, columns: Option<u32>) -> Source {
    let [lines, pixels, stride] = stage.window();
    let from = tile.padded(stage.from.count());
    Source::new()
        .constant("WORKGROUP", WORKGROUP)
        .constant("LINES", stage.from.height)
        .constant("PIXELS", stage.from.width)
        .constant("FROM_APART", if columns.is_some() { 0 } else { from * padded_rows })
        .constant("FROM_COLUMNS", columns.unwrap_or(padded_rows))
        .constant("FROM_ROWS", columns.is_some().into())
        .constant("TO_LINES", stage.to.height)
        .constant("TO_PIXELS", stage.to.width)
        .constant("TO_VALUES", tile.padded(stage.to.count()))
        .constant("WINDOW_LINES", lines)
        .constant("WINDOW_PIXELS", pixels)
        .constant("WINDOW_STRIDE", stride)
        .constant("PADDED_ROWS", padded_rows)
}

/// The kernel that pools.
pub(super) fn forward(gpu: &Gpu, stage: &Stage, tile: Tile, padded_rows: u32, columns: Option<u32>) -> Result<Kernel> {
    let source = constants(stage, tile, padded_rows, columns)
        .constant("VALUES", stage.to.count())
        .piece("pool", include_str!("../../../shaders/objective/network/pool.wgsl"))?;
    gpu.kernel(if matches!(stage.operation, Operation::Max(_)) { "largest" } else { "mean" }, &source)
}

/// The kernel that hands slopes down to what was pooled, and how many threads it has for a row of a candidate.
/// `activation`: of the layer below, as a piece.
pub(super) fn back(gpu: &Gpu, stage: &Stage, tile: Tile, padded_rows: u32, activation: &str) -> Result<(Kernel, u32)> {
    let [side, _, stride] = stage.window();
    let (down, across) = (stage.from.height.div_ceil(stride), stage.from.width.div_ceil(stride));
    let windows = stage.from.channels * down * across;
    let source = constants(stage, tile, padded_rows, None)
        .constant("FROM_VALUES", tile.padded(stage.from.count()))
        .constant("VALUES", stage.from.count())
        .constant("WINDOWS", windows)
        .constant("WINDOWS_DOWN", down)
        .constant("WINDOWS_ACROSS", across)
        .piece("activation", activation)?
        .piece("pool_slopes", include_str!("../../../shaders/objective/network/pool_slopes.wgsl"))?;
    let (entry, threads) = match stage.operation {
        Operation::Max(_) if side <= stride => ("to_largest_apart", windows),
        Operation::Max(_) => ("to_largest", stage.from.count()),
        _ => ("to_all", stage.from.count()),
    };
    Ok((gpu.kernel(entry, &source)?, threads))
}
