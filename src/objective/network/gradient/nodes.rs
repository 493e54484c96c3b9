//! Slopes without a way back (node perturbation): all that a layer takes in is moved up or down at random, row by row, the
//! layers from there on run again, and what that does to a row's loss tells the slopes in this row.
//!
//! The passes of a layer are one forward pass over as many more rows: all share the weights, and layers below are not run
//! again.

use super::super::batch::{Batch, Rows};
use super::super::layered::{Kernels, Layered, Memory, SCRATCH};
use super::super::norm::Moments;
use super::super::part::Part;
use super::super::{Activation, Network};
use crate::gpu::{Bindings, Buffer, Gpu, Kernel, Recording, Source, Threads, View, WORKGROUP};
use crate::population::{NodeNoise, Points};
use crate::{Error, Result};

/// What tells slopes from noise, for the members of one population.
pub(super) struct Nodes {
    noise: NodeNoise,
    /// The forward pass over the rows of a part, as often as there are passes at a time.
    wide: Layered,
    at_once: u32,
    padded_rows: u32,
}

/// Its memory of one part.
pub(super) struct Room {
    /// What it was made for.
    noise: NodeNoise,
    memory: Memory,
    losses: Buffer<f32>,
}

/// Its kernels for one population.
pub(super) struct NodeKernels {
    wide: Kernels,
    /// What a row costs as it is, and in passes.
    costs: [Kernel; 2],
    /// For what every layer but the first takes in, and for the outputs.
    levels: Vec<Level>,
}

struct Level {
    spread: Kernel,
    slopes: Kernel,
    quads: u32,
}

/// A part, and what its kernels bind.
pub(super) struct Place<'a> {
    pub(super) gpu: &'a Gpu,
    /// With the weights laid out as `staged`.
    pub(super) bindings: Bindings,
    pub(super) part: Part,
    pub(super) rows: &'a Rows,
}

impl Nodes {
    /// For a network whose layers are laid out as `layered` has it.
    pub(super) fn new(network: &Network, layered: &Layered, batch: &Batch, noise: &NodeNoise) -> Result<Self> {
        noise.check()?;
        if !network.architecture.norms().is_empty() {
            let remedy = "batch norm ties the rows of a batch together, noise moves each by itself: leave norms and blocks \
                          out, or take backprop";
            return Err(Error::setting("estimate", "nodes", remedy));
        }
        if network.loss.margin().is_some() {
            let remedy = format!("it does not go with the loss {}: take cross-entropy", network.loss.name());
            return Err(Error::setting("estimate", "nodes", remedy));
        }
        let widest = u64::from(layered.widest().max(layered.pictured.widest(false)));
        let rows = SCRATCH.min(layered.context.gpu.binding_limit()) / 8 / widest;
        let at_once = (rows / u64::from(batch.part_rows)).clamp(1, noise.perturbations.into()) as u32;
        let wide = Layered::by(&layered.context, network, at_once * batch.part_rows, Moments::OfBatch)?;
        Ok(Self { noise: noise.clone(), wide, at_once, padded_rows: layered.padded_rows })
    }

    /// Candidates of a part at most.
    pub(super) fn part_candidates(&self, candidates: u32) -> u32 {
        self.wide.part_candidates(candidates, 0, false)
    }

    /// Whether this memory is for its noise.
    pub(super) fn suits(&self, room: &Room) -> bool {
        room.noise == self.noise
    }

    pub(super) fn room(&self, candidates: u32) -> Result<Room> {
        let slots = u64::from(candidates) * u64::from(self.noise.perturbations + 1);
        let losses = self.wide.context.gpu.buffer("losses of passes", slots * u64::from(self.padded_rows))?;
        Ok(Room { noise: self.noise.clone(), memory: self.wide.memory(candidates, false)?, losses })
    }

