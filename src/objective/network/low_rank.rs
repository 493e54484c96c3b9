//! A centre plus noise of low rank (EGGROLL): candidates share the product of the rows with the centre's first layer,
//! and the noise adds one number a row and pair to it. Layers above multiply by the centre's weights, whichever the
//! candidate, so that these are fetched once for both candidates of a pair.
//!
//! Where the last layer is narrow its outputs go through the loss as they are, and with one hidden layer nothing but the
//! products of the rows is ever stored.

mod kernels;

use self::kernels::{Above, FIRST_UNITS, Factors, From, Into};
use super::batch::{Batch, Rows, TILE_ROWS};
use super::layered::SCRATCH;
use super::part::Part;
use super::product::{Tile, dense};
use super::staging::{stage_kernel, stage_threads, weights};
use super::{Architecture, Form, Network};
use crate::Result;
use crate::gpu::{Bindings, Buffer, Kernel, Recording, Source, Threads};
use crate::objective::total::total;
use crate::population::{Context, LowRank, Points};

/// Outputs up to which a thread keeps all of a row.
const MOST_OUTPUTS: u32 = 32;
/// Tiles of units up to which each computes the first layer anew.
const MOST_ANEW: u32 = 2;

/// Scores a centre plus low-rank noise; bound to a network.
pub(super) struct Shared {
    context: Context,
    network: Network,
    tile: Tile,
    /// The batch in columns, when that of the evaluation is not.
    columns: Option<Batch>,
}

/// What is fixed for some points.
struct Plan {
    factors: Factors,
    /// Padded rows of a part.
    padded_rows: u32,
    /// Candidates of a part at most.
    candidates: u32,
    thin_units: u32,
    /// Whether the first layer's units are stored.
    stores_first: bool,
    above: Vec<Above>,
    /// Row tiles of a part whose losses are summed apart.
    tiles: u32,
    /// Sums of losses of a candidate.
    blocks: u32,
    staged: u32,
}

struct Kernels {
    base: Kernel,
    thin: Kernel,
    first: Kernel,
    above: Vec<Kernel>,
    losses: Kernel,
}

impl Shared {
    /// None where the evaluation's own form is as fast, the outputs are cosines, rows are pictures, or the rows do not fit into one binding
    /// as columns.
    pub(super) fn new(context: &Context, network: &Network, form: Form) -> Option<Self> {
        let rows = network.batch.unwrap_or(network.rows);
        let padded = u64::from(rows) + u64::from(TILE_ROWS) + 4;
        let fits = padded * u64::from(network.architecture.inputs + 3) * 4 <= context.gpu.binding_limit();
        let suits = form == Form::Layered || (form == Form::Tiled && fits);
        let suits = suits && network.loss.margin().is_none() && network.architecture.pictures.is_none();
        suits.then(|| Self {
            context: context.clone(),
            network: network.clone(),
            tile: Tile::new(&context.gpu).for_rows(rows),
            columns: None,
        })
    }

    /// Records "score every candidate".
    pub(super) fn score(
        &mut self,
        points: &Points,
        noise: &LowRank,
        batch: &Batch,
        recording: &mut Recording,
    ) -> Result<()> {
        if batch.columns > 0 {
            return self.record(points, noise, batch, recording);
        }
        if self.columns.is_none() {
            self.columns = Some(Batch::new(&self.context, &self.network, Form::Layered)?);
        }
        let Some(columns) = &self.columns else { return Ok(()) };
        columns.record(recording);
        self.record(points, noise, columns, recording)
    }

