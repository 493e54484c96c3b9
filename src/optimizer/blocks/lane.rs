//! Blocks of equal width and the members that search some of them at a time.
//!
//! The members of the blocks whose turn it is live in an arena, a population like any other; what the others keep lies
//! in a bank, block after block.

use crate::Result;
use crate::gpu::{Bindings, Buffer, Gpu, Recording, Source, Threads, View};
use crate::population::{Context, Domain, Evaluation, Group, Optimizer, Points, Shape, Step};
use crate::shuffle::half;

/// Where a lane stands among the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its number.
    pub(super) number: u32,
    /// Blocks of the lanes before.
    pub(super) first: u32,
    /// Blocks that are searched at a time.
    pub(super) slots: u32,
    /// Coordinates of the whole vector.
    pub(super) dims: u32,
}

/// Blocks of equal width.
pub(super) struct Lane {
    gpu: Gpu,
    pub(super) group: Group,
    pub(super) place: Place,
    step: Box<dyn Step>,
    /// The members as candidates for the whole vector.
    pub(super) candidates: Points,
    /// What they remember, likewise.
    remembered: Option<Points>,
    chosen: Buffer<u32>,
    vaults: Vec<Vault>,
    bindings: Bindings,
    source: Source,
}

/// What the blocks keep of one buffer of the arena.
struct Vault {
    name: String,
    bank: Buffer<u32>,
    words: u32,
    bindings: Bindings,
}

/// The constants of a lane's kernels; `columns`: members, their columns, members padded to quads.
pub(super) fn constants(source: Source, group: &Group, place: Place, columns: (u32, u32, u32)) -> Source {
    source
        .constant("LANE", place.number)
        .constant("SLOTS", place.slots)
        .constant("FIRST_BLOCK", place.first)
        .constant("LANE_BLOCKS", group.blocks)
        .constant("LANE_HALF", half(group.blocks))
        .constant("GROUP_OFFSET", group.offset)
        .constant("BLOCK_WIDTH", group.width)
        .constant("MEMBER_COUNT", columns.0)
        .constant("MEMBER_COLUMNS", columns.1)
        .constant("PADDED_MEMBERS", columns.2)
}

impl Lane {
    pub(super) fn new(
        inside: &Context,
        inner: &dyn Optimizer,
        (group, place, members): (Group, Place, u32),
        domain: &Domain,
        (shared, source): (&Bindings, &Source),
    ) -> Result<Self> {
        let gpu = &inside.gpu;
        let shape = Shape { blocks: place.slots, members, width: group.width };
        let step = inner.bind(inside, shape, domain)?;
        let everyone: Vec<u32> = (0..place.slots).collect();
        let chosen = gpu.upload("chosen", &everyone)?;
        let context = shared.view("context").expect("the wrapper binds it");
        let whole = (&context, &chosen.view(), place.dims);
        let candidates = Points::blocks(gpu, step.points(), group, place.slots, whole)?;
        let remembered = step.remembered().map(|points| Points::blocks(gpu, points, group, place.slots, whole));
        let remembered = remembered.transpose()?;
        let bindings = shared
            .clone()
            .with("chosen", chosen.view())
            .with("block_best", step.best().view())
            .with("block_fitness", step.best_fitness().view());
        let mut vaults = Vec::new();
        // With every block at work there is nothing to put away.
        if place.slots < group.blocks {
            for (name, arena) in step.state().iter().cloned() {
                let words = (arena.size / 4) as u32 / place.slots;
                let bank = gpu.buffer::<u32>("bank", u64::from(words) * u64::from(group.blocks))?;
                let uniform = gpu.uniform("words", &words)?;
                let bindings = bindings
                    .clone()
                    .with("arena", arena.clone())
                    .with("bank", bank.view())
                    .with("words_of", uniform.view());
                vaults.push(Vault { name, bank, words, bindings });
            }
        }
        let source = source.clone();
        Ok(Self { gpu: gpu.clone(), group, place, step, candidates, remembered, chosen, vaults, bindings, source })
    }

    /// The kernels of `blocks.wgsl` for these members.
    fn source(&self, points: &Points) -> Result<Source> {
        let members = points.candidates;
        let columns = (members, points.stride, members.next_multiple_of(4));
        constants(self.source.clone(), &self.group, self.place, columns)
            .piece("blocks", include_str!("../../../shaders/optimizer/blocks.wgsl"))
    }

