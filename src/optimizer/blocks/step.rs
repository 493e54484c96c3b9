//! A search by blocks on the device: the whole vector, its lanes, and what a generation records of them.

use super::lane::{self, Lane};
use super::{ByBlocks, Gate, Partition, Turn};
use crate::gpu::{Bindings, Recording, Source, Threads, WORKGROUP};
use crate::population::{Bound, Context, Domain, Evaluation, Order, Points, Program, Shape, Start, Step, WORST};
use crate::shuffle::{ORDER, half, keys, shuffled};
use crate::{Error, Result};

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

pub(super) fn bind(search: &ByBlocks, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
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
        // Members gather round the vector, which is there.
        begin: None,
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
            .piece("blocks", include_str!("../../../shaders/optimizer/blocks.wgsl"))?,
        dims,
    };
    let mut start = Recording::new();
    step.whole(&mut start, "start_context", Threads::Line(dims))?;
    if let Some(begin) = &context.begin {
        begin.vector(&step.bound.points.chunks[0].positions, &mut start)?;
        begin.vector(&step.bound.best, &mut start)?;
    }
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
