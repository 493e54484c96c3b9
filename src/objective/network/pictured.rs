//! The layers over pictures, bound: forward, one after the other, for parts of a population and of a batch. Values lie
//! as those of dense layers do: candidate, value, row.

use super::Activation;
use super::batch::Batch;
use super::convolution::{Cut, Way};
use super::norm::{self, Moments, Norm};
use super::part::Part;
use super::product::Tile;
use super::stages::{Operation, Stage, weighted};
use super::{pool, sum};
use crate::gpu::{Bindings, Buffer, Gpu, Kernel, Recording, Source, Threads, View, WORKGROUP};
use crate::{Error, Result};

/// Workgroups along a dimension of a dispatch.
const MOST_GROUPS: u32 = 65_535;

/// Layers over pictures, and how they are cut.
pub(super) struct Pictured {
    pub(super) stages: Vec<Stage>,
    pub(super) tile: Tile,
    pub(super) padded_rows: u32,
    /// What norms go by.
    pub(super) moments: Moments,
}

/// What the forward pass of a part leaves.
pub(super) struct Values {
    /// Of every layer if all are kept; else as few buffers as it takes, in turn.
    pub(super) values: Vec<Buffer<f32>>,
    /// Of layers whose slope is told from their sums, where all are kept.
    pub(super) sums: Vec<Option<Buffer<f32>>>,
    /// Of norms that go by the batch: candidate, channel, mean and variance.
    pub(super) moments: Option<Buffer<f32>>,
}

/// One kernel after the other: which layers it does, and where the values lie.
#[derive(Clone, Copy)]
struct Turn {
    first: usize,
    /// Another one than the first where a convolution pools.
    last: usize,
    /// The buffer that it writes.
    into: usize,
}

/// The kernels of one turn.
pub(super) struct StageKernel {
    turn: Turn,
    kernel: Kernel,
    /// What comes first: the moments of so many channels.
    measure: Option<(Kernel, u32)>,
    /// From sums to values, where both are kept.
    activation: Option<Kernel>,
    /// Workgroups of a candidate on the rows of one, and these rows; none where threads are counted.
    tiles: Option<[u32; 2]>,
    /// The buffers it reads; none for the rows.
    reads: Option<usize>,
    beside: Option<usize>,
}

impl Pictured {
    /// Largest number of values that one layer stores for a row, of those that are kept; 0 without layers.
    pub(super) fn widest(&self, keep: bool) -> u32 {
        let stored = |number: &usize| keep || !self.pools(*number);
        let sizes = (0..self.stages.len()).filter(stored).map(|number| self.stages[number].to.count());
        sizes.map(|count| self.tile.padded(count)).max().unwrap_or(0)
    }

    /// Whether a layer is a convolution that is pooled at once, where not all is kept.
    fn pools(&self, number: usize) -> bool {
        Cut::with_pool(self.tile, &self.stages[number], self.stages.get(number + 1)).is_some()
    }

    /// What is done in turn. Unless all is kept, a turn writes into the first buffer of which nothing is read any more.
    fn turns(&self, keep: bool) -> Vec<Turn> {
        // The dense layers read the last.
        let mut last_reader = vec![usize::MAX; self.stages.len()];
        for (number, stage) in self.stages.iter().enumerate() {
            stage.sources().for_each(|source| last_reader[source] = number);
        }
        let (mut turns, mut held): (Vec<Turn>, Vec<usize>) = (Vec::new(), Vec::new());
        while let Some(first) =
            turns.last().map_or(Some(0), |turn| Some(turn.last + 1)).filter(|n| *n < self.stages.len())
        {
            let last = first + usize::from(!keep && self.pools(first));
            let free = held.iter().position(|stage| !keep && last_reader[*stage] < first);
            let into = free.unwrap_or(held.len());
            held.resize(held.len().max(into + 1), last);
            held[into] = last;
            turns.push(Turn { first, last, into });
        }
        turns
    }

    /// Numbers for a candidate: mean and variance of every channel of every norm.
    pub(super) fn moment_count(&self) -> u32 {
        2 * norm::channels(&self.stages)
    }

    /// The most work that one dispatch has for a row.
    pub(super) fn work(&self) -> f64 {
        self.stages.iter().map(Stage::operations).fold(0.0, f64::max)
    }

