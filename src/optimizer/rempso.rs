//! Rotated exponentially averaged momentum particle swarm (Mohapatra et al. 2020, supplement to AdaSwarm).

use serde::{Deserialize, Serialize};

use super::follow::{self, Moves, Rule};
use super::{Entry, VMAX, check_vmax, listed, within};
use crate::Result;
use crate::population::{Context, Domain, Optimizer, Shape, Step};

/// REMPSO: `M = beta M + (1 - beta) v`, `v = M + A' R1 A (p - x) + A' R2 A (g - x)`, `x = x + v`, where `R1` and `R2`
/// scale every rotated coordinate by its own `c r` and `A` turns pairs of axes, drawn once a run, by `angle`.
///
/// With `angle` 0 or without pairs it is [`EmPso`](super::EmPso). The published code, by contrast, rotates nothing: it
/// draws one `r` a member, for which `A' (c r I) A = c r I`, and multiplies by `A` element by element, which only
/// shrinks the chosen coordinates. Nor does it store `M`, which leaves a plain swarm of inertia `1 - beta`. Here each
/// coordinate has its `r`, the rotation is one, and `M` is kept as in EMPSO.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RemPso {
    /// c1: pull to the member's own best, 0 to 4.
    pub cognitive: f32,
    /// c2: pull to the best of all, 0 to 4.
    pub social: f32,
    /// beta: memory of the averaged velocity, 0 to below 1.
    pub beta: f32,
    /// Pairs of axes that are turned, as a share of the coordinates, 0 to 0.5 (all of them). No axis is in two pairs.
    pub pairs: f32,
    /// By how many degrees, -360 to 360. The authors' is pi / 5.
    pub angle: f32,
    /// Largest step per coordinate; null leaves it to the objective.
    pub vmax: Option<f32>,
}

impl Default for RemPso {
    fn default() -> Self {
        Self { cognitive: 0.8, social: 0.9, beta: 0.9, pairs: 0.4, angle: 36.0, vmax: None }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "rempso",
    about: "empso in rotated axes (AdaSwarm, supplement to arXiv 2006.09875)",
    settings: &[
        ("cognitive", "c1, pull to a member's own best, 0 to 4"),
        ("social", "c2, pull to the best of all, 0 to 4"),
        ("beta", "memory of the averaged velocity, 0 to below 1"),
        ("pairs", "pairs of axes that are turned, as a share of the coordinates, 0 to 0.5"),
        ("angle", "by how many degrees, -360 to 360"),
        VMAX,
    ],
    build: |value| Ok(Box::new(serde_json::from_value::<RemPso>(value)?)),
};

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    cognitive: f32,
    social: f32,
    beta: f32,
    cosine: f32,
    sine: f32,
    pairs: u32,
}

impl RemPso {
    /// Pairs of axes among `width` coordinates.
    pub fn pairs_of(&self, width: u32) -> u32 {
        ((self.pairs * width as f32) as u32).min(width / 2)
    }
}

impl Optimizer for RemPso {
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
        within("pairs", self.pairs, 0.0, 0.5)?;
        within("angle", self.angle, -360.0, 360.0)?;
        check_vmax(self.vmax)
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let pairs = self.pairs_of(shape.width);
        let (sine, cosine) = f64::from(self.angle).to_radians().sin_cos();
        let settings = Settings {
            cognitive: self.cognitive,
            social: self.social,
            beta: self.beta,
            cosine: cosine as f32,
            sine: sine as f32,
            pairs,
        };
        let rule = Rule {
            shader: ("rempso", include_str!("../../shaders/optimizer/rempso.wgsl")),
            settings: bytemuck::bytes_of(&settings),
            momentum: true,
            vmax: self.vmax,
            moves: Moves::Paired(pairs),
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
            ("cosine", offset_of!(Settings, cosine)),
            ("sine", offset_of!(Settings, sine)),
            ("pairs", offset_of!(Settings, pairs)),
        ];
        same_layout(include_str!("../../shaders/optimizer/rempso.wgsl"), "RemPso", size_of::<Settings>(), &fields);
    }

    #[test]
    fn pairs_are_whole_and_fit() {
        let pairs = |share: f32, width: u32| RemPso { pairs: share, ..RemPso::default() }.pairs_of(width);
        assert_eq!([1, 2, 3, 5, 7, 30].map(|width| pairs(0.4, width)), [0, 0, 1, 2, 2, 12]);
        assert_eq!([1, 2, 3, 20].map(|width| pairs(0.5, width)), [0, 1, 1, 10]);
        assert_eq!([pairs(0.0, 30), pairs(0.45, 20)], [0, 9]);
    }
}
