//! Search by blocks: every block of the vector has members of its own, scored with the other blocks as they are. The
//! blocks are a network's neurons (arXiv 2412.05667), its layers, or equal parts (van den Bergh and Engelbrecht 2004).
//!
//! A wrapper: it holds an optimizer that moves the members of blocks, and shows the whole vector and its true fitness.

mod lane;
mod step;

use serde::{Deserialize, Serialize};

use super::{OPTIMIZERS, listed, within};
use crate::population::{Context, Domain, Group, Optimizer, Shape, Step};
use crate::{Error, Result};

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partition {
    /// The weights and the bias of a unit.
    Neurons,
    /// All units of a layer.
    Layers,
    /// So many parts of equal size, up to one coordinate.
    Equal(u32),
    /// The same, and the whole vector as one more block (CPSO-H).
    Hybrid(u32),
}

/// Which blocks move in a generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// One block, in an order drawn anew for every sweep; it is taken over at once if the whole gets better.
    #[default]
    Sequential,
    /// A random share of the blocks of every layer; of four points on the way to all their bests the best is taken.
    Subset,
    /// All blocks; all their bests are taken over, whatever the whole is then worth.
    Simultaneous,
}

/// Whether rows held out decide which network is the best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// No: the best is the one with the lowest loss.
    #[default]
    None,
    /// They decide which network is kept; the search goes on from where it is.
    Soft,
    /// The search goes back to the best network when it gets worse on them.
    Hard,
}

/// How blocks are searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Turns {
    /// Which blocks move in a generation.
    pub form: Turn,
    /// Moves of a block's members in a turn; none for 5 (sequential) or 1.
    pub moves: Option<u32>,
    /// Share of a layer's blocks in a generation (subset), above 0 to 1.
    pub share: f32,
    /// Whether records are scored again in the context of the turn; none for yes, simultaneous: no.
    pub rescore: Option<bool>,
    /// Deviation of first members around the first vector, in standard deviations of a first coordinate.
    pub spread: f32,
    /// Whether rows held out decide which network is the best.
    pub gate: Gate,
}

impl Default for Turns {
    fn default() -> Self {
        Self { form: Turn::Sequential, moves: None, share: 0.25, rescore: None, spread: 0.5, gate: Gate::None }
    }
}

/// The settings of a search by blocks: name and meaning.
pub const SETTINGS: [(&str, &str); 6] = [
    ("form", "which blocks move in a generation: sequential (one), subset (a share of each layer), simultaneous (all)"),
    ("moves", "moves of a block's members in a turn; null: 5 when sequential, else 1"),
    ("share", "share of a layer's blocks in a generation (subset)"),
    ("rescore", "whether records are scored again in the context of the turn; null: yes, simultaneous: no"),
    ("spread", "deviation of first members around the first vector, in standard deviations of a first coordinate"),
    ("gate", "whether the rows of --validation decide which network is the best: none, soft or hard"),
];

/// An optimizer that searches block by block.
#[derive(Debug)]
pub struct ByBlocks {
    /// What a block is.
    pub partition: Partition,
    /// How they take turns.
    pub turns: Turns,
    /// What moves the members of a block.
    pub inner: Box<dyn Optimizer>,
}

impl Turns {
    fn moves(&self) -> u32 {
        self.moves.unwrap_or(if self.form == Turn::Sequential { 5 } else { 1 })
    }

    fn rescores(&self) -> bool {
        self.rescore.unwrap_or(self.form != Turn::Simultaneous)
    }

    fn check(&self) -> Result<()> {
        if self.moves.is_some_and(|moves| !(1..=1000).contains(&moves)) {
            return Err(Error::setting("search.moves", self.moves(), "must be a whole number from 1 to 1000"));
        }
        within("search.share", self.share, f32::MIN_POSITIVE, 1.0)?;
        within("search.spread", self.spread, f32::MIN_POSITIVE, f32::MAX)
    }
}

