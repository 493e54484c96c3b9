//! Backpropagation for a whole population (Rumelhart, Hinton and Williams 1986), layer by layer: the forward pass keeps
//! its activations, slopes at the outputs come from the loss or from a swarm, then every layer hands them down and sums
//! its own gradient over the rows.
//!
//! Lanes run along rows throughout, as in the layered form. A gradient is a product over rows: a thread sums a tile of
//! units by inputs over every eighth (or so) row, then the lanes are added up in a fixed order.

mod filters;
mod nodes;
mod pictured;
mod pull;
mod registers;
mod slopes;

use self::nodes::{NodeKernels, Nodes, Place};
use self::pictured::Back;
use self::pull::{pull, pulled};
use self::slopes::Slopes;
use super::batch::{Batch, Rows};
use super::cosines::CosineSlopes;
use super::layered::{self, Layered, Memory};
use super::part::Part;
use super::product::back;
use super::staging::{self, Handed, handed, stage_kernel, stage_threads};
use super::{Layer, Loss, Network};
use crate::Result;
use crate::gpu::{Bindings, Buffer, Kernel, Recording, Source, Threads, View};
use crate::objective::total::total;
use crate::population::{Context, Gradient, OutputSwarm, Points, Slope};
pub(super) use registers::fits;

/// Forward and backward pass of a network over a batch.
pub(super) struct Backprop {
    network: Network,
    layered: Layered,
    /// Numbers of a candidate in the weights of the backward pass.
    transposed: u32,
    rooms: Vec<Room>,
}

/// The memory of one part: what the forward pass leaves for the backward pass, and what that needs itself.
struct Room {
    forward: Memory,
    transposed: Buffer<f32>,
    /// Two for dense layers in turn, the first of all; blocks over pictures take more.
    deltas: Vec<Buffer<f32>>,
    /// Of a loss by cosines: slope times output, share of a feature.
    lengths: Option<[Buffer<f32>; 2]>,
    /// Where slopes are told from noise.
    nodes: Option<nodes::Room>,
}

impl Room {
    /// Whether it has the memory that slopes told from noise take, and no other.
    fn suits(&self, way: &Way) -> bool {
        match (way, &self.nodes) {
            (Way::Chain { .. }, None) => true,
            (Way::Nodes(nodes), Some(room)) => nodes.0.suits(room),
            _ => false,
        }
    }
}

/// The kernels of one population.
struct Kernels {
    forward: layered::Kernels,
    losses: Kernel,
    way: Way,
    pictures: Back,
    pull: Vec<Kernel>,
    cosines: Option<CosineSlopes>,
}

/// How layers get their slopes.
enum Way {
    /// From the outputs, handed down through turned weights.
    Chain { transpose: Kernel, slopes: Slopes, back: Vec<Kernel> },
    /// From noise, each by itself.
    Nodes(Box<(Nodes, NodeKernels)>),
}

impl Backprop {
    pub(super) fn new(context: &Context, network: &Network, batch: &Batch) -> Result<Self> {
        let layered = Layered::new(context, network, batch)?;
        let transposed = handed(&layered.architecture, layered.tile).iter().map(Handed::size).sum();
        Ok(Self { network: network.clone(), layered, transposed, rooms: Vec::new() })
    }