    fn record(&self, points: &Points, noise: &LowRank, batch: &Batch, recording: &mut Recording) -> Result<()> {
        let gpu = &self.context.gpu;
        let plan = self.plan(points, noise, batch);
        let kernels = self.kernels(points, &plan, batch)?;
        let rows = u64::from(plan.padded_rows);
        let layers = self.network.architecture.layers();
        let pairs = u64::from(plan.pairs());
        let partial = gpu.buffer::<f32>("partial", u64::from(plan.blocks) * u64::from(points.stride))?;
        let base = gpu.buffer::<f32>("base", u64::from(self.tile.padded(layers[0].outputs)) * rows)?;
        let thin = gpu.buffer::<f32>("thin products", u64::from(plan.factors.rank) * pairs * rows)?;
        let stored = 2 * pairs * u64::from(self.stored(&plan)) * rows;
        let activations = [gpu.buffer::<f32>("activations", stored)?, gpu.buffer::<f32>("activations", stored)?];
        let staged = gpu.buffer::<f32>("staged weights", plan.staged.into())?;
        let bindings = self
            .context
            .clock
            .clone()
            .with("partial", partial.view())
            .with("base", base.view())
            .with("thin", thin.view())
            .with("staged", staged.view());

        let mut staged_once = false;
        for chunk in &points.chunks {
            recording.append(&chunk.fill);
            let bindings = chunk.bindings.clone().and(&bindings);
            if !staged_once {
                self.stage(&bindings, &plan, recording)?;
            }
            for block in 0..batch.parts() {
                let rows = batch.part(block);
                let bindings = bindings.clone().with("row_labels", rows.labels.clone());
                let all = Part::of(&rows, block);
                if batch.parts() > 1 || !staged_once {
                    let bound = self.bound(&bindings, all)?.with("inputs", rows.inputs.clone());
                    let bound = bound.with("outputs", base.view());
                    let padded = self.tile.padded(layers[0].outputs);
                    let units = self.tile.units_for(padded);
                    let across = rows.rows.div_ceil(self.tile.lanes * self.tile.rows_for(units));
                    recording.dispatch(gpu, &kernels.base, &bound, Threads::Grid([across, padded / units, 1]))?;
                }
                staged_once = true;
                for part in all.among(chunk.members, plan.candidates) {
                    let bound = self.bound(&bindings, part)?;
                    self.forward(&plan, &kernels, &bound, part, &rows, &activations, recording)?;
                }
            }
            let partial = Bindings::new().with("partial", partial.view());
            total(&self.context, points, chunk, &partial, (plan.blocks, batch.rows), recording)?;
        }
        Ok(())
    }

    fn bound(&self, bindings: &Bindings, part: Part) -> Result<Bindings> {
        Ok(bindings.clone().with("part", self.context.gpu.uniform("part", &part)?.view()))
    }

    fn plan(&self, points: &Points, noise: &LowRank, batch: &Batch) -> Plan {
        let gpu = &self.context.gpu;
        let (tile, rank) = (self.tile, noise.rank);
        let layers = self.network.architecture.layers();
        let padded_rows = tile.padded_rows(batch.part_rows);
        let mut above = Vec::new();
        let mut stores_first = layers.len() == 1;
        let (mut tiles, mut blocks) = (1, batch.parts());
        for (number, layer) in layers.iter().enumerate().skip(1) {
            let last = number + 1 == layers.len();
            let padded = tile.padded(layer.outputs);
            let mut into = if last { Into::Logits } else { Into::Activations };
            let mut units = tile.units_for(padded);
            if last && layer.outputs <= MOST_OUTPUTS {
                // A row of the table of sums for each tile of rows, unless there are too many of them.
                let rows = tile.lanes * kernels::pair_rows(tile, layer.outputs, rank);
                let per_part = batch.part_rows.div_ceil(rows);
                let apart = (blocks - 1) * per_part + batch.part(blocks - 1).rows.div_ceil(rows);
                // Not the stride: what is added up in which order may not depend on the chunks.
                let size = 4 * u64::from(apart) * (u64::from(points.candidates) + 32);
                if apart <= gpu.loop_limit() && size <= SCRATCH.min(gpu.binding_limit()) {
                    (into, units) = (Into::Loss, padded);
                    (tiles, blocks) = (per_part, apart);
                }
            }
            let sums = if into == Into::Loss { layer.outputs } else { units };
            let anew = number == 1 && padded / units <= MOST_ANEW;
            stores_first |= number == 1 && !anew;
            let from = if anew { From::First } else { From::Memory };
            above.push(Above { layer: number, from, into, rows: kernels::pair_rows(tile, sums, rank), units });
        }
        let factors = Factors { rank, stride: noise.stride, rows: noise.rows.clone() };
        let staged = layers.iter().map(|l| (l.inputs + 1) * tile.padded(l.outputs)).sum();
        let most = points.chunks.iter().map(|chunk| chunk.members).max().unwrap_or(1);
        let mut plan =
            Plan { factors, padded_rows, candidates: 0, thin_units: 0, stores_first, above, tiles, blocks, staged };
        plan.candidates = self.part_candidates(&plan, most);
        plan.thin_units = kernels::thin_units(tile, (plan.candidates / 2).max(1));
        plan
    }

