//! The gradient of a formula, any formula: central differences on the device, two values for each coordinate.
//!
//! The step is `h = 1e-3 max(1, |x|)`. In `f32` the two values are off by a rounding each, which the division by 2h makes
//! about 1e-4 of the function's own size; what the difference leaves out, `h^2 / 6` of the third derivative, is less as
//! long as the function is no wilder than its coordinates.

use crate::gpu::{Bindings, Recording, Source, Threads};
use crate::population::{Context, Domain, Gradient, Points};
use crate::{Error, Result};

/// Operations that a coordinate of a formula takes, about: what a dispatch is measured by.
const PER_COORDINATE: f64 = 20.0;

/// Coordinates of one dispatch.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Rows {
    first: u32,
    count: u32,
}

/// Records the gradient of all candidates of the formula `source`.
pub(super) fn record(
    context: &Context,
    formula: &Source,
    domain: &Domain,
    points: &Points,
    gradient: &Gradient,
    recording: &mut Recording,
) -> Result<()> {
    gradient
        .slope
        .must_be_exact("a function has no layers and no outputs: take emulated, a swarm over its coordinates")?;
    let gpu = &context.gpu;
    let limit = gpu.loop_limit() / 2;
    if points.dims > limit {
        return Err(Error::Limit {
            what: format!("the gradient in {} coordinates by differences", points.dims),
            needed: format!("{} loop iterations in one invocation", 2 * u64::from(points.dims)),
            allowed: gpu.loop_limit().to_string(),
            remedy: "this software adapter ends longer loops without a word: use fewer --dims or a GPU".into(),
        });
    }
    let (wall_low, wall_high) = domain.walls();
    let source = points
        .source
        .renamed("fn at(", "fn unmoved_at(")
        .constant_f32("WALL_LOW", wall_low)
        .constant_f32("WALL_HIGH", wall_high)
        .join(formula)
        .piece("slope", include_str!("../../../shaders/objective/slope.wgsl"))?;
    let kernel = gpu.kernel("slope_of_formula", &source)?;
    let whole = 2.0 * PER_COORDINATE * f64::from(points.dims) * f64::from(points.stride);
    let count = ((gpu.work_limit() / whole) as u32).clamp(1, points.dims);
    for (chunk, into) in points.chunks.iter().zip(gradient.into) {
        recording.append(&chunk.fill);
        for first in (0..points.dims).step_by(count as usize) {
            let count = count.min(points.dims - first);
            let rows = gpu.uniform("rows", &Rows { first, count })?;
            let own = Bindings::new().with("slope_out", into.view()).with("slope_rows", rows.view());
            let bindings = chunk.bindings.clone().and(&context.clock).and(&own);
            recording.dispatch(gpu, &kernel, &bindings, Threads::Line(count * points.stride))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn rows_are_laid_out_as_in_the_shader() {
        let fields = [("first", offset_of!(Rows, first)), ("count", offset_of!(Rows, count))];
        let text = include_str!("../../../shaders/objective/slope.wgsl");
        same_layout(text, "SlopeRows", size_of::<Rows>(), &fields);
    }
}
