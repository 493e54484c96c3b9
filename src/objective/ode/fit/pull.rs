//! The gradient of a fit by the weights of its network: backpropagation through time. The forward pass keeps the state
//! before every step; going back, each step is taken again from its own.

use super::{FitEvaluation, Integrator};
use crate::gpu::{Buffer, Kernel, Recording, Source, Threads};
use crate::objective::total::total;
use crate::population::{Gradient, Points};
use crate::{Error, Result};

/// The kernels, and what the forward pass keeps, a buffer of each kind for all chunks.
pub(super) struct Pull {
    forward: Kernel,
    back: Kernel,
    total: Kernel,
    states: Buffer<f32>,
    partial: Buffer<f32>,
    trail: Buffer<f32>,
    slopes: Buffer<f32>,
}

impl Pull {
    pub(super) fn new(fit: &FitEvaluation, points: &Points) -> Result<Self> {
        let gpu = &fit.context.gpu;
        let width = fit.fit.components();
        let text = match fit.fit.integrator {
            Integrator::Euler => include_str!("../../../../shaders/objective/ode/pull/euler.wgsl"),
            Integrator::Rk2 => include_str!("../../../../shaders/objective/ode/pull/rk2.wgsl"),
            Integrator::Rk4 => include_str!("../../../../shaders/objective/ode/pull/rk4.wgsl"),
            other => {
                let remedy = "gradients go back through euler, rk2 and rk4: take one of these, or an optimizer that \
                              needs no gradient, such as openai-es";
                return Err(Error::setting("integrator", other.name(), remedy));
            }
        };
        let source = fit.source(points, true)?;
        let source = fit.fit.field.pull(source, width, fit.times.0, fit.times.1)?;
        let back: Source = source
            .piece("pulled", text)?
            .piece("kept", include_str!("../../../../shaders/objective/ode/fit_kept.wgsl"))?
            .piece("fit", include_str!("../../../../shaders/objective/ode/fit.wgsl"))?
            .piece("fit_pull", include_str!("../../../../shaders/objective/ode/fit_pull.wgsl"))?;
        let sum = include_str!("../../../../shaders/objective/ode/fit_total.wgsl");
        let sum = fit.constants(points).piece("fit_total", sum)?;
        let columns = u64::from(points.stride) * u64::from(fit.segments);
        let steps = u64::from(fit.intervals * fit.fit.substeps + 1);
        Ok(Self {
            forward: gpu.kernel("follow", &fit.follower(points, true)?)?,
            back: gpu.kernel("pull_back", &back)?,
            total: gpu.kernel("total_slope", &sum)?,
            states: gpu.buffer("states", u64::from(width) * columns)?,
            partial: gpu.buffer("partial", columns)?,
            trail: gpu.buffer("trail", steps * u64::from(width) * columns)?,
            slopes: gpu.buffer("slopes", u64::from(points.dims) * columns)?,
        })
    }

    pub(super) fn record(
        &self,
        fit: &FitEvaluation,
        points: &Points,
        gradient: &Gradient,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = &fit.context.gpu;
        let own = fit
            .tables
            .clone()
            .with("states", self.states.view())
            .with("partial", self.partial.view())
            .with("trail", self.trail.view())
            .with("slope_rows", self.slopes.view());
        for (chunk, into) in points.chunks.iter().zip(gradient.into) {
            recording.append(&chunk.fill);
            let own = own.clone().with("slope_out", into.view());
            let bindings = chunk.bindings.clone().and(&fit.context.clock).and(&own);
            let threads = Threads::Line(chunk.members * fit.segments);
            for stretch in fit.stretches(chunk.members, (1, 1.0)) {
                let uniform = gpu.uniform("stretch", &stretch)?;
                recording.dispatch(gpu, &self.forward, &bindings.clone().with("stretch", uniform.view()), threads)?;
            }
            let counts = (fit.segments, fit.segments * fit.intervals * fit.counted);
            total(&fit.context, points, chunk, &own, counts, recording)?;
            // Forwards once more, and a layer's loop inside a loop.
            let widest = fit.fit.field.widest(fit.fit.components());
            for stretch in fit.stretches(chunk.members, (2 + 2 * widest, 4.0)).into_iter().rev() {
                let uniform = gpu.uniform("stretch", &stretch)?;
                recording.dispatch(gpu, &self.back, &bindings.clone().with("stretch", uniform.view()), threads)?;
            }
            recording.dispatch(gpu, &self.total, &bindings, Threads::Line(points.dims * points.stride))?;
        }
        Ok(())
    }
}
