//! Layer by layer: a candidate's layer is a matrix product in register tiles, activations lie in memory.
//!
//! Lanes run along rows, so the weight is the operand that all lanes share. On software adapters a lane takes four
//! neighbouring rows as a vector and, with subgroups, one load feeds four weights for every lane by broadcast; elsewhere
//! weights are read four at a time. No barrier, no workgroup memory: measured to be the shape that both kinds of adapters
//! run well (`product`).

use std::sync::Arc;

use super::batch::{Batch, Rows, most_at_once};
use super::cosines::Cosines;
use super::norm::Moments;
use super::part::Part;
use super::pictured::{Pictured, StageKernel, Values};
use super::product::{Tile, dense};
use super::staging::{stage_kernel, stage_threads, weights, weights_but_last_biases};
use super::{Architecture, Form, Layer, Margin, Network, Scorer};
use crate::Result;
use crate::gpu::{Bindings, Buffer, Kernel, Recording, Source, Threads, View, WORKGROUP};
use crate::objective::total::total;
use crate::population::{Context, Points};

/// Bytes of a scratch buffer at most.
pub(super) const SCRATCH: u64 = 64 << 20;

/// A network's forward pass over parts of a population and of a batch.
pub(super) struct Layered {
    pub(super) context: Context,
    pub(super) architecture: Architecture,
    /// What data are laid out for.
    pub(super) tile: Tile,
    /// How products of them are cut.
    pub(super) product: Tile,
    pub(super) padded_rows: u32,
    /// What comes before the dense layers.
    pub(super) pictured: Pictured,
    losses: Source,
    /// Where the outputs are cosines.
    margin: Option<Margin>,
    /// Numbers of a candidate's weights, laid out as matrices.
    pub(super) staged_size: u32,
    scratch: Option<Memory>,
    /// Where norms go by moments that are known beforehand.
    known: Option<Known>,
}

/// What norms go by, where it is not the batch.
enum Known {
    /// Moments as they were measured once, the same for all candidates.
    Given(Arc<[f32]>),
    /// Rows on which every candidate's are measured first.
    Sample(Batch, Box<Layered>),
}

/// Where the forward pass of a part leaves what it computes.
pub(super) struct Memory {
    pub(super) candidates: u32,
    pub(super) staged: Buffer<f32>,
    pub(super) pictures: Values,
    /// Of every dense layer, of the last one logits; two buffers in turn unless all are kept.
    pub(super) values: Vec<Buffer<f32>>,
    /// Of every hidden layer whose slope is told from its sum; none unless all are kept.
    pub(super) sums: Vec<Buffer<f32>>,
    pub(super) weight_norms: Buffer<f32>,
}

/// The work that answers for some rows.
pub(super) struct Answered {
    pub(super) recording: Recording,
    /// Where their outputs are then, unit after unit.
    pub(super) logits: View,
    /// And, in the first place, the sum of their losses.
    pub(super) loss: View,
    pub(super) rows: u32,
}

/// The kernels of a forward pass.
pub(super) struct Kernels {
    stage: Kernel,
    pictures: Vec<StageKernel>,
    dense: Vec<Kernel>,
    /// From sums to values, where both are kept.
    activations: Vec<Kernel>,
    pub(super) cosines: Option<Cosines>,
}

impl Layered {
    pub(super) fn new(context: &Context, network: &Network, batch: &Batch) -> Result<Self> {
        if network.architecture.norms().is_empty() || network.goes_by_batch() {
            return Self::by(context, network, batch.part_rows, Moments::OfBatch);
        }
        let mut layered = Self::by(context, network, batch.part_rows, Moments::Known)?;
        layered.known = match (&network.moments, &network.sample) {
            (Some(moments), _) => Some(Known::Given(Arc::clone(moments))),
            (None, Some(sample)) => {
                let sample = sample.at_most(most_at_once(&context.gpu, sample));
                let batch = Batch::new(context, &sample, Form::Layered)?;
                let inner = Self::by(context, &sample, batch.part_rows, Moments::Kept)?;
                Some(Known::Sample(batch, Box::new(inner)))
            }
            (None, None) => None,
        };
        Ok(layered)
    }