    /// Values of so many candidates; `keep`: of every layer.
    pub(super) fn values(&self, gpu: &Gpu, candidates: u32, keep: bool) -> Result<Values> {
        let buffer = |values: u32| {
            let all = u64::from(candidates) * u64::from(values) * u64::from(self.padded_rows);
            gpu.buffer::<f32>("pictures", all)
        };
        let of = |stage: &Stage| buffer(self.tile.padded(stage.to.count()));
        let own = self.moments == Moments::OfBatch && self.moment_count() > 0;
        let moments = u64::from(candidates) * u64::from(self.moment_count());
        let moments = own.then(|| gpu.buffer("moments of norms", moments)).transpose()?;
        if keep {
            let sums = |stage: &Stage| stage.activation.slope_is_of_sum().then(|| of(stage)).transpose();
            return Ok(Values {
                values: self.stages.iter().map(of).collect::<Result<_>>()?,
                sums: self.stages.iter().map(sums).collect::<Result<_>>()?,
                moments,
            });
        }
        let count = self.turns(false).iter().map(|turn| turn.into + 1).max().unwrap_or(0);
        let few = (0..count).map(|_| buffer(self.widest(false))).collect::<Result<_>>()?;
        Ok(Values { values: few, sums: Vec::new(), moments })
    }

    /// The kernels of a forward pass with `staged` weights a candidate, those of pictures first.
    pub(super) fn kernels(&self, gpu: &Gpu, batch: &Batch, staged: u32, keep: bool) -> Result<Vec<StageKernel>> {
        let mut offset = 0;
        let mut kernels = Vec::new();
        let mut holds = vec![0; self.stages.len()];
        for turn in self.turns(keep) {
            let stage = &self.stages[turn.first];
            holds[turn.last] = turn.into;
            let sums = keep && stage.activation.slope_is_of_sum();
            let activation = if sums { Activation::Identity } else { stage.activation };
            let columns = stage.reads.is_none().then_some(batch.columns);
            let (mut tiles, mut measure, mut beside) = (None, None, None);
            let kernel = match stage.operation {
                Operation::Convolution { .. } => {
                    let pooled = Cut::with_pool(self.tile, stage, self.stages.get(turn.last)).filter(|_| !keep);
                    let Some(cut) = pooled.or_else(|| Cut::new(self.tile, stage, Way::Forward)) else { continue };
                    check(gpu, stage, &cut)?;
                    tiles = Some(cut.grid(self.tile));
                    let source = cut
                        .constants(Source::new(), self.tile, (staged, offset))
                        .constant("PADDED_ROWS", self.padded_rows)
                        .constant("COLUMNS", batch.columns)
                        .piece("activation", activation.wgsl())?;
                    let plain = activation == Activation::Identity;
                    let written = |sum: &str, _: &str| if plain { sum.into() } else { format!("activate({sum})") };
                    let text = cut.text(self.tile, columns.is_some(), (false, ""), &written);
                    gpu.kernel("convolve", &source.piece("convolution", &text)?)?
                }
                Operation::Norm => {
                    let kernels = self.norm(turn.first, (staged, offset)).forward(gpu, activation)?;
                    measure = kernels.0.map(|kernel| (kernel, stage.to.channels));
                    kernels.1
                }
                Operation::Sum(other) => {
                    beside = Some(holds[other]);
                    sum::forward(gpu, stage, self.tile, self.padded_rows, activation.wgsl())?
                }
                _ => pool::forward(gpu, stage, self.tile, self.padded_rows, columns)?,
            };
            let activation = sums.then(|| self.activation(gpu, stage)).transpose()?;
            let reads = stage.reads.map(|other| holds[other]);
            kernels.push(StageKernel { turn, kernel, measure, activation, tiles, reads, beside });
            offset += stage.weights().map_or(0, |(inputs, filters)| (inputs + 1) * self.tile.padded(filters));
        }
        Ok(kernels)
    }