    /// Candidates of a part: as many as the scratch buffers and 100 ms allow, in whole octets.
    fn part_candidates(&self, plan: &Plan, most: u32) -> u32 {
        let gpu = &self.context.gpu;
        let layers = self.network.architecture.layers();
        let rank = plan.factors.rank;
        let budget = SCRATCH.min(gpu.binding_limit()) / 4;
        let by_memory = budget / (u64::from(self.stored(plan).max(rank)) * u64::from(plan.padded_rows));
        let products = layers.iter().skip(1).map(|l| f64::from(l.inputs) * f64::from(l.outputs + rank));
        let heaviest = products.fold(f64::from(layers[0].inputs * rank) / 2.0, f64::max);
        let by_time = gpu.work_limit() / (2.0 * heaviest * f64::from(plan.padded_rows));
        // Pairs and factors lie along a dimension of the grid.
        let allowed = by_memory.min(by_time as u64).min(65_528) as u32 / 8 * 8;
        most.min(allowed.max(8))
    }

    /// Units of the widest layer that is stored.
    fn stored(&self, plan: &Plan) -> u32 {
        let layers = self.network.architecture.layers();
        let first = if plan.stores_first { self.tile.padded(layers[0].outputs) } else { 1 };
        let above = plan.above.iter().filter(|above| above.into != Into::Loss);
        above.map(|above| self.tile.padded(layers[above.layer].outputs)).fold(first, u32::max)
    }

    fn kernels(&self, points: &Points, plan: &Plan, batch: &Batch) -> Result<Kernels> {
        let gpu = &self.context.gpu;
        let Architecture { activation, outputs, .. } = self.network.architecture;
        let (architecture, factors, tile) = (&self.network.architecture, &plan.factors, self.tile);
        let layers = architecture.layers();
        let constants = Source::new()
            .constant("WORKGROUP", crate::gpu::WORKGROUP)
            .constant("STRIDE", points.stride)
            .constant("CENTRE", points.candidates - 1)
            .constant("STAGED", plan.staged)
            .constant("COLUMNS", batch.columns)
            .constant("PADDED_ROWS", plan.padded_rows)
            .constant("PAIRS", plan.pairs())
            .constant("TILES", plan.tiles)
            .constant("FIRST", layers[0].outputs)
            .constant("OUTPUTS", outputs)
            .piece("activation", activation.wgsl())?
            .piece("loss", &self.network.loss_piece())?;
        let shared =
            constants.clone().piece("low_rank", include_str!("../../../shaders/objective/network/low_rank.wgsl"))?;
        let mut offset = 0;
        let mut sized = Vec::new();
        for layer in &layers {
            let sizes = Source::new()
                .constant("OFFSET", offset)
                .constant("INPUTS", layer.inputs)
                .constant("PADDED_INPUTS", tile.padded(layer.inputs))
                .constant("PADDED", tile.padded(layer.outputs));
            sized.push(sizes);
            offset += (layer.inputs + 1) * tile.padded(layer.outputs);
        }
        let base = sized[0].clone().join(&constants).piece("dense", &dense(&layers[0], (tile, tile), true, true))?;
        let thin = kernels::thin_products(&layers[0], factors, tile, plan.thin_units);
        let first = kernels::first_layer(architecture, factors, tile);
        let mut above = Vec::new();
        for place in &plan.above {
            let text = kernels::layer_above(architecture, factors, tile, *place);
            let source = sized[place.layer].clone().join(&shared).piece("above", &text)?;
            above.push(gpu.kernel("layer_above", &source)?);
        }
        let losses = constants
            .clone()
            .constant("REDUCE", gpu.reduction_width())
            .constant("PADDED_OUTPUTS", tile.padded(outputs))
            .piece("layered_loss", include_str!("../../../shaders/objective/network/layered_loss.wgsl"))?;
        Ok(Kernels {
            base: gpu.kernel("dense", &base)?,
            thin: gpu.kernel("thin_products", &shared.clone().piece("thin", &thin)?)?,
            first: gpu.kernel("first_layer", &sized[0].clone().join(&shared).piece("first", &first)?)?,
            above,
            losses: gpu.kernel("losses", &losses)?,
        })
    }

