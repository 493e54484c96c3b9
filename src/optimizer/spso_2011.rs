//! Standard particle swarm 2011 (Clerc 2012; Zambrano-Bigiarini, Clerc and Rojas 2013): members jump within a ball,
//! whatever the axes, and hear of good positions from a few others drawn at random.

use serde::{Deserialize, Serialize};

use super::swarm::Flock;
use super::{Entry, VMAX, check_vmax, listed, within};
use crate::gpu::{Bindings, Recording, Threads};
use crate::population::{Context, Domain, Optimizer, Shape, Step, WORST};
use crate::{Error, Result};

/// SPSO-2011: `G = (x + (x + c (p - x)) + (x + c (l - x))) / 3`, `v = w v + x' - x`, `x = x + v`, with `p` the member's
/// own best, `l` the best it was told of, and `x'` random in the ball around `G` that `x` lies on. A member that was
/// told of none better than its own has `G = (x + (x + c (p - x))) / 2`.
///
/// As in the author's program, `x'` has a uniform direction and a uniform distance from `G`, so it is denser towards
/// `G` than points uniform in the volume: in 30 dimensions those would nearly all lie on the surface. Each member tells
/// itself and `informants` members drawn at random, one perhaps more than once; all draw again after a generation
/// without a better best. A wall stops a member and turns its velocity in that coordinate, halved. The first velocity
/// leads to another random point. `vmax`, where the objective has one, is not part of the standard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spso2011 {
    /// w: share of the velocity that is kept, 0 to 1; 1 / (2 ln 2).
    pub inertia: f32,
    /// c: pull to the member's own best and to that of its best informant, 0 to 4; 0.5 + ln 2.
    pub pull: f32,
    /// K: members that each member tells of its best, 1 to 64.
    pub informants: u32,
    /// Largest step per coordinate; null leaves it to the objective.
    pub vmax: Option<f32>,
}

impl Default for Spso2011 {
    fn default() -> Self {
        Self { inertia: 0.721_347_5, pull: 1.193_147_2, informants: 3, vmax: None }
    }
}

pub(super) const ENTRY: Entry = Entry {
    name: "spso-2011",
    about: "standard particle swarm 2011, the same in all axes (Clerc 2012)",
    settings: &[
        ("inertia", "w, share of the velocity kept, 0 to 1"),
        ("pull", "c, pull to a member's own best and to that of its best informant, 0 to 4"),
        ("informants", "K, members that each member tells of its best, 1 to 64"),
        VMAX,
    ],
    build: |value| Ok(Box::new(serde_json::from_value::<Spso2011>(value)?)),
};

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    inertia: f32,
    pull: f32,
    informants: u32,
    span: u32,
    spans: u32,
}

/// Coordinates that one thread sums over, and such spans in a block: both small, since a loop may not be long.
fn spans(width: u32) -> (u32, u32) {
    let span = width.isqrt().max(32);
    (span, width.div_ceil(span))
}

impl Optimizer for Spso2011 {
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
        within("pull", self.pull, 0.0, 4.0)?;
        if !(1..=64).contains(&self.informants) {
            return Err(Error::setting("informants", self.informants, "must be a whole number from 1 to 64"));
        }
        check_vmax(self.vmax)
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let gpu = &context.gpu;
        let (span, spans) = spans(shape.width);
        let settings = Settings { inertia: self.inertia, pull: self.pull, informants: self.informants, span, spans };
        let shader = ("spso-2011", include_str!("../../shaders/optimizer/spso-2011.wgsl"));
        let mut flock = Flock::new(context, shape, domain, self.vmax, shader, bytemuck::bytes_of(&settings))?;
        flock.array("offset", shape.coordinates())?;
        flock.array("sums", 2 * shape.blocks * spans)?;
        flock.array("reach", shape.blocks)?;
        flock.keep("former", &gpu.upload("former", &vec![WORST; shape.blocks as usize])?);
        flock.keep("epoch", &gpu.buffer::<u32>("epoch", shape.blocks.into())?);
        let all = u64::from(shape.blocks) * u64::from(shape.members);
        let leaders = gpu.buffer::<u32>("leaders", all)?;
        flock.shared = flock
            .shared
            .clone()
            .with("lowest", gpu.buffer::<u32>("lowest", all)?.view())
            .with("elected", leaders.view())
            .with("leaders", leaders.view());

        let (mut start, mut ask) = (Recording::new(), Recording::new());
        flock.start(&mut start)?;
        flock.over_chunks(&mut start, "launch", flock.quads())?;

        flock.over_chunks(&mut ask, "settle", flock.quads())?;
        let members = Threads::Line(shape.blocks * shape.members);
        for entry in ["hear_own", "hear", "elect"] {
            flock.once(&mut ask, entry, members)?;
        }
        // A member may follow one of any chunk.
        for (told, own) in flock.personal.chunks.iter().enumerate() {
            for teller in &flock.personal.chunks {
                let range = gpu.uniform("teller", &[teller.first, teller.members])?;
                let bindings = Bindings::new()
                    .with("own", own.positions.view())
                    .with("others", teller.positions.view())
                    .with("teller", range.view());
                flock.in_chunk(&mut ask, "aim", flock.quads(), told, &bindings)?;
            }
        }
        flock.over_chunks(&mut ask, "measure", flock.rows(shape.blocks * spans))?;
        flock.over_chunks(&mut ask, "total", flock.rows(shape.blocks))?;
        flock.over_chunks(&mut ask, "ask", flock.quads())?;

        let mut tell = flock.tell()?;
        flock.once(&mut tell, "tell_epoch", Threads::Line(shape.blocks))?;
        flock.finish(start, ask, tell)
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
            ("pull", offset_of!(Settings, pull)),
            ("informants", offset_of!(Settings, informants)),
            ("span", offset_of!(Settings, span)),
            ("spans", offset_of!(Settings, spans)),
        ];
        same_layout(include_str!("../../shaders/optimizer/spso-2011.wgsl"), "Spso", size_of::<Settings>(), &fields);
    }

    #[test]
    fn spans_cover_all_coordinates_in_short_loops() {
        for width in [1, 31, 32, 33, 1023, 1_000_000, u32::MAX] {
            let (span, spans) = spans(width);
            assert!(u64::from(span) * u64::from(spans) >= u64::from(width), "{width}");
            assert!((spans - 1) * span < width && span <= 65_535 && spans <= 65_538, "{width}");
        }
        assert_eq!(spans(30), (32, 1));
    }
}