    /// Of no more than so many rows at a time.
    pub(super) fn by(context: &Context, network: &Network, rows: u32, moments: Moments) -> Result<Self> {
        let gpu = &context.gpu;
        let tile = Tile::new(gpu).for_rows(rows);
        let architecture = network.architecture.clone();
        let padded_rows = tile.padded_rows(rows);
        let staged_size = architecture.layers().iter().map(|l| (l.inputs + 1) * tile.padded(l.outputs)).sum();
        let losses = Source::new()
            .constant("REDUCE", gpu.reduction_width())
            .constant("OUTPUTS", architecture.outputs)
            .constant("PADDED_OUTPUTS", tile.padded(architecture.outputs))
            .constant("PADDED_ROWS", padded_rows)
            .constant_f32("LOWERED", network.loss.margin().map_or(0.0, Margin::lowered))
            .piece("loss", &network.loss_piece())?
            .piece("layered_loss", include_str!("../../../shaders/objective/network/layered_loss.wgsl"))?;
        Ok(Self {
            context: context.clone(),
            pictured: Pictured { stages: architecture.stages(), tile, padded_rows, moments },
            architecture,
            tile,
            product: tile.for_products(gpu),
            padded_rows,
            losses,
            margin: network.loss.margin(),
            staged_size,
            scratch: None,
            known: None,
        })
    }

    /// Largest number of values that one dense layer has for a row.
    pub(super) fn widest(&self) -> u32 {
        self.architecture.dense_layers().iter().map(|l| self.tile.padded(l.outputs)).max().unwrap_or(4)
    }

    /// Candidates of a part: as many as memory and 100 ms allow, with no more than `staged` weights laid out for each;
    /// `keep`: where what every layer computes is kept.
    pub(super) fn part_candidates(&self, candidates: u32, staged: u32, keep: bool) -> u32 {
        let gpu = &self.context.gpu;
        let budget = SCRATCH.min(gpu.binding_limit()) / 4;
        let values = u64::from(self.widest().max(self.pictured.widest(keep))) * u64::from(self.padded_rows);
        let per_candidate = values.max(self.staged_size.into()).max(staged.into());
        let dense = self.architecture.dense_layers();
        let most = dense.iter().map(|l| 2.0 * f64::from(l.inputs) * f64::from(l.outputs)).fold(1.0, f64::max);
        let by_time = gpu.work_limit() / (most.max(self.pictured.work()) * f64::from(self.padded_rows));
        candidates.min((budget / per_candidate) as u32).min(by_time as u32).clamp(1, 65_535)
    }

    /// Memory of so many candidates; `keep`: for what every layer computes.
    pub(super) fn memory(&self, candidates: u32, keep: bool) -> Result<Memory> {
        let gpu = &self.context.gpu;
        let layers = self.architecture.dense_layers();
        let few = |units: u32| u64::from(candidates) * u64::from(units);
        let buffer = |label, units| gpu.buffer::<f32>(label, few(units) * u64::from(self.padded_rows));
        let of = |label, layers: &[Layer]| -> Result<Vec<Buffer<f32>>> {
            layers.iter().map(|l| buffer(label, self.tile.padded(l.outputs))).collect()
        };
        let values = if keep {
            of("activations", &layers)?
        } else {
            let two = [buffer("activations", self.widest())?, buffer("activations", self.widest())?];
            two.into_iter().cycle().take(layers.len()).collect()
        };
        let told_from_sums = keep && self.architecture.activation.slope_is_of_sum();
        let hidden = if told_from_sums { layers.len() - 1 } else { 0 };
        let norms = if self.margin.is_some() { self.architecture.outputs } else { 0 };
        Ok(Memory {
            candidates,
            staged: gpu.buffer("staged weights", few(self.staged_size))?,
            pictures: self.pictured.values(gpu, candidates, keep)?,
            values,
            sums: of("sums", &layers[..hidden])?,
            weight_norms: gpu.buffer("norms of weights", few(norms))?,
        })
    }

    /// The kernels for these points; `keep`: for memory of what every layer computes.
    pub(super) fn kernels(&self, points: &Points, batch: &Batch, keep: bool) -> Result<Kernels> {
        let (gpu, sizes) = (&self.context.gpu, (self.padded_rows, batch.columns));
        let cosines = |margin| Cosines::new(gpu, &self.architecture, self.tile, sizes, margin);
        let weights = if self.margin.is_some() { weights_but_last_biases } else { weights };
        let sums = keep && self.architecture.activation.slope_is_of_sum();
        Ok(Kernels {
            stage: stage_kernel(gpu, &points.source, self.staged_size, &weights(&self.architecture, self.tile))?,
            pictures: self.pictured.kernels(gpu, batch, self.staged_size, keep)?,
            dense: self.dense_kernels(batch, sums)?,
            activations: if sums { self.activation_kernels()? } else { Vec::new() },
            cosines: self.margin.map(cosines).transpose()?,
        })
    }

