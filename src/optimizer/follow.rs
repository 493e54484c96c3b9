//! Swarms whose members follow two points, coordinate by coordinate: their own best and the best of their neighbourhood.

use super::pso::Neighbourhood;
use super::swarm::Flock;
use crate::Result;
use crate::gpu::{Recording, Threads};
use crate::population::{Context, Domain, Shape, Step};

/// What makes one such swarm differ from another.
pub(super) struct Rule<'a> {
    /// Name and text of the shader that defines `moved` and the `settings` it reads.
    pub(super) shader: (&'static str, &'static str),
    /// The settings struct as bytes.
    pub(super) settings: &'a [u8],
    /// Whether the rule keeps a second velocity, `momentum`.
    pub(super) momentum: bool,
    /// Largest step per coordinate; none for the objective's own proposal.
    pub(super) vmax: Option<f32>,
    /// How each member moves.
    pub(super) moves: Moves,
}

/// How each member moves.
#[derive(Clone, Copy)]
pub(super) enum Moves {
    /// Each coordinate by itself, after the best of this neighbourhood.
    Alone(Neighbourhood),
    /// So many pairs of coordinates of a block in rotated axes, the others alone; after the best of all.
    Paired(u32),
}

/// Binds a swarm that moves by `rule`.
pub(super) fn bind(context: &Context, shape: Shape, domain: &Domain, rule: &Rule) -> Result<Box<dyn Step>> {
    let gpu = &context.gpu;
    let mut flock = Flock::new(context, shape, domain, rule.vmax, rule.shader, rule.settings)?;
    if rule.momentum {
        flock.keep_array("momentum")?;
    }
    let (mut start, mut ask) = (Recording::new(), Recording::new());
    flock.start(&mut start)?;
    match rule.moves {
        Moves::Alone(Neighbourhood::Global) => {
            flock.over_chunks(&mut ask, "ask", flock.rows(shape.coordinates().div_ceil(2)))?;
        }
        Moves::Alone(Neighbourhood::Ring) => {
            let chunks = flock.points.chunks.len() as u64;
            let edges = gpu.buffer::<f32>("edges", 2 * u64::from(shape.coordinates()) * chunks)?;
            flock.shared = flock.shared.clone().with("edges", edges.view());
            flock.over_chunks(&mut ask, "settle", flock.quads())?;
            flock.over_chunks(&mut ask, "ask_ring", flock.quads())?;
        }
        Moves::Paired(pairs) => {
            flock.keep("axes", &gpu.buffer::<u32>("axes", shape.coordinates().into())?);
            flock.once(&mut start, "pair", Threads::Line(shape.coordinates()))?;
            flock.over_chunks(&mut ask, "ask_paired", flock.rows(shape.blocks * (shape.width - pairs)))?;
        }
    }
    let tell = flock.tell()?;
    flock.finish(start, ask, tell)
}