impl Partition {
    /// The groups of blocks, lane by lane.
    fn groups(self, domain: &Domain, dims: u32) -> Result<Vec<Group>> {
        let whole = Group { offset: 0, blocks: 1, width: dims, bias: false, scale: 1.0 };
        match self {
            Self::Neurons if domain.groups.is_empty() => {
                Err(Error::setting("search", "neurons", "only networks have neurons: try blocks:N"))
            }
            Self::Layers if domain.groups.is_empty() => {
                Err(Error::setting("search", "layers", "only networks have layers: try blocks:N"))
            }
            Self::Neurons => Ok(domain.groups.clone()),
            Self::Layers => {
                let layer =
                    |group: &Group| Group { blocks: 1, width: group.blocks * group.width, bias: false, ..*group };
                Ok(domain.groups.iter().map(layer).collect())
            }
            Self::Equal(parts) => equal(parts, dims),
            Self::Hybrid(parts) => {
                let mut groups = equal(parts, dims)?;
                groups.push(whole);
                Ok(groups)
            }
        }
    }
}

/// `parts` blocks whose widths differ by at most 1.
fn equal(parts: u32, dims: u32) -> Result<Vec<Group>> {
    if parts == 0 || parts > dims {
        return Err(Error::setting("blocks", parts, format!("from 1 to the number of coordinates, {dims}")));
    }
    let (width, wider) = (dims / parts, dims % parts);
    let first = Group { offset: 0, blocks: wider, width: width + 1, bias: false, scale: 1.0 };
    let rest = Group { offset: wider * (width + 1), blocks: parts - wider, width, bias: false, scale: 1.0 };
    Ok([first, rest].into_iter().filter(|group| group.blocks > 0).collect())
}

impl ByBlocks {
    /// Members of `inner` in each block of `partition`, with the usual turns.
    pub fn new(partition: Partition, inner: Box<dyn Optimizer>) -> Self {
        Self { partition, turns: Turns::default(), inner }
    }
}

impl Optimizer for ByBlocks {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn settings(&self) -> serde_json::Value {
        let mut settings = self.inner.settings();
        let (moves, rescore) = (Some(self.turns.moves()), Some(self.turns.rescores()));
        let turns = listed(&Turns { moves, rescore, ..self.turns.clone() });
        if let (Some(all), serde_json::Value::Object(turns)) = (settings.as_object_mut(), turns) {
            all.extend(turns.into_iter().map(|(name, value)| (format!("search.{name}"), value)));
        }
        settings
    }

    fn arrays(&self) -> u32 {
        self.inner.arrays()
    }

    fn blockwise(&self) -> bool {
        true
    }

    fn moves_blocks(&self) -> bool {
        false
    }

    fn check(&self) -> Result<()> {
        if self.inner.blockwise() {
            let remedy = "it searches blocks by itself: leave --search out";
            return Err(Error::setting("optimizer", self.inner.name(), remedy));
        }
        super::descent::refuse_to_wrap(self.inner.as_ref())?;
        if !self.inner.moves_blocks() {
            let movers = OPTIMIZERS.iter().filter(|entry| entry.build(&[].into()).is_ok_and(|one| one.moves_blocks()));
            let movers: Vec<_> = movers.map(|entry| entry.name).collect();
            let remedy =
                format!("it searches the whole vector or a subspace; blocks are searched by {}", movers.join(", "));
            return Err(Error::setting("optimizer", self.inner.name(), remedy));
        }
        self.turns.check()?;
        self.inner.check()
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        self.check()?;
        step::bind(self, context, shape, domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_parts_cover_every_coordinate_once() {
        for (parts, dims) in [(1, 1), (3, 10), (6, 30), (7, 7), (4, 83)] {
            let groups = equal(parts, dims).unwrap();
            assert_eq!(groups.iter().map(|group| group.blocks).sum::<u32>(), parts);
            let mut next = 0;
            for group in groups {
                assert_eq!(group.offset, next);
                next += group.blocks * group.width;
            }
            assert_eq!(next, dims);
        }
        assert!(equal(8, 7).is_err() && equal(0, 7).is_err());
    }
}
