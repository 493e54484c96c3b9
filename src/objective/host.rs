//! An objective that is a Rust closure: candidates are read back, scored on the host, and their fitness is uploaded.

use crate::gpu::Recording;
use crate::population::{Context, Domain, Evaluation, HostCall, Objective, Points};
use crate::{Error, Result};

/// A closure from coordinates to a value; lower is better. Slow by nature: every generation crosses the bus twice.
pub struct HostFunction<F> {
    /// Number of coordinates.
    pub dims: u32,
    /// Where to search.
    pub domain: Domain,
    /// Scores one candidate.
    pub call: F,
}

impl<F: Fn(&[f32]) -> f32 + Clone + 'static> Objective for HostFunction<F> {
    fn dims(&self) -> u32 {
        self.dims
    }

    fn domain(&self) -> Domain {
        self.domain.clone()
    }

    fn bind(&self, _: &Context) -> Result<Box<dyn Evaluation>> {
        Ok(Box::new(HostEvaluation(self.call.clone())))
    }
}

struct HostEvaluation<F>(F);

impl<F: FnMut(&[f32]) -> f32> Evaluation for HostEvaluation<F> {
    fn score(&mut self, _: &Points, _: &mut Recording) -> Result<()> {
        Err(Error::Device("a host closure is not recorded: it is called between ask and tell".into()))
    }

    fn on_host(&mut self) -> Option<HostCall<'_>> {
        Some(&mut self.0)
    }
}