    /// Records a kernel that knows the lane.
    pub(super) fn whole(&self, recording: &mut Recording, entry: &str, threads: Threads) -> Result<()> {
        let kernel = self.gpu.kernel(entry, &self.source(self.step.points())?)?;
        recording.dispatch(&self.gpu, &kernel, &self.bindings, threads)
    }

    /// Records a kernel over some points of the arena.
    fn over(&self, recording: &mut Recording, entry: &str, points: &Points, threads: Threads) -> Result<()> {
        let kernel = self.gpu.kernel(entry, &self.source(points)?)?;
        let bindings = self
            .bindings
            .clone()
            .with("columns", points.chunks[0].positions.view())
            .with("values", points.fitness.view());
        recording.dispatch(&self.gpu, &kernel, &bindings, threads)
    }

    /// Records which blocks have their turn.
    pub(super) fn choose(&self, recording: &mut Recording, entry: &str) -> Result<()> {
        self.whole(recording, entry, Threads::Line(self.place.slots))
    }

    /// Records the first members of all blocks: around the vector, the first of them on it.
    pub(super) fn start(&self, recording: &mut Recording) -> Result<()> {
        let slots = self.place.slots;
        for first in (0..self.group.blocks).step_by(slots as usize) {
            let shifted = self.gpu.uniform("shifted", &first.min(self.group.blocks - slots))?;
            let kernel = self.gpu.kernel("choose_range", &self.source(self.step.points())?)?;
            let bindings = self.bindings.clone().with("shifted_by", shifted.view());
            recording.dispatch(&self.gpu, &kernel, &bindings, Threads::Line(slots))?;
            recording.append(self.step.start());
            for points in [Some(self.step.points()), self.step.remembered()].into_iter().flatten() {
                let threads = Threads::Line(slots * self.group.width * points.stride);
                self.over(recording, "gather_round", points, threads)?;
            }
            self.whole(recording, "next_move", Threads::Groups(1))?;
            self.move_words(recording, "save")?;
        }
        Ok(())
    }

    fn move_words(&self, recording: &mut Recording, entry: &str) -> Result<()> {
        let kernel = self.gpu.kernel(entry, &self.source(self.step.points())?)?;
        for vault in &self.vaults {
            let threads = Threads::Line(self.place.slots * vault.words);
            recording.dispatch(&self.gpu, &kernel, &vault.bindings, threads)?;
        }
        Ok(())
    }

    fn score(
        &self,
        recording: &mut Recording,
        evaluation: &mut dyn Evaluation,
        (candidates, points): (&Points, &Points),
    ) -> Result<u64> {
        evaluation.score(candidates, recording)?;
        if !points.candidates.is_multiple_of(4) {
            let threads = Threads::Line(candidates.candidates);
            self.over(recording, "leave_out", points, threads)?;
        }
        Ok(u64::from(self.place.slots) * u64::from(points.candidates))
    }

    /// Records the turn of the chosen blocks; returns how many candidates are scored.
    pub(super) fn turn(
        &self,
        recording: &mut Recording,
        evaluation: &mut dyn Evaluation,
        (moves, rescore, joined): (u32, bool, bool),
    ) -> Result<u64> {
        let mut evaluations = 0;
        self.move_words(recording, "load")?;
        let points = self.step.points();
        if let (true, Some(remembered), Some(own)) = (rescore, &self.remembered, self.step.remembered()) {
            // What is remembered was true in another context.
            if let Some(settle) = self.step.settle() {
                recording.append(settle);
            }
            evaluations += self.score(recording, evaluation, (remembered, own))?;
            self.over(recording, "forget", points, Threads::Line(self.candidates.candidates))?;
            recording.append(self.step.tell());
        }
        for number in 0..moves {
            recording.append(self.step.ask());
            if joined && number == 0 {
                let threads = Threads::Line(self.place.slots * self.group.width);
                self.over(recording, "join_in", points, threads)?;
            }
            evaluations += self.score(recording, evaluation, (&self.candidates, points))?;
            recording.append(self.step.tell());
            self.whole(recording, "next_move", Threads::Groups(1))?;
        }
        self.move_words(recording, "save")?;
        Ok(evaluations)
    }

    /// What a checkpoint must hold.
    pub(super) fn state(&self) -> Vec<(String, View)> {
        let name = |name: &str| format!("lane{}.{name}", self.place.number);
        let mut state: Vec<_> = if self.vaults.is_empty() {
            self.step.state().iter().map(|(inner, view)| (name(inner), view.clone())).collect()
        } else {
            self.vaults.iter().map(|vault| (name(&vault.name), vault.bank.view())).collect()
        };
        state.push((name("chosen"), self.chosen.view()));
        state
    }
}
