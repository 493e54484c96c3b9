//! Weights laid out as the matrices that products read: candidate after candidate, layer after layer.

use std::fmt::Write as _;

use super::product::Tile;
use super::stages::Operation;
use super::{Architecture, Layer};
use crate::Result;
use crate::gpu::{Gpu, Kernel, Source, Threads, WORKGROUP};

/// Candidates whose coordinates share a line of a processor's cache: as many does a thread take.
const SEVERAL: u32 = 16;

/// The kernel that lays out `size` numbers of every candidate of `points`, a multiple of 4, as `places` says.
pub(super) fn stage_kernel(gpu: &Gpu, points: &Source, size: u32, places: &str) -> Result<Kernel> {
    let source = points
        .clone()
        .constant("WORKGROUP", WORKGROUP)
        .constant("QUADS", size / 4)
        .constant("SEVERAL", SEVERAL)
        .piece("places", places)?
        .piece("stage", include_str!("../../../shaders/objective/network/stage.wgsl"))?;
    gpu.kernel("stage", &source)
}

/// Its threads for so many candidates.
pub(super) fn stage_threads(candidates: u32, size: u32) -> Threads {
    Threads::Line(candidates.div_ceil(SEVERAL) * (size / 4))
}

/// `place(t)`: where the t-th staged number of a candidate comes from. Layer after layer, input after input, the biases as
/// one input more; padding is 0.
pub(super) fn weights(architecture: &Architecture, tile: Tile) -> String {
    staged_weights(architecture, tile, true)
}

/// Where a layer's staged numbers come from, as text.
struct Staged {
    /// The first number that is no more of the layer.
    end: u32,
    /// What is computed first.
    lets: String,
    /// What tells padding.
    outside: String,
    scale: f32,
    /// The weight at coordinate 0, as text.
    centre: String,
    coordinate: String,
}

/// `place(t)` of some layers.
fn staged_text(layers: &[Staged]) -> String {
    let mut text =
        String::from("struct Place { coordinate: u32, scale: f32, centre: f32 }\nfn place(t: u32) -> Place {\n");
    for Staged { end, lets, outside, scale, centre, coordinate } in layers {
        let _ = writeln!(
            text,
            "    if t < {end}u {{\n{lets}        if {outside} {{ return Place(0u, 0.0, 0.0); }}
        return Place({coordinate}, {scale:?}, {centre});\n    }}"
        );
    }
    text + "    return Place(0u, 0.0, 0.0);\n}\n"
}

/// The same with 0 for the biases of the last layer.
pub(super) fn weights_but_last_biases(architecture: &Architecture, tile: Tile) -> String {
    staged_weights(architecture, tile, false)
}

fn staged_weights(architecture: &Architecture, tile: Tile, last_biases: bool) -> String {
    let layers = architecture.layers();
    let mut offset = 0;
    let mut staged = Vec::new();
    for (l, layer) in layers.iter().enumerate() {
        let biased = layer.bias && (last_biases || l + 1 < layers.len());
        let padded = tile.padded(layer.outputs);
        let unbiased = if biased { String::new() } else { format!(" || input == {}u", layer.inputs) };
        let end = offset + (layer.inputs + 1) * padded;
        staged.push(Staged {
            end,
            lets: format!(
                "        let input = (t - {offset}u) / {padded}u;\n        let output = (t - {offset}u) % {padded}u;\n"
            ),
            outside: format!("output >= {}u{unbiased}", layer.outputs),
            scale: layer.scale,
            centre: centre(layer),
            coordinate: format!("{}u + output * {}u + input", layer.offset, layer.width()),
        });
        offset = end;
    }
    staged_text(&staged)
}

/// The centre of the weight of `input`, as text.
fn centre(layer: &Layer) -> String {
    if layer.centre == 0.0 {
        "0.0".into()
    } else {
        format!("select(0.0, {:?}, input < {}u)", layer.centre, layer.inputs)
    }
}

/// A layer that hands slopes down: all but the first. A norm needs no matrix for that.
pub(super) struct Handed {
    layer: Layer,
    /// Channels or units below, and places of a filter on each.
    below: (u32, u32),
    padded: u32,
}

impl Handed {
    /// Numbers of its matrix.
    pub(super) fn size(&self) -> u32 {
        self.layer.outputs * self.below.1 * self.padded
    }
}

/// The layers that hand slopes down, in order.
pub(super) fn handed(architecture: &Architecture, tile: Tile) -> Vec<Handed> {
    let stages = architecture.stages();
    let mut over_pictures = stages.iter().filter(|stage| stage.weights().is_some());
    let of = |layer: Layer| {
        let below = match over_pictures.next().map(|stage| (stage.operation, stage.from.channels)) {
            Some((Operation::Convolution { kernel, .. }, channels)) => (channels, kernel * kernel),
            Some(_) => (0, 0),
            None => (layer.inputs, 1),
        };
        Handed { layer, below, padded: tile.padded(below.0) }
    };
    architecture.layers().into_iter().map(of).skip(1).collect()
}

/// `place(t)`: where the t-th number of a candidate's matrices for the way back comes from. Layer after layer, from the
/// second on: output after output, places of a filter, inputs padded.
pub(super) fn transposed(architecture: &Architecture, tile: Tile) -> String {
    let mut offset = 0;
    let mut staged = Vec::new();
    for handed in handed(architecture, tile).into_iter().filter(|handed| handed.size() > 0) {
        let Handed { layer, below: (inputs, places), padded } = handed;
        let end = offset + handed.size();
        staged.push(Staged {
            end,
            lets: format!(
                "        let output = (t - {offset}u) / {padded}u;\n        let input = (t - {offset}u) % {padded}u;\n"
            ),
            outside: format!("input >= {inputs}u"),
            scale: layer.scale,
            centre: "0.0".into(),
            coordinate: if places == 1 {
                format!("{}u + output * {}u + input", layer.offset, layer.width())
            } else {
                let filter = format!("{}u + output / {places}u * {}u", layer.offset, layer.width());
                format!("{filter} + input * {places}u + output % {places}u")
            },
        });
        offset = end;
    }
    staged_text(&staged)
}
