//! Exponentially averaged momentum particle swarm (Mohapatra et al. 2020, AdaSwarm, arXiv 2006.09875, eqs. 4 to 6).

use serde::{Deserialize, Serialize};

use super::follow::{self, Moves, Rule};
use super::pso::Neighbourhood;
use super::{Entry, VMAX, check_vmax, listed, within};
use crate::Result;
use crate::population::{Context, Domain, Optimizer, Shape, Step};

/// EMPSO: `M = beta M + (1 - beta) v`, `v = M + c1 r1 (p - x) + c2 r2 (g - x)`, `x = x + v`.
///
/// Stable, with the pull `phi = c1 r1 + c2 r2` held constant, for `0 < phi < 4 / (1 + beta)`; the published
/// `c1 + c2 <= 2` is sufficient, not necessary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmPso {
    /// c1: pull to the member's own best, 0 to 4.
    pub cognitive: f32,
    /// c2: pull to the best of all, 0 to 4.
    pub social: f32,
    /// beta: memory of the averaged velocity, 0 to below 1.
    pub beta: f32,
    /// Equations or listing: the paper's two conflict.
    pub form: Form,
    /// Divide the average by `1 - beta^t`, as Adam does. The paper names it, its public code does not have it.
    pub bias_correction: bool,
    /// Largest step per coordinate; null leaves it to the objective.
    pub vmax: Option<f32>,
}

/// Which average is kept for the next generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Eqs. 4 to 6 and the authors' code: the average of the old velocity, which the new one was made of.
    #[default]
    Equations,
    /// Algorithm 1: the average of the new velocity, which then counts twice.
    Listing,
}

impl Default for EmPso {
    fn default() -> Self {
        Self { cognitive: 0.8, social: 0.9, beta: 0.9, form: Form::Equations, bias_correction: false, vmax: None }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "empso",
    about: "particle swarm with an averaged velocity (AdaSwarm, arXiv 2006.09875, eqs. 4 to 6)",
    settings: &[
        ("cognitive", "c1, pull to a member's own best, 0 to 4"),
        ("social", "c2, pull to the best of all, 0 to 4"),
        ("beta", "memory of the averaged velocity, 0 to below 1"),
        ("form", "equations, or listing: the order of the paper's Algorithm 1"),
        ("bias_correction", "true divides the average by 1 - beta^t"),
        VMAX,
    ],
    build: |value| Ok(Box::new(serde_json::from_value::<EmPso>(value)?)),
};

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    cognitive: f32,
    social: f32,
    beta: f32,
    listing: u32,
    correction: u32,
}

impl Optimizer for EmPso {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn settings(&self) -> serde_json::Value {
        listed(self)
    }

    fn arrays(&self) -> u32 {
        4
    }

    fn check(&self) -> Result<()> {
        within("cognitive", self.cognitive, 0.0, 4.0)?;
        within("social", self.social, 0.0, 4.0)?;
        within("beta", self.beta, 0.0, 0.999_999)?;
        check_vmax(self.vmax)
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let settings = Settings {
            cognitive: self.cognitive,
            social: self.social,
            beta: self.beta,
            listing: u32::from(self.form == Form::Listing),
            correction: u32::from(self.bias_correction),
        };
        let rule = Rule {
            shader: ("empso", include_str!("../../shaders/optimizer/empso.wgsl")),
            settings: bytemuck::bytes_of(&settings),
            momentum: true,
            vmax: self.vmax,
            moves: Moves::Alone(Neighbourhood::Global),
        };
        follow::bind(context, shape, domain, &rule)
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn settings_are_laid_out_as_in_the_shader() {
        let fields = [
            ("cognitive", offset_of!(Settings, cognitive)),
            ("social", offset_of!(Settings, social)),
            ("beta", offset_of!(Settings, beta)),
            ("listing", offset_of!(Settings, listing)),
            ("correction", offset_of!(Settings, correction)),
        ];
        same_layout(include_str!("../../shaders/optimizer/empso.wgsl"), "EmPso", size_of::<Settings>(), &fields);
    }
}