    /// The kernel that adds up the losses of a part.
    pub(super) fn losses_kernel(&self, points: &Points) -> Result<Kernel> {
        self.context.gpu.kernel("losses", &points.source.clone().join(&self.losses))
    }

    /// `sums`: no layer is activated, not only the last.
    fn dense_kernels(&self, batch: &Batch, sums: bool) -> Result<Vec<Kernel>> {
        let layers = self.architecture.layers();
        let before = self.architecture.before_dense();
        let on_rows = self.architecture.pictures.is_none();
        let mut offset = 0;
        let mut kernels = Vec::new();
        for (l, layer) in layers.iter().enumerate() {
            let size = (layer.inputs + 1) * self.tile.padded(layer.outputs);
            if l < before {
                offset += size;
                continue;
            }
            let last = l + 1 == layers.len();
            let source = Source::new()
                .constant("STAGED", self.staged_size)
                .constant("OFFSET", offset)
                .constant("INPUTS", layer.inputs)
                .constant("PADDED_INPUTS", self.tile.padded(layer.inputs))
                .constant("PADDED", self.tile.padded(layer.outputs))
                .constant("PADDED_ROWS", self.padded_rows)
                .constant("COLUMNS", batch.columns)
                .piece("activation", self.architecture.activation.wgsl())?
                .piece("dense", &dense(layer, (self.tile, self.product), l == 0 && on_rows, last || sums))?;
            kernels.push(self.context.gpu.kernel("dense", &source)?);
            offset += size;
        }
        Ok(kernels)
    }

    fn activation_kernels(&self) -> Result<Vec<Kernel>> {
        let kernel = |layer: &Layer| {
            let source = Source::new()
                .constant("WORKGROUP", WORKGROUP)
                .constant("UNITS", self.tile.padded(layer.outputs))
                .constant("COLUMNS", self.padded_rows)
                .piece("activation", self.architecture.activation.wgsl())?
                .piece("values", include_str!("../../../shaders/objective/network/values.wgsl"))?;
            self.context.gpu.kernel("values_of_sums", &source)
        };
        let layers = self.architecture.dense_layers();
        layers[..layers.len() - 1].iter().map(kernel).collect()
    }

    /// Records the forward pass of one part, from layer `from` on. What the last layer takes in is then in the first view
    /// returned, the logits in the second.
    pub(super) fn forward(
        &self,
        (kernels, memory): (&Kernels, &Memory),
        bindings: &Bindings,
        (part, rows): (Part, &Rows),
        from: usize,
        recording: &mut Recording,
    ) -> Result<[View; 2]> {
        let bindings = bindings.clone().with("staged", memory.staged.view());
        let threads = stage_threads(part.candidates, self.staged_size);
        recording.dispatch(&self.context.gpu, &kernels.stage, &bindings, threads)?;
        self.pass((kernels, memory), &bindings, (part, rows), from, recording)
    }

    /// Where layer `layer` reads what it takes in, unless that are the rows.
    pub(super) fn entry(&self, kernels: &Kernels, memory: &Memory, layer: usize) -> Option<View> {
        match layer.checked_sub(self.architecture.before_dense()) {
            Some(0) => memory.pictures.values.get(self.pictured.last(&kernels.pictures)?).map(Buffer::view),
            Some(l) => Some(memory.values[l - 1].view()),
            None => self.pictured.entry(&kernels.pictures, layer).map(|slot| memory.pictures.values[slot].view()),
        }
    }