    /// Records the laying out of the centre's weights as matrices.
    fn stage(&self, bindings: &Bindings, plan: &Plan, recording: &mut Recording) -> Result<()> {
        let gpu = &self.context.gpu;
        let centre = include_str!("../../../shaders/objective/network/low_rank_centre.wgsl");
        let places = weights(&self.network.architecture, self.tile);
        let stage = stage_kernel(gpu, &Source::new().piece("centre", centre)?, plan.staged, &places)?;
        let part = Part { candidate: 0, candidates: 1, row: 0, rows: 0, block: 0 };
        let bound = self.bound(bindings, part)?;
        recording.dispatch(gpu, &stage, &bound, stage_threads(1, plan.staged))
    }

    /// Records the forward pass of one part, and its losses.
    #[expect(clippy::too_many_arguments, reason = "all that a part depends on")]
    fn forward(
        &self,
        plan: &Plan,
        kernels: &Kernels,
        bindings: &Bindings,
        part: Part,
        rows: &Rows,
        activations: &[Buffer<f32>; 2],
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = &self.context.gpu;
        let tile = self.tile;
        let layers = self.network.architecture.layers();
        let pairs = part.candidates.div_ceil(2);
        let across = |rows: u32| part.rows.div_ceil(tile.lanes * rows);
        let bound = bindings.clone().with("inputs", rows.inputs.clone());
        // The centre, which makes the number odd, does without.
        let columns = (part.candidates / 2).max(1);
        let grid =
            [across(kernels::rows_for(tile, plan.thin_units)), columns.div_ceil(plan.thin_units), plan.factors.rank];
        recording.dispatch(gpu, &kernels.thin, &bound, Threads::Grid(grid))?;
        let mut from = activations[0].view();
        if plan.stores_first {
            let bound = bindings.clone().with("outputs", from.clone());
            let grid = [across(kernels::first_rows(tile)), layers[0].outputs.div_ceil(FIRST_UNITS), pairs];
            recording.dispatch(gpu, &kernels.first, &bound, Threads::Grid(grid))?;
        }
        for (above, kernel) in plan.above.iter().zip(&kernels.above) {
            let into = activations[above.layer % 2].view();
            let bound = bindings.clone().with("inputs", from).with("outputs", into.clone());
            let grid = [across(above.rows), tile.padded(layers[above.layer].outputs) / above.units, pairs];
            recording.dispatch(gpu, kernel, &bound, Threads::Grid(grid))?;
            from = into;
        }
        if plan.above.last().is_none_or(|above| above.into != Into::Loss) {
            let bound = bindings.clone().with("logits", from);
            recording.dispatch(gpu, &kernels.losses, &bound, Threads::Groups(part.candidates))?;
        }
        Ok(())
    }
}

impl Plan {
    /// Pairs that the scratch buffers hold: whole tiles of the thin product.
    fn pairs(&self) -> u32 {
        self.candidates.div_ceil(2).next_multiple_of(self.thin_units)
    }
}
