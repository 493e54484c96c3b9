//! Cooperative particle swarms (van den Bergh and Engelbrecht 2004): CPSO-S_k gives each of k equal parts of the vector
//! a swarm of its own; CPSO-H_k adds one over the whole vector, and each takes the others' best over.
//!
//! Named settings of the search by blocks. Parts take turns in a random order; a part is taken over when the whole gets
//! better. Beside the whole vector, a member of each part's swarm is put onto the best known vector in every turn.

use serde::{Deserialize, Serialize};

use super::blocks::{ByBlocks, Partition, Turn, Turns};
use super::{Entry, Pso, listed, within};
use crate::population::{Context, Domain, Optimizer, Shape, Step};
use crate::{Error, Result};

/// Cooperative particle swarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cpso {
    /// Whether there is a swarm over the whole vector too (CPSO-H).
    #[serde(skip)]
    pub hybrid: bool,
    /// Parts of the vector (k); no more than there are coordinates.
    pub parts: u32,
    /// Share of the velocity that is kept, 0 to 1.
    pub inertia: f32,
    /// Largest pull towards a member's own best.
    pub cognitive: f32,
    /// Largest pull towards the best of the swarm.
    pub social: f32,
    /// Moves of a part's swarm in a turn.
    pub moves: u32,
}

impl Default for Cpso {
    fn default() -> Self {
        let pso = Pso::default();
        Self { hybrid: false, parts: 6, inertia: pso.inertia, cognitive: pso.cognitive, social: pso.social, moves: 1 }
    }
}

const SETTINGS: &[(&str, &str)] = &[
    ("parts", "parts of the vector, each with a swarm of its own; no more than coordinates"),
    ("inertia", "share of the velocity that is kept"),
    ("cognitive", "largest pull towards a member's own best"),
    ("social", "largest pull towards the best of the swarm"),
    ("moves", "moves of a part's swarm in a turn"),
];

pub(super) const SPLIT: Entry = Entry {
    name: "cpso-s",
    about: "cooperative swarms over parts of the vector (van den Bergh and Engelbrecht 2004)",
    settings: SETTINGS,
    build: |value| Ok(Box::new(serde_json::from_value::<Cpso>(value)?)),
};

pub(super) const HYBRID: Entry = Entry {
    name: "cpso-h",
    about: "the same, and a swarm over the whole vector (van den Bergh and Engelbrecht 2004)",
    settings: SETTINGS,
    build: |value| Ok(Box::new(Cpso { hybrid: true, ..serde_json::from_value::<Cpso>(value)? })),
};

impl Optimizer for Cpso {
    fn name(&self) -> &'static str {
        if self.hybrid { HYBRID.name } else { SPLIT.name }
    }

    fn settings(&self) -> serde_json::Value {
        listed(self)
    }

    fn arrays(&self) -> u32 {
        if self.hybrid { 6 } else { 3 }
    }

    fn blockwise(&self) -> bool {
        true
    }

    fn moves_blocks(&self) -> bool {
        false
    }

    fn check(&self) -> Result<()> {
        if self.parts == 0 {
            return Err(Error::setting("parts", 0, "there must be at least one part"));
        }
        if !(1..=1000).contains(&self.moves) {
            return Err(Error::setting("moves", self.moves, "must be a whole number from 1 to 1000"));
        }
        within("inertia", self.inertia, 0.0, 1.0)?;
        within("cognitive", self.cognitive, 0.0, 4.0)?;
        within("social", self.social, 0.0, 4.0)
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let inner = Pso { inertia: self.inertia, cognitive: self.cognitive, social: self.social, ..Pso::default() };
        let parts = self.parts.min(shape.coordinates());
        let partition = if self.hybrid { Partition::Hybrid(parts) } else { Partition::Equal(parts) };
        let turns = Turns { form: Turn::Sequential, moves: Some(self.moves), rescore: Some(false), ..Turns::default() };
        ByBlocks { partition, turns, inner: Box::new(inner) }.bind(context, shape, domain)
    }
}