    /// Records loss and gradient of all candidates.
    pub(super) fn record(
        &mut self,
        points: &Points,
        gradient: &Gradient,
        batch: &Batch,
        recording: &mut Recording,
    ) -> Result<()> {
        let whole = gradient.from == 0 && gradient.moved == 0 && !gradient.keep;
        let plain = *gradient.slope == Slope::Exact && self.network.loss != Loss::Accuracy;
        if whole && plain && registers::suits(&self.network, batch.rows, points.candidates) {
            return self.record_in_registers(points, gradient, batch, recording);
        }
        let (swarm, nodes) = match gradient.slope {
            Slope::Exact => (None, None),
            Slope::Swarm(swarm) => (Some(swarm), None),
            Slope::Nodes(noise) => (None, Some(Nodes::new(&self.network, &self.layered, batch, noise)?)),
        };
        // Nothing is handed down where slopes are told from noise.
        let transposed = if nodes.is_some() { 0 } else { self.transposed };
        let most = pictured::part_candidates(&self.layered.pictured, &self.layered.context.gpu, batch.part_rows);
        let most = nodes.as_ref().map_or(most, |nodes| most.min(nodes.part_candidates(points.candidates)));
        let per_part = self.layered.part_candidates(points.candidates, transposed, true).min(most);
        let kernels = self.kernels(points, (swarm, nodes), batch, (per_part, transposed))?;
        // Parts share a room unless what it holds is to be come back to.
        let kept = gradient.keep || gradient.moved > 0;
        let mut rooms = std::mem::take(&mut self.rooms);
        let mut used = 0;
        let what = (per_part, gradient.moved == 0);
        self.layered.over_parts((points, batch), what, recording, |chunk, bindings, part, recording| {
            let index = if kept { used } else { 0 };
            used += 1;
            if rooms.get(index).is_none_or(|room| room.forward.candidates < per_part || !room.suits(&kernels.way)) {
                rooms.truncate(index);
                rooms.push(self.room(per_part, &kernels.way)?);
            }
            let bindings = bindings.with("gradient", gradient.into[chunk].view());
            self.part(&kernels, &rooms[index], &bindings, part, gradient, recording)
        })?;
        self.rooms = rooms;
        Ok(())
    }

    fn record_in_registers(
        &self,
        points: &Points,
        gradient: &Gradient,
        batch: &Batch,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = &self.layered.context.gpu;
        let kernel = registers::kernel(gpu, &self.network, batch, points)?;
        let partial: Buffer<f32> = gpu.buffer("partial", points.stride.into())?;
        let partial = Bindings::new().with("partial", partial.view());
        for (chunk, into) in points.chunks.iter().zip(gradient.into) {
            recording.append(&chunk.fill);
            let bindings = registers::bindings(&self.layered.context, batch, chunk)?.and(&partial);
            let bindings = bindings.with("gradient", into.view());
            recording.dispatch(gpu, &kernel, &bindings, Threads::Plane(chunk.members, 1))?;
            total(&self.layered.context, points, chunk, &partial, (1, batch.rows), recording)?;
        }
        Ok(())
    }