    /// The forward pass on weights that are laid out, bound as `staged`.
    pub(super) fn pass(
        &self,
        (kernels, memory): (&Kernels, &Memory),
        bindings: &Bindings,
        (part, rows): (Part, &Rows),
        from: usize,
        recording: &mut Recording,
    ) -> Result<[View; 2]> {
        let gpu = &self.context.gpu;
        let layers = self.architecture.dense_layers();
        let pictures = (&kernels.pictures[..], &memory.pictures);
        let flat = self.pictured.forward(gpu, pictures, bindings, (part, rows.inputs.clone()), from, recording)?;
        let input = |l: usize| if l == 0 { flat.clone() } else { memory.values[l - 1].view() };
        let from = from.saturating_sub(self.architecture.before_dense());
        for (l, layer) in layers.iter().enumerate().skip(from) {
            let values = memory.values[l].view();
            let sums = memory.sums.get(l).map(Buffer::view);
            let outputs = sums.clone().unwrap_or_else(|| values.clone());
            let bound = bindings.clone().with("inputs", input(l)).with("outputs", outputs);
            recording.dispatch(gpu, &kernels.dense[l], &bound, self.tiles(layer.outputs, part))?;
            if let Some(sums) = sums {
                let bound = bindings.clone().with("sums", sums).with("outputs", values);
                let threads = part.candidates * self.tile.padded(layer.outputs) * self.padded_rows;
                recording.dispatch(gpu, &kernels.activations[l], &bound, Threads::Line(threads))?;
            }
        }
        let last = layers.len() - 1;
        let ends = [input(last), memory.values[last].view()];
        if let Some(cosines) = &kernels.cosines {
            let bindings = bindings.clone().with("weight_norms", memory.weight_norms.view());
            cosines.record(gpu, &bindings, ends.clone(), part, recording)?;
        }
        Ok(ends)
    }

    /// Workgroups of a product with so many units.
    pub(super) fn tiles(&self, outputs: u32, part: Part) -> Threads {
        let padded = self.tile.padded(outputs);
        let units = self.product.units_for(padded);
        let rows = part.rows.div_ceil(self.product.lanes * self.product.rows_for(units));
        Threads::Grid([rows, padded / units, part.candidates])
    }

    /// Records `each` for all parts, of at most so many candidates. It is given the number of the chunk and what kernels
    /// bind; where it is told to be `scored`, the losses it leaves become the candidates' fitness.
    pub(super) fn over_parts(
        &self,
        (points, batch): (&Points, &Batch),
        (per_part, scored): (u32, bool),
        recording: &mut Recording,
        mut each: impl FnMut(usize, Bindings, (Part, &Rows), &mut Recording) -> Result<()>,
    ) -> Result<()> {
        let gpu = &self.context.gpu;
        let blocks = batch.parts();
        let partial: Buffer<f32> = gpu.buffer("partial", u64::from(blocks) * u64::from(points.stride))?;
        let partial = Bindings::new().with("partial", partial.view());
        for (number, chunk) in points.chunks.iter().enumerate() {
            recording.append(&chunk.fill);
            for block in 0..blocks {
                let rows = batch.part(block);
                for part in Part::of(&rows, block).among(chunk.members, per_part) {
                    let bindings = self.bindings(chunk.bindings.clone(), part)?.and(&partial);
                    each(number, bindings, (part, &rows), recording)?;
                }
            }
            if scored {
                total(&self.context, points, chunk, &partial, (blocks, batch.rows), recording)?;
            }
        }
        Ok(())
    }

    /// The moments that norms go by, where these are known before the batch is seen: a place for every candidate of a
    /// chunk.
    fn moments(&self, candidates: u32) -> Result<Option<Buffer<f32>>> {
        let gpu = &self.context.gpu;
        let count = u64::from(candidates) * u64::from(self.pictured.moment_count());
        match &self.known {
            None => Ok(None),
            Some(Known::Given(moments)) => {
                Ok(Some(gpu.upload("moments of norms", &moments.repeat(candidates as usize))?))
            }
            Some(Known::Sample(..)) => Ok(Some(gpu.buffer("moments of norms", count)?)),
        }
    }

    /// What measures the moments of these points, if that is to be done.
    fn measures(&self, points: &Points, per_part: u32) -> Result<Option<(Kernels, Memory)>> {
        let Some(Known::Sample(batch, inner)) = &self.known else { return Ok(None) };
        Ok(Some((inner.kernels(points, batch, false)?, inner.memory(per_part, false)?)))
    }

    /// Records the moments of a part of the candidates into what is bound as `moments`.
    fn measure(
        &self,
        (kernels, memory): &(Kernels, Memory),
        bindings: &Bindings,
        part: Part,
        recording: &mut Recording,
    ) -> Result<()> {
        let Some(Known::Sample(batch, inner)) = &self.known else { return Ok(()) };
        let rows = batch.part(0);
        let part = Part { row: rows.row, rows: rows.rows, ..part };
        let bindings = bindings.clone().with("part", self.context.gpu.uniform("part", &part)?.view());
        inner.forward((kernels, memory), &bindings, (part, &rows), 0, recording)?;
        Ok(())
    }

