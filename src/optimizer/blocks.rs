//! Search by blocks: every block of the vector has members of its own, scored with the other blocks as they are. The
//! blocks are a network's neurons (arXiv 2412.05667), its layers, or equal parts (van den Bergh and Engelbrecht 2004).
//!
//! A wrapper: it holds an optimizer that moves the members of blocks, and shows the whole vector and its true fitness.

mod lane;

use serde::{Deserialize, Serialize};

use self::lane::Lane;
use super::{OPTIMIZERS, listed, within};
use crate::gpu::{Bindings, Recording, Source, Threads, WORKGROUP};
use crate::population::{
    Bound, Context, Domain, Evaluation, Group, Optimizer, Order, Points, Program, Shape, Start, Step, WORST,
};
use crate::shuffle::{ORDER, half, keys, shuffled};
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
        bind(self, context, shape, domain)
    }
}

/// A bound search by blocks.
struct BlockStep {
    /// Its one candidate is the whole vector.
    bound: Bound,
    context: Context,
    form: Turn,
    gate: Gate,
    moves: u32,
    rescore: bool,
    hybrid: bool,
    lanes: Vec<Lane>,
    /// The whole vector, scored on the rows held out.
    validated: Points,
    /// Four points on the way to a proposal.
    blends: Points,
    bindings: Bindings,
    source: Source,
    dims: u32,
}

fn bind(search: &ByBlocks, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
    let gpu = &context.gpu;
    let dims = shape.coordinates();
    let turns = &search.turns;
    let groups = search.partition.groups(domain, dims)?;
    let all_blocks: u32 = groups.iter().map(|group| group.blocks).sum();
    let one = Shape { blocks: 1, members: 1, width: dims };

    let vector_buffer = gpu.buffer::<f32>("context", dims.into())?;
    let vector = Points::vector(gpu, &vector_buffer, dims, &Points::fitness_buffer(gpu, "context fitness", one)?)?;
    let held_out = Points::fitness_buffer(gpu, "validation fitness", one)?;
    let validated = Points::vector(gpu, &vector_buffer, dims, &held_out)?;
    let four = Shape { members: 4, ..one };
    let blend_fitness = Points::fitness_buffer(gpu, "blend fitness", four)?;
    let blends = Points::direct(context, "blends", four, &blend_fitness)?;
    let best = gpu.buffer::<f32>("best", dims.into())?;
    let best_fitness = gpu.upload("best fitness", &[WORST])?;
    let judged = gpu.upload("judged", &[0.0f32, 0.0, WORST, 0.0])?;
    let inner_clock = gpu.buffer::<[u32; 8]>("inner clock", 1)?;
    let spread = if domain.start == Start::Normal { turns.spread } else { 0.0 };
    let bindings = Bindings::new()
        .with("bounds", gpu.uniform("bounds", &domain.bounds())?.view())
        .with("first_spread", gpu.uniform("spread", &spread)?.view())
        .with("inner", inner_clock.view())
        .with("context", vector_buffer.view())
        .with("context_fitness", vector.fitness.view())
        .with("validation_fitness", held_out.view())
        .with("proposal", gpu.buffer::<f32>("proposal", dims.into())?.view())
        .with("blends", blends.chunks[0].positions.view())
        .with("blend_fitness", blend_fitness.view())
        .with("judged", judged.view())
        .with("best", best.view())
        .with("best_fitness", best_fitness.view())
        .and(&context.clock);
    let turns_of_generation = if turns.form == Turn::Sequential { 1 } else { groups.len() as u32 };
    let source = Source::new()
        .constant("WORKGROUP", WORKGROUP)
        .constant("DIMS", dims)
        .constant("MOVES", turns.moves() * turns_of_generation)
        .constant("ALL_BLOCKS", all_blocks)
        .constant("ALL_HALF", half(all_blocks))
        .constant("BLEND_COLUMNS", blends.stride)
        .constant("GATE", turns.gate as u32)
        .constant("CHANGING", context.changing.into());

    let inside = Context {
        clock: Bindings::new().with("clock", inner_clock.view()),
        largest_chunk: u32::MAX,
        ..context.clone()
    };
    let mut lanes = Vec::new();
    let mut first = 0;
    for (number, group) in groups.iter().enumerate() {
        let slots = match turns.form {
            Turn::Sequential => 1,
            Turn::Subset => ((turns.share * group.blocks as f32).ceil() as u32).clamp(1, group.blocks),
            Turn::Simultaneous => group.blocks,
        };
        let place = lane::Place { number: number as u32, first, slots, dims };
        let inner_domain = Domain { groups: Vec::new(), ..domain.clone() };
        lanes.push(Lane::new(
            &inside,
            search.inner.as_ref(),
            (*group, place, shape.members),
            &inner_domain,
            (&bindings, &source),
        )?);
        first += group.blocks;
    }

    let mut state = vec![
        ("context".into(), vector_buffer.view()),
        ("context_fitness".into(), vector.fitness.view()),
        ("judged".into(), judged.view()),
        ("best".into(), best.view()),
        ("best_fitness".into(), best_fitness.view()),
        ("inner_clock".into(), inner_clock.view()),
    ];
    state.extend(lanes.iter().flat_map(Lane::state));
    let mut step = BlockStep {
        bound: Bound::new(vector, best, best_fitness, state),
        context: context.clone(),
        form: turns.form,
        gate: turns.gate,
        moves: turns.moves(),
        rescore: turns.rescores(),
        hybrid: matches!(search.partition, Partition::Hybrid(_)),
        lanes,
        validated,
        blends,
        bindings,
        // Kernels over the whole vector know no lane.
        source: lane::constants(source, &groups[0], lane::Place { number: 0, first: 0, slots: 1, dims }, (1, 4, 4))
            .piece("blocks", include_str!("../../shaders/optimizer/blocks.wgsl"))?,
        dims,
    };
    let mut start = Recording::new();
    step.whole(&mut start, "start_context", Threads::Line(dims))?;
    step.whole(&mut start, "start_clock", Threads::Groups(1))?;
    for lane in &step.lanes {
        lane.start(&mut start)?;
    }
    step.whole(&mut start, "begin_moves", Threads::Groups(1))?;
    step.bound.start = start;
    Ok(Box::new(step))
}

