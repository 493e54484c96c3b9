//! The layers over pictures, bound: forward, one after the other, for parts of a population and of a batch. Values lie
//! as those of dense layers do: candidate, value, row.

use super::Activation;
use super::batch::Batch;
use super::convolution::{Cut, Way};
use super::layered::Part;
use super::pictures::Stage;
use super::pool;
use super::product::Tile;
use crate::gpu::{Bindings, Buffer, Gpu, Kernel, Recording, Source, Threads, View, WORKGROUP};
use crate::{Error, Result};

/// Workgroups along a dimension of a dispatch.
const MOST_GROUPS: u32 = 65_535;

/// Layers over pictures, and how they are cut.
pub(super) struct Pictured {
    pub(super) stages: Vec<Stage>,
    pub(super) tile: Tile,
    pub(super) padded_rows: u32,
}

/// What the forward pass of a part leaves.
pub(super) struct Values {
    /// Of every layer if all are kept; else two buffers, for one kernel after the other in turn.
    pub(super) values: Vec<Buffer<f32>>,
    /// Of layers whose slope is told from their sums, where all are kept.
    pub(super) sums: Vec<Option<Buffer<f32>>>,
}

/// The kernels of one layer.
pub(super) struct StageKernel {
    kernel: Kernel,
    /// From sums to values, where both are kept.
    activation: Option<Kernel>,
    /// Workgroups of a candidate; none where threads are counted.
    tiles: Option<u32>,
    /// Whether it does what the next layer does, too.
    pools: bool,
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
        if keep {
            let sums = |stage: &Stage| stage.step.activation().slope_is_of_sum().then(|| of(stage)).transpose();
            return Ok(Values {
                values: self.stages.iter().map(of).collect::<Result<_>>()?,
                sums: self.stages.iter().map(sums).collect::<Result<_>>()?,
            });
        }
        let count = self.stages.len().min(2);
        let two = (0..count).map(|_| buffer(self.widest(false))).collect::<Result<_>>()?;
        Ok(Values { values: two, sums: Vec::new() })
    }

    /// The kernels of a forward pass with `staged` weights a candidate, those of pictures first.
    pub(super) fn kernels(&self, gpu: &Gpu, batch: &Batch, staged: u32, keep: bool) -> Result<Vec<StageKernel>> {
        let mut offset = 0;
        let mut kernels = Vec::new();
        let mut pooled = false;
        for (number, stage) in self.stages.iter().enumerate() {
            if std::mem::take(&mut pooled) {
                continue;
            }
            let activation = stage.step.activation();
            let sums = keep && activation.slope_is_of_sum();
            let columns = (number == 0).then_some(batch.columns);
            let with_pool = Cut::with_pool(self.tile, stage, self.stages.get(number + 1)).filter(|_| !keep);
            pooled = with_pool.is_some();
            let Some(cut) = with_pool.or_else(|| Cut::new(self.tile, stage, Way::Forward)) else {
                let kernel = pool::forward(gpu, stage, self.tile, self.padded_rows, columns)?;
                kernels.push(StageKernel { kernel, activation: None, tiles: None, pools: false });
                continue;
            };
            check(gpu, stage, &cut)?;
            let source = cut
                .constants(Source::new(), self.tile, (staged, offset))
                .constant("PADDED_ROWS", self.padded_rows)
                .constant("COLUMNS", batch.columns)
                .piece("activation", activation.wgsl())?;
            let plain = sums || activation == Activation::Identity;
            let written = |sum: &str, _: &str| if plain { sum.into() } else { format!("activate({sum})") };
            let text = cut.text(self.tile, number == 0, "", &written);
            let kernel = gpu.kernel("convolve", &source.piece("convolution", &text)?)?;
            let activation = sums.then(|| self.activation(gpu, stage)).transpose()?;
            kernels.push(StageKernel { kernel, activation, tiles: Some(cut.tiles()), pools: pooled });
            offset += stage.weights().map_or(0, |(inputs, filters)| (inputs + 1) * self.tile.padded(filters));
        }
        Ok(kernels)
    }

    fn activation(&self, gpu: &Gpu, stage: &Stage) -> Result<Kernel> {
        let source = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("UNITS", self.tile.padded(stage.to.count()))
            .constant("COLUMNS", self.padded_rows)
            .piece("activation", stage.step.activation().wgsl())?
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
        let mut inputs = rows;
        let (mut weighted, mut number) = (0, 0);
        for (turn, kernel) in kernels.iter().enumerate() {
            let stage = &self.stages[number];
            // With pooling at once there are fewer kernels than layers; then nothing is kept.
            let into = values.values.get(turn).unwrap_or(&values.values[turn % 2]).view();
            weighted += usize::from(stage.weights().is_some());
            // Layers without weights go with those below.
            if weighted > from || from == 0 {
                let sums = values.sums.get(number).and_then(Option::as_ref).map(Buffer::view);
                let outputs = sums.clone().unwrap_or_else(|| into.clone());
                let bound = bindings.clone().with("inputs", inputs).with("outputs", outputs);
                recording.dispatch(gpu, &kernel.kernel, &bound, self.threads(kernel.tiles, stage.to.count(), part))?;
                if let (Some(activation), Some(sums)) = (&kernel.activation, sums) {
                    let bound = bindings.clone().with("sums", sums).with("outputs", into.clone());
                    let threads = part.candidates * self.tile.padded(stage.to.count()) * self.padded_rows;
                    recording.dispatch(gpu, activation, &bound, Threads::Line(threads))?;
                }
            }
            inputs = into;
            number += 1 + usize::from(kernel.pools);
        }
        Ok(inputs)
    }

    /// Threads of a kernel of tiles, or of one with a thread for each of `count` values and rows.
    pub(super) fn threads(&self, tiles: Option<u32>, count: u32, part: Part) -> Threads {
        match tiles {
            Some(tiles) => Threads::Grid([part.rows.div_ceil(self.tile.lanes), tiles, part.candidates]),
            None => Threads::Line(part.candidates * count * self.padded_rows),
        }
    }
}

/// Refuses a convolution that needs more workgroups or turns than an adapter has.
pub(super) fn check(gpu: &Gpu, stage: &Stage, cut: &Cut) -> Result<()> {
    let limit = |needed: u32, unit: &str, allowed: u32| Error::Limit {
        what: format!("the layer {} on pictures of {}", stage.step, stage.from),
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