    /// Records one part: some candidates by some rows.
    fn part(
        &self,
        kernels: &Kernels,
        room: &Room,
        bindings: &Bindings,
        (part, rows): (Part, &Rows),
        gradient: &Gradient,
        recording: &mut Recording,
    ) -> Result<()> {
        let context = &self.layered.context;
        let gpu = &context.gpu;
        let layers = self.layered.architecture.dense_layers();
        let before = self.layered.architecture.before_dense();
        let stages = self.layered.pictured.stages.len();
        let memory = &room.forward;
        let turned = bindings.clone().with("staged", room.transposed.view());
        if let Way::Chain { transpose, .. } = &kernels.way
            && self.transposed > 0
        {
            let threads = stage_threads(part.candidates, self.transposed);
            recording.dispatch(gpu, transpose, &turned, threads)?;
        }
        let forward = (&kernels.forward, memory);
        let [features, logits] = self.layered.forward(forward, bindings, (part, rows), gradient.moved, recording)?;
        let outer = bindings.clone().with("logits", logits.clone()).with("row_labels", rows.labels.clone());
        if gradient.moved == 0 {
            recording.dispatch(gpu, &kernels.losses, &outer, Threads::Groups(part.candidates))?;
        }
        let mut deltas: Vec<View> = room.deltas.iter().map(Buffer::view).collect();
        let staged = bindings.clone().with("staged", memory.staged.view());
        let place = Place { gpu, bindings: staged, part, rows };
        let noise = match (&kernels.way, &room.nodes) {
            (Way::Nodes(nodes), Some(room)) => Some((&nodes.0, (&nodes.1, room))),
            _ => None,
        };
        // Slopes in what a weighted layer takes in, or in the outputs, where they are told from noise.
        let told = |layer: usize, views: [View; 3], recording: &mut Recording| match noise {
            Some((nodes, own)) => nodes.slopes(own, &place, layer, views, recording),
            None => Ok(()),
        };
        if let Some((nodes, own)) = noise {
            nodes.begin(own, &place, logits.clone(), recording)?;
            told(before + layers.len(), [logits.clone(), logits.clone(), deltas[0].clone()], recording)?;
        }
        if let Way::Chain { slopes, .. } = &kernels.way {
            slopes.record(context, &outer.with("deltas", deltas[0].clone()), part, recording)?;
        }
        let mut turned = turned;
        let mut lengths = bindings.clone();
        if let Some([along, shrinking]) = &room.lengths {
            turned = turned.with("features", features.clone()).with("shrinking", shrinking.view());
            lengths = lengths
                .with("features", features)
                .with("weight_norms", memory.weight_norms.view())
                .with("along", along.view())
                .with("shrinking", shrinking.view())
                .with("staged", memory.staged.view())
                .with("logits", logits)
                .with("deltas", deltas[0].clone());
        }
        if let Some(cosines) = &kernels.cosines {
            cosines.before(gpu, &lengths, part, recording)?;
        }
        let flat = memory.pictures.values.last().map_or_else(|| rows.inputs.clone(), Buffer::view);
        for (l, layer) in layers.iter().enumerate().skip(gradient.from.saturating_sub(before)).rev() {
            let inputs = if l == 0 { flat.clone() } else { memory.values[l - 1].view() };
            let bound = bindings.clone().with("deltas", deltas[0].clone()).with("inputs", inputs.clone());
            let (units, across) = pulled(self.layered.tile, layer);
            let tiles = [(layer.inputs + 1).div_ceil(across), layer.outputs.div_ceil(units), part.candidates];
            recording.dispatch(gpu, &kernels.pull[l], &bound, Threads::Grid(tiles))?;
            if let Some(cosines) = kernels.cosines.as_ref().filter(|_| l + 1 == layers.len()) {
                cosines.after(gpu, &lengths, part, recording)?;
            }
            if before + l > gradient.from {
                let values = match l.checked_sub(1) {
                    Some(below) => memory.sums.get(below).unwrap_or(&memory.values[below]).view(),
                    None => pictured::told_from(&memory.pictures, stages - 1),
                };
                if let Way::Chain { back, .. } = &kernels.way {
                    let bound = turned
                        .clone()
                        .with("inputs", deltas[0].clone())
                        .with("values", values)
                        .with("outputs", deltas[1].clone());
                    recording.dispatch(gpu, &back[l], &bound, self.layered.tiles(layer.inputs, part))?;
                } else {
                    told(before + l, [inputs, values, deltas[1].clone()], recording)?;
                }
                deltas.swap(0, 1);
            }
        }
        if gradient.from < before {
            let all = (&self.layered.pictured, &memory.pictures);
            let what = (part, rows.inputs.clone(), gradient.from);
            if let Some(moments) = &memory.pictures.moments {
                turned = turned.with("moments", moments.view());
            }
            let weights = (&turned, memory.staged.view());
            kernels.pictures.record(gpu, all, weights, what, &deltas, (&told, recording))?;
        }
        Ok(())
    }

    /// Memory for parts of so many candidates.
    fn room(&self, candidates: u32, way: &Way) -> Result<Room> {
        let gpu = &self.layered.context.gpu;
        let of_rows = u64::from(candidates) * u64::from(self.layered.padded_rows);
        let widest = of_rows * u64::from(self.layered.widest().max(self.layered.pictured.widest(true)));
        let lengths = match self.network.loss.margin() {
            Some(_) => Some([gpu.buffer("along", widest)?, gpu.buffer("shrinking", of_rows)?]),
            None => None,
        };
        let transposed = if matches!(way, Way::Chain { .. }) { self.transposed } else { 0 };
        let deltas = (0..pictured::delta_buffers(&self.layered.pictured.stages)).map(|_| gpu.buffer("deltas", widest));
        Ok(Room {
            deltas: deltas.collect::<Result<_>>()?,
            forward: self.layered.memory(candidates, true)?,
            transposed: gpu.buffer("transposed weights", u64::from(candidates) * u64::from(transposed))?,
            lengths,
            nodes: if let Way::Nodes(nodes) = way { Some(nodes.0.room(candidates)?) } else { None },
        })
    }

