//! Particle swarm optimization (Kennedy and Eberhart 1995): each member is drawn to its own best and to the best of
//! its neighbourhood.

use serde::{Deserialize, Serialize};

use super::follow::{self, Moves, Rule};
use super::{Entry, VMAX, check_vmax, listed, within};
use crate::Result;
use crate::population::{Context, Domain, Optimizer, Shape, Step};

/// Particle swarm. Defaults are the constriction constants of Clerc and Kennedy (2002): phi = 4.1, chi = 0.72984,
/// coefficients chi * 2.05.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pso {
    /// Share of the velocity that is kept, 0 to 1.
    pub inertia: f32,
    /// Pull to the member's own best, 0 to 4.
    pub cognitive: f32,
    /// Pull to the best of the neighbourhood, 0 to 4.
    pub social: f32,
    /// Whether the three change over the run; `adaptive` brings its own values.
    pub schedule: Schedule,
    /// Whom a member follows.
    pub neighbourhood: Neighbourhood,
    /// Largest step per coordinate and generation; null leaves it to the objective (1 for networks, whose coordinates
    /// are scaled to a standard deviation of 1; unlimited for functions).
    pub vmax: Option<f32>,
}

/// Whether the coefficients change over the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// They stay.
    #[default]
    Constant,
    /// With u = generation / generations: inertia 0.9 - 0.5 u, cognitive 3.5 - 3 u, social 0.5 + 3 u (the Pixel Swarm
    /// schedule). Never mean-square stable, so it needs `vmax`.
    Adaptive,
}

/// Whom a member follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Neighbourhood {
    /// The best of all.
    #[default]
    Global,
    /// The best of itself and its two neighbours (Kennedy 1999).
    Ring,
}

impl Default for Pso {
    fn default() -> Self {
        Self {
            inertia: 0.729_84,
            cognitive: 1.496_18,
            social: 1.496_18,
            schedule: Schedule::Constant,
            neighbourhood: Neighbourhood::Global,
            vmax: None,
        }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "pso",
    about: "particle swarm with constriction (Kennedy and Eberhart 1995; Clerc and Kennedy 2002)",
    settings: &[
        ("inertia", "share of the velocity kept, 0 to 1"),
        ("cognitive", "pull to a member's own best, 0 to 4"),
        ("social", "pull to the best of the neighbourhood, 0 to 4"),
        ("schedule", "constant, or adaptive: inertia .9 to .4, cognitive 3.5 to .5, social .5 to 3.5 over the run"),
        ("neighbourhood", "global, or ring: a member and its two neighbours"),
        VMAX,
    ],
    build: |value| Ok(Box::new(serde_json::from_value::<Pso>(value)?)),
};

/// Each coefficient at the start and at the end of the run.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    inertia: f32,
    inertia_end: f32,
    cognitive: f32,
    cognitive_end: f32,
    social: f32,
    social_end: f32,
}

impl Pso {
    fn coefficients(&self) -> Settings {
        let [inertia, inertia_end, cognitive, cognitive_end, social, social_end] = match self.schedule {
            Schedule::Constant => {
                [self.inertia, self.inertia, self.cognitive, self.cognitive, self.social, self.social]
            }
            Schedule::Adaptive => [0.9, 0.4, 3.5, 0.5, 0.5, 3.5],
        };
        Settings { inertia, inertia_end, cognitive, cognitive_end, social, social_end }
    }
}

impl Optimizer for Pso {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn settings(&self) -> serde_json::Value {
        listed(self)
    }

    fn arrays(&self) -> u32 {
        3
    }

    fn check(&self) -> Result<()> {
        within("inertia", self.inertia, 0.0, 1.0)?;
        within("cognitive", self.cognitive, 0.0, 4.0)?;
        within("social", self.social, 0.0, 4.0)?;
        check_vmax(self.vmax)
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let settings = self.coefficients();
        let rule = Rule {
            shader: ("pso", include_str!("../../shaders/optimizer/pso.wgsl")),
            settings: bytemuck::bytes_of(&settings),
            momentum: false,
            vmax: self.vmax,
            moves: Moves::Alone(self.neighbourhood),
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
            ("inertia_end", offset_of!(Settings, inertia_end)),
            ("cognitive", offset_of!(Settings, cognitive)),
            ("cognitive_end", offset_of!(Settings, cognitive_end)),
            ("social", offset_of!(Settings, social)),
            ("social_end", offset_of!(Settings, social_end)),
        ];
        same_layout(include_str!("../../shaders/optimizer/pso.wgsl"), "Pso", size_of::<Settings>(), &fields);
    }
}