    pub(super) fn kernels(&self, network: &Network, points: &Points, batch: &Batch) -> Result<NodeKernels> {
        let Self { noise, wide, padded_rows, .. } = self;
        let gpu = &wide.context.gpu;
        let stages = &wide.pictured.stages;
        let before = wide.architecture.before_dense();
        // What each layer but the first takes in, and the activation that made it; at last the outputs.
        let pictures = stages.iter().filter(|stage| stage.weights().is_some()).filter_map(|stage| {
            let below = stage.reads?;
            Some((stage.from.count(), stages[below].activation))
        });
        let dense = wide.architecture.dense_layers();
        let dense = dense.iter().enumerate().skip(usize::from(before == 0)).map(|(l, layer)| {
            let above_pictures = stages.last().filter(|_| l == 0).map(|stage| stage.activation);
            (layer.inputs, above_pictures.unwrap_or(wide.architecture.activation))
        });
        let values: Vec<_> =
            pictures.chain(dense).chain([(network.architecture.outputs, Activation::Identity)]).collect();

        let all_quads = values.iter().map(|(units, _)| units.div_ceil(4)).sum();
        let source = |wide_rows: u32| {
            points
                .source
                .clone()
                .constant("WORKGROUP", WORKGROUP)
                .constant("PADDED_ROWS", *padded_rows)
                .constant("PART_ROWS", batch.part_rows)
                .constant("WIDE_ROWS", wide_rows)
                .constant("SLOTS", noise.perturbations + 1)
                .constant("ALL_QUADS", all_quads)
                .constant_f32("SIGMA", noise.sigma)
        };
        let cost = |wide_rows: u32| {
            let source = source(wide_rows)
                .constant("FIRST_QUAD", 0)
                .constant("OUTPUTS", network.architecture.outputs)
                .constant("PADDED_OUTPUTS", wide.tile.padded(network.architecture.outputs))
                .constant_f32("LOWERED", 0.0)
                .piece("loss", &network.loss_piece())?;
            let text = include_str!("../../../../shaders/objective/network/node_losses.wgsl");
            gpu.kernel("cost", &source.piece("node_losses", text)?)
        };
        let per_change = 1.0 / (noise.perturbations as f32 * noise.sigma * batch.rows as f32);
        let mut levels = Vec::new();
        let mut first = 0;
        for (units, activation) in values {
            let source: Source = source(wide.padded_rows)
                .constant("FIRST_QUAD", first)
                .constant("QUADS", wide.tile.padded(units) / 4)
                .constant_f32("PER_CHANGE", per_change)
                .piece("activation", activation.wgsl())?;
            let spread = include_str!("../../../../shaders/objective/network/node_spread.wgsl");
            let slopes = include_str!("../../../../shaders/objective/network/node_slopes.wgsl");
            levels.push(Level {
                spread: gpu.kernel("spread", &source.clone().piece("node_spread", spread)?)?,
                slopes: gpu.kernel("node_slopes", &source.piece("node_slopes", slopes)?)?,
                quads: wide.tile.padded(units) / 4,
            });
            first += units.div_ceil(4);
        }
        let costs = [cost(*padded_rows)?, cost(wide.padded_rows)?];
        Ok(NodeKernels { wide: wide.kernels(points, batch, false)?, costs, levels })
    }

    /// Records what the rows of a part cost as they are, from these logits.
    pub(super) fn begin(
        &self,
        (kernels, room): (&NodeKernels, &Room),
        place: &Place,
        logits: View,
        recording: &mut Recording,
    ) -> Result<()> {
        self.cost(&kernels.costs[0], (room, self.padded_rows), place, ([0, 1], logits), recording)
    }

    /// Records the slopes in what `layer` takes in, or in the outputs for the layer past the last: `inputs` has the values,
    /// `told_from` what the slope of their activation is told from, and the slopes go `into` the third.
    pub(super) fn slopes(
        &self,
        (kernels, room): (&NodeKernels, &Room),
        place: &Place,
        layer: usize,
        [inputs, told_from, into]: [View; 3],
        recording: &mut Recording,
    ) -> Result<()> {
        let Place { gpu, bindings, part, rows } = place;
        let level = &kernels.levels[layer - 1];
        let threads = Threads::Line(part.candidates * level.quads * self.padded_rows);
        let last = layer == kernels.levels.len();
        let logits = || room.memory.values[room.memory.values.len() - 1].view();
        let entry = self.wide.entry(&kernels.wide, &room.memory, layer).filter(|_| !last).unwrap_or_else(logits);
        for first in (0..self.noise.perturbations).step_by(self.at_once as usize) {
            let passes = [first + 1, self.at_once.min(self.noise.perturbations - first)];
            let bound = bindings
                .clone()
                .with("passes", gpu.uniform("passes", &passes)?.view())
                .with("inputs", inputs.clone())
                .with("outputs", entry.clone());
            recording.dispatch(gpu, &level.spread, &bound, threads)?;
            let mut logits = entry.clone();
            if !last {
                let count = part.rows * passes[1];
                let part = Part { row: 0, rows: count, ..*part };
                let rows = Rows { row: 0, rows: count, inputs: rows.inputs.clone(), labels: rows.labels.clone() };
                let bindings = bindings.clone().with("part", gpu.uniform("part", &part)?.view());
                let wide = (&kernels.wide, &room.memory);
                [_, logits] = self.wide.pass(wide, &bindings, (part, &rows), layer, recording)?;
            }
            let wide = (room, self.wide.padded_rows);
            self.cost(&kernels.costs[1], wide, place, (passes, logits), recording)?;
        }
        let bound = bindings
            .clone()
            .with("passes", gpu.uniform("passes", &[0u32, 0])?.view())
            .with("pass_losses", room.losses.view())
            .with("values", told_from)
            .with("outputs", into);
        recording.dispatch(gpu, &level.slopes, &bound, threads)
    }

    fn cost(
        &self,
        kernel: &Kernel,
        (room, rows): (&Room, u32),
        place: &Place,
        (passes, logits): ([u32; 2], View),
        recording: &mut Recording,
    ) -> Result<()> {
        let bound = place
            .bindings
            .clone()
            .with("passes", place.gpu.uniform("passes", &passes)?.view())
            .with("logits", logits)
            .with("row_labels", place.rows.labels.clone())
            .with("pass_losses", room.losses.view());
        recording.dispatch(place.gpu, kernel, &bound, Threads::Line(place.part.candidates * rows))
    }
}