    /// The moments that were measured for a population of one.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn measured(&self, points: &Points) -> Result<Vec<f32>> {
        let gpu = &self.context.gpu;
        let (Some(Known::Sample(batch, _)), Some(moments)) = (&self.known, self.moments(1)?) else {
            return Ok(Vec::new());
        };
        let mut recording = Recording::new();
        if let Some(measures) = self.measures(points, 1)? {
            let part = Part::of(&batch.part(0), 0);
            let bindings = self.bindings(points.chunks[0].bindings.clone(), part)?.with("moments", moments.view());
            self.measure(&measures, &bindings, part, &mut recording)?;
        }
        Ok(gpu.run(&recording, &[moments.view()])?.values(0))
    }

    /// What computes the outputs of a population of one and their losses: one part of the rows after the other, in this
    /// order, since the first lays out the weights.
    pub(super) fn answers(&self, points: &Points, batch: &Batch) -> Result<Vec<Answered>> {
        let gpu = &self.context.gpu;
        let memory = self.memory(1, false)?;
        let kernels = self.kernels(points, batch, false)?;
        let losses = self.losses_kernel(points)?;
        let moments = self.moments(1)?;
        let measures = self.measures(points, 1)?;
        let partial: Buffer<f32> = gpu.buffer("partial", points.stride.into())?;
        let mut all = Vec::new();
        for number in 0..batch.parts() {
            let rows = batch.part(number);
            let part = Part::of(&rows, 0);
            let mut bindings = self.bindings(points.chunks[0].bindings.clone(), part)?;
            let mut recording = Recording::new();
            if let Some(moments) = &moments {
                bindings = bindings.with("moments", moments.view());
            }
            if let Some(measures) = measures.as_ref().filter(|_| number == 0) {
                self.measure(measures, &bindings, part, &mut recording)?;
            }
            let forward = (&kernels, &memory);
            let [_, logits] = if number == 0 {
                self.forward(forward, &bindings, (part, &rows), 0, &mut recording)?
            } else {
                let bindings = bindings.clone().with("staged", memory.staged.view());
                self.pass(forward, &bindings, (part, &rows), 0, &mut recording)?
            };
            let bindings = bindings
                .with("logits", logits.clone())
                .with("row_labels", rows.labels.clone())
                .with("partial", partial.view());
            recording.dispatch(gpu, &losses, &bindings, Threads::Groups(1))?;
            all.push(Answered { recording, logits, loss: partial.view(), rows: part.rows });
        }
        Ok(all)
    }

    fn bindings(&self, chunk: Bindings, part: Part) -> Result<Bindings> {
        Ok(chunk.and(&self.context.clock).with("part", self.context.gpu.uniform("part", &part)?.view()))
    }
}

impl Scorer for Layered {
    fn score(&mut self, points: &Points, batch: &Batch, recording: &mut Recording) -> Result<()> {
        let mut per_part = self.part_candidates(points.candidates, 0, false);
        if let Some(Known::Sample(_, inner)) = &self.known {
            per_part = per_part.min(inner.part_candidates(points.candidates, 0, false));
        }
        let memory = match self.scratch.take().filter(|scratch| scratch.candidates >= per_part) {
            Some(scratch) => scratch,
            None => self.memory(per_part, false)?,
        };
        let moments = self.moments(points.stride)?;
        let measures = self.measures(points, per_part)?;
        let kernels = self.kernels(points, batch, false)?;
        let losses = self.losses_kernel(points)?;
        self.over_parts((points, batch), (per_part, true), recording, |_, bindings, (part, rows), recording| {
            let bindings = match &moments {
                Some(moments) => bindings.with("moments", moments.view()),
                None => bindings,
            };
            // The candidates of a part are the same with all rows.
            if let Some(measures) = measures.as_ref().filter(|_| part.block == 0) {
                self.measure(measures, &bindings, part, recording)?;
            }
            let [_, logits] = self.forward((&kernels, &memory), &bindings, (part, rows), 0, recording)?;
            let bindings = bindings.with("logits", logits).with("row_labels", rows.labels.clone());
            recording.dispatch(&self.context.gpu, &losses, &bindings, Threads::Groups(part.candidates))
        })?;
        self.scratch = Some(memory);
        Ok(())
    }
}