    fn kernels(
        &self,
        points: &Points,
        (swarm, nodes): (Option<&OutputSwarm>, Option<Nodes>),
        batch: &Batch,
        (per_part, transposed): (u32, u32),
    ) -> Result<Kernels> {
        let Layered { context, architecture, tile, padded_rows, pictured, .. } = &self.layered;
        let layers = architecture.layers();
        let dense = architecture.dense_layers();
        let forward = self.layered.kernels(points, batch, true)?;
        let first = layers.last().map_or(0, |layer| layer.offset);
        let cosines = forward.cosines.as_ref().map(|cosines| cosines.slopes(&context.gpu, first, points.stride));
        let way = match nodes {
            Some(nodes) => {
                let kernels = nodes.kernels(&self.network, points, batch)?;
                Way::Nodes(Box::new((nodes, kernels)))
            }
            None => Way::Chain {
                transpose: stage_kernel(
                    &context.gpu,
                    &points.source,
                    self.transposed.max(4),
                    &staging::transposed(architecture, *tile),
                )?,
                slopes: Slopes::new(context, &self.network, batch, points, swarm, *padded_rows)?,
                back: self.back_kernels(&dense)?,
            },
        };
        Ok(Kernels {
            cosines: cosines.transpose()?,
            pictures: Back::new(
                &context.gpu,
                pictured,
                (&layers, batch),
                (per_part, transposed, self.layered.staged_size, points.stride),
            )?,
            losses: self.layered.losses_kernel(points)?,
            way,
            pull: self.pull_kernels(&dense, points, batch)?,
            forward,
        })
    }

    /// For every dense layer, but not the first of all: its slopes handed down to the layer below.
    fn back_kernels(&self, layers: &[Layer]) -> Result<Vec<Kernel>> {
        let Layered { context, architecture, tile, padded_rows, .. } = &self.layered;
        let size = |(l, layer): (usize, &Layer)| {
            if l == 0 && architecture.before_dense() == 0 { 0 } else { layer.outputs * tile.padded(layer.inputs) }
        };
        let before = architecture.before_dense();
        let mut offset = self.transposed - layers.iter().enumerate().map(size).sum::<u32>();
        let mut kernels = Vec::new();
        for (l, layer) in layers.iter().enumerate() {
            // A place for the first layer, which nothing asks for.
            let of = if l == 0 && before == 0 { layers.get(1).unwrap_or(layer) } else { layer };
            let below = match (l, self.layered.pictured.stages.last()) {
                (0, Some(stage)) => stage.activation,
                _ => architecture.activation,
            };
            let cosines = self.network.loss.margin().is_some() && l + 1 == layers.len();
            let source = Source::new()
                .constant("STAGED", self.transposed.max(1))
                .constant("OFFSET", offset)
                .constant("INPUTS", of.outputs)
                .constant("PADDED_INPUTS", tile.padded(of.outputs))
                .constant("PADDED", tile.padded(of.inputs))
                .constant("PADDED_ROWS", *padded_rows)
                .piece("activation", below.wgsl())?
                .piece("back", &back(of, (*tile, self.layered.product), cosines))?;
            kernels.push(context.gpu.kernel("back", &source)?);
            offset += size((l, layer));
        }
        Ok(kernels)
    }

    /// For every dense layer: its gradient.
    fn pull_kernels(&self, layers: &[Layer], points: &Points, batch: &Batch) -> Result<Vec<Kernel>> {
        let Layered { context, tile, padded_rows, architecture, .. } = &self.layered;
        let on_rows = architecture.pictures.is_none();
        let kernel = |(l, layer): (usize, &Layer)| {
            let source = Source::new()
                .constant("LANES", tile.lanes)
                .constant("INPUTS", layer.inputs)
                .constant("OUTPUTS", layer.outputs)
                .constant("PADDED_INPUTS", tile.padded(layer.inputs))
                .constant("PADDED_OUTPUTS", tile.padded(layer.outputs))
                .constant("PADDED_ROWS", *padded_rows)
                .constant("COLUMNS", batch.columns)
                .constant("FIRST", layer.offset)
                .constant("STRIDE", points.stride)
                .piece("pull", &pull(*tile, layer, l == 0 && on_rows))?;
            context.gpu.kernel("pull", &source)
        };
        layers.iter().enumerate().map(kernel).collect()
    }
}
