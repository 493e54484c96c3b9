//! How the noise of a strategy falls over the run: the schedule of its standard deviation.

use super::decay::Decay;
use super::rule::{Rule, Setting};
use super::within;
use crate::Result;
use crate::gpu::Source;

/// What is left of the noise at least, whatever the schedule says.
pub const SMALLEST_SHARE: f32 = 1e-6;

/// The settings of a strategy whose noise has a schedule.
pub(super) const SETTINGS: [Setting; 3] = [
    ("sigma", "standard deviation of the noise, in standard deviations of a first coordinate"),
    (
        "sigma_decay",
        "how sigma falls over the run: constant, linear, cosine, step (by step_factor every step_every, as the rate), or a \
         WGSL expression as that of decay",
    ),
    ("sigma_end", "share of sigma that is left at the end (linear, cosine)"),
];

/// The standard deviation of a strategy's noise, in units of the domain.
pub(super) struct Sigma<'a> {
    /// In the first generation.
    pub(super) first: f32,
    /// How it falls.
    pub(super) decay: &'a Decay,
    /// Share of it that is left at the end.
    pub(super) end: f32,
}

/// What the kernel reads.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Fall {
    end: f32,
    step_every: f32,
    step_factor: f32,
}

impl Sigma<'_> {
    pub(super) fn check(&self) -> Result<()> {
        within("sigma", self.first, f32::MIN_POSITIVE, f32::MAX)?;
        self.decay.check("sigma_decay")?;
        within("sigma_end", self.end, SMALLEST_SHARE, 1.0)
    }

    /// The kernel's text and its numbers; steps are those of the rate. None where nothing falls.
    pub(super) fn fall(&self, rule: &Rule) -> Result<Option<(Source, Fall)>> {
        if *self.decay == Decay::Constant {
            return Ok(None);
        }
        let source = Source::new()
            .constant_f32("SMALLEST_SHARE", SMALLEST_SHARE)
            .join(&self.decay.source()?)
            .piece("sigma", include_str!("../../shaders/optimizer/sigma.wgsl"))?;
        Ok(Some((source, Fall { end: self.end, step_every: rule.step_every, step_factor: rule.step_factor })))
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn a_fall_is_laid_out_as_in_the_shader() {
        let fields = [
            ("end", offset_of!(Fall, end)),
            ("step_every", offset_of!(Fall, step_every)),
            ("step_factor", offset_of!(Fall, step_factor)),
        ];
        same_layout(include_str!("../../shaders/optimizer/sigma.wgsl"), "Fall", size_of::<Fall>(), &fields);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let error = |decay: &str, end| {
            let sigma = Sigma { first: 0.1, decay: &decay.into(), end };
            sigma.check().err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(error("linear", 0.1) + &error("exp(-progress)", 1.0), "");
        assert!(error("liner", 0.1).starts_with("sigma_decay = liner"), "{}", error("liner", 0.1));
        assert!(error("linear", 0.0).starts_with("sigma_end = 0"), "{}", error("linear", 0.0));
        assert!(error("linear", 1.5).starts_with("sigma_end = 1.5"), "{}", error("linear", 1.5));
    }
}