    /// A norm whose weights begin at `staged.1` of `staged.0`.
    pub(super) fn norm(&self, number: usize, staged: (u32, u32)) -> Norm<'_> {
        let Self { stages, tile, padded_rows, moments } = self;
        Norm { stages, number, tile: *tile, padded_rows: *padded_rows, staged, moments: *moments }
    }

    fn activation(&self, gpu: &Gpu, stage: &Stage) -> Result<Kernel> {
        let source = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("UNITS", self.tile.padded(stage.to.count()))
            .constant("COLUMNS", self.padded_rows)
            .piece("activation", stage.activation.wgsl())?
            .piece("values", include_str!("../../../shaders/objective/network/values.wgsl"))?;
        gpu.kernel("values_of_sums", &source)
    }

    /// Records the forward pass of one part from weighted layer `from` on; returns what goes into the dense layers.
    pub(super) fn forward(
        &self,
        gpu: &Gpu,
        (kernels, values): (&[StageKernel], &Values),
        bindings: &Bindings,
        (part, rows): (Part, View),
        from: usize,
        recording: &mut Recording,
    ) -> Result<View> {
        let weighted = weighted(&self.stages);
        let mut bindings = bindings.clone();
        if let Some(moments) = &values.moments {
            bindings = bindings.with("moments", moments.view());
        }
        for StageKernel { turn, kernel, measure, activation, tiles, reads, beside } in kernels {
            // Layers without weights go with those below.
            if weighted[turn.last] <= from && from > 0 {
                continue;
            }
            let stage = &self.stages[turn.last];
            let into = values.values[turn.into].view();
            let sums = values.sums.get(turn.last).and_then(Option::as_ref).map(Buffer::view);
            let inputs = reads.map_or_else(|| rows.clone(), |slot| values.values[slot].view());
            let mut bound =
                bindings.clone().with("inputs", inputs).with("outputs", sums.clone().unwrap_or_else(|| into.clone()));
            if let Some(slot) = beside {
                bound = bound.with("beside", values.values[*slot].view());
            }
            if let Some((measure, channels)) = measure {
                recording.dispatch(gpu, measure, &bound, Threads::Groups(part.candidates * channels))?;
            }
            // A sum takes whole vectors, padding and all.
            let count = if beside.is_some() { self.tile.padded(stage.to.count()) } else { stage.to.count() };
            recording.dispatch(gpu, kernel, &bound, self.threads(*tiles, count, part))?;
            if let (Some(activation), Some(sums)) = (activation, sums) {
                let bound = bindings.clone().with("sums", sums).with("outputs", into);
                let threads = part.candidates * self.tile.padded(stage.to.count()) * self.padded_rows;
                recording.dispatch(gpu, activation, &bound, Threads::Line(threads))?;
            }
        }
        Ok(self.last(kernels).map_or(rows, |slot| values.values[slot].view()))
    }

    /// The buffer in which the dense layers find what they take in.
    pub(super) fn last(&self, kernels: &[StageKernel]) -> Option<usize> {
        kernels.last().map(|kernel| kernel.turn.into)
    }

    /// The buffer in which weighted layer `layer` finds what it takes in, unless it reads the rows.
    pub(super) fn entry(&self, kernels: &[StageKernel], layer: usize) -> Option<usize> {
        let weighted = weighted(&self.stages);
        kernels.iter().find(|kernel| weighted[kernel.turn.last] > layer)?.reads
    }

    /// Threads of a kernel of tiles, or of one with a thread for each of `count` values and rows.
    pub(super) fn threads(&self, tiles: Option<[u32; 2]>, count: u32, part: Part) -> Threads {
        match tiles {
            Some([tiles, rows]) => Threads::Grid([part.rows.div_ceil(rows), tiles, part.candidates]),
            None => Threads::Line(part.candidates * count * self.padded_rows),
        }
    }
}

/// Refuses a convolution that needs more workgroups or turns than an adapter has.
pub(super) fn check(gpu: &Gpu, stage: &Stage, cut: &Cut) -> Result<()> {
    let limit = |needed: u32, unit: &str, allowed: u32| Error::Limit {
        what: format!("a convolution of pictures of {} to {}", stage.from, stage.to),
        needed: format!("{needed} {unit}"),
        allowed: allowed.to_string(),
        remedy: "smaller pictures, or fewer filters".into(),
    };
    if cut.tiles() > MOST_GROUPS {
        return Err(limit(cut.tiles(), "workgroups", MOST_GROUPS));
    }
    if cut.loops() > gpu.loop_limit() {
        return Err(limit(cut.loops(), "turns of a loop", gpu.loop_limit()));
    }
    Ok(())
}