impl BlockStep {
    /// Records a kernel over the whole vector.
    fn whole(&self, recording: &mut Recording, entry: &str, threads: Threads) -> Result<()> {
        let gpu = &self.context.gpu;
        recording.dispatch(gpu, &gpu.kernel(entry, &self.source)?, &self.bindings, threads)
    }

    /// Records the end of a generation: which vector is the best.
    fn conclude(&self, evaluation: &mut dyn Evaluation, recording: &mut Recording) -> Result<()> {
        if self.gate != Gate::None && !evaluation.validate(&self.validated, recording)? {
            let remedy = "a gate needs rows held out for it: give gradless train --validation 0.2";
            return Err(Error::setting("search.gate", "no rows", remedy));
        }
        self.whole(recording, "judge", Threads::Groups(1))?;
        self.whole(recording, "keep_best", Threads::Line(self.dims))?;
        if self.gate == Gate::Hard {
            evaluation.refresh(self.points(), None, recording)?;
        }
        Ok(())
    }

    /// Records what a generation begins with.
    fn begin(&self, evaluation: &mut dyn Evaluation) -> Result<Recording> {
        let mut recording = Recording::new();
        self.whole(&mut recording, "follow_clock", Threads::Groups(1))?;
        evaluation.prepare(&mut recording)?;
        if self.context.changing {
            evaluation.refresh(self.points(), None, &mut recording)?;
        }
        Ok(recording)
    }

    /// A generation in which one block has its turn.
    fn one(&self, lane: &Lane, evaluation: &mut dyn Evaluation) -> Result<(Recording, u64)> {
        let mut recording = self.begin(evaluation)?;
        lane.choose(&mut recording, "choose_one")?;
        let evaluations = lane.turn(&mut recording, evaluation, (self.moves, self.rescore, self.hybrid))?;
        lane.whole(&mut recording, "commit", Threads::Line(lane.group.width))?;
        evaluation.refresh(self.points(), Some(&lane.candidates), &mut recording)?;
        self.conclude(evaluation, &mut recording)?;
        Ok((recording, evaluations + 1))
    }

    /// A generation in which several blocks of every lane have their turn.
    fn several(&self, evaluation: &mut dyn Evaluation) -> Result<(Recording, u64)> {
        let mut recording = self.begin(evaluation)?;
        let mut evaluations = 1;
        self.whole(&mut recording, "begin_proposal", Threads::Line(self.dims))?;
        for lane in &self.lanes {
            if lane.place.slots < lane.group.blocks {
                lane.choose(&mut recording, "choose_some")?;
            }
            evaluations += lane.turn(&mut recording, evaluation, (self.moves, self.rescore, false))?;
            let threads = Threads::Line(lane.place.slots * lane.group.width);
            lane.whole(&mut recording, "propose", threads)?;
        }
        if self.form == Turn::Subset {
            self.whole(&mut recording, "blend", Threads::Line(self.dims))?;
            evaluation.score(&self.blends, &mut recording)?;
            self.whole(&mut recording, "weigh", Threads::Groups(1))?;
            evaluations += 4;
        } else {
            self.whole(&mut recording, "take_all", Threads::Groups(1))?;
        }
        self.whole(&mut recording, "adopt", Threads::Line(self.dims))?;
        evaluation.refresh(self.points(), None, &mut recording)?;
        self.conclude(evaluation, &mut recording)?;
        Ok((recording, evaluations))
    }
}

impl Step for BlockStep {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn record(&mut self, evaluation: &mut dyn Evaluation) -> Result<Program> {
        if !self.context.changing {
            let mut resume = Recording::new();
            evaluation.refresh(self.points(), None, &mut resume)?;
            self.bound.resume = Some(resume);
        }
        if self.form != Turn::Sequential {
            let (generation, evaluations) = self.several(evaluation)?;
            return Ok(Program { variants: vec![generation], order: Box::new(|_, _| 0), evaluations });
        }
        let mut variants = Vec::new();
        let mut evaluations = 0;
        for lane in &self.lanes {
            let (generation, scored) = self.one(lane, evaluation)?;
            evaluations = evaluations.max(scored);
            variants.push(generation);
        }
        Ok(Program { variants, order: order(&self.lanes), evaluations })
    }
}

/// Whose turn a generation is: the host's copy of `choose_one`.
fn order(lanes: &[Lane]) -> Order {
    let ends: Vec<u32> = lanes.iter().map(|lane| lane.place.first + lane.group.blocks).collect();
    let all = ends.last().copied().unwrap_or(1);
    Box::new(move |seed, generation| {
        let block = shuffled(generation % all, all, keys([generation / all, 0, 0, ORDER], seed));
        ends.iter().position(|end| block < *end).unwrap_or(0)
    })
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
