//! Momentum particle swarm: each new velocity is blended with the previous one (AdaSwarm, arXiv 2006.09875, eq. 3).

use serde::{Deserialize, Serialize};

use super::follow::{self, Moves, Rule};
use super::pso::Neighbourhood;
use super::{Entry, VMAX, check_vmax, listed, within};
use crate::Result;
use crate::population::{Context, Domain, Optimizer, Shape, Step};

/// Momentum particle swarm: `v' = (1 - lambda) (w v + c1 r1 (p - x) + c2 r2 (g - x)) + lambda v`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MPso {
    /// w: share of the velocity that is kept inside the blend, 0 to 1 (standard form).
    pub inertia: f32,
    /// c1: pull to the member's own best, 0 to 4.
    pub cognitive: f32,
    /// c2: pull to the best of all, 0 to 4.
    pub social: f32,
    /// lambda: weight of the old velocity in the blend, 0 to 1.
    pub momentum: f32,
    /// Which old velocity.
    pub form: Recurrence,
    /// Largest step per coordinate; null leaves it to the objective.
    pub vmax: Option<f32>,
}

/// Which old velocity the blend takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recurrence {
    /// The last one, inside the blend and outside.
    #[default]
    Standard,
    /// As AdaSwarm prints eq. 3: the last one inside, without inertia, the one before it outside.
    Printed,
}

impl Default for MPso {
    fn default() -> Self {
        Self {
            inertia: 0.729_84,
            cognitive: 1.496_18,
            social: 1.496_18,
            momentum: 0.1,
            form: Recurrence::Standard,
            vmax: None,
        }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "mpso",
    about: "particle swarm with momentum (AdaSwarm, arXiv 2006.09875, eq. 3; standard form by default)",
    settings: &[
        ("inertia", "share of the velocity kept inside the blend, 0 to 1 (standard form)"),
        ("cognitive", "c1, pull to a member's own best, 0 to 4"),
        ("social", "c2, pull to the best of all, 0 to 4"),
        ("momentum", "lambda, weight of the old velocity in the blend, 0 to 1"),
        ("form", "standard, or printed: eq. 3 to the letter, two-step memory and no inertia"),
        VMAX,
    ],
    build: |value| Ok(Box::new(serde_json::from_value::<MPso>(value)?)),
};

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    inertia: f32,
    cognitive: f32,
    social: f32,
    momentum: f32,
    printed: u32,
}

impl Optimizer for MPso {
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
        within("inertia", self.inertia, 0.0, 1.0)?;
        within("cognitive", self.cognitive, 0.0, 4.0)?;
        within("social", self.social, 0.0, 4.0)?;
        within("momentum", self.momentum, 0.0, 1.0)?;
        check_vmax(self.vmax)
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let settings = Settings {
            inertia: self.inertia,
            cognitive: self.cognitive,
            social: self.social,
            momentum: self.momentum,
            printed: u32::from(self.form == Recurrence::Printed),
        };
        let rule = Rule {
            shader: ("mpso", include_str!("../../shaders/optimizer/mpso.wgsl")),
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
            ("inertia", offset_of!(Settings, inertia)),
            ("cognitive", offset_of!(Settings, cognitive)),
            ("social", offset_of!(Settings, social)),
            ("momentum", offset_of!(Settings, momentum)),
            ("printed", offset_of!(Settings, printed)),
        ];
        same_layout(include_str!("../../shaders/optimizer/mpso.wgsl"), "MPso", size_of::<Settings>(), &fields);
    }
}
