//! The end of a forward pass by cosines: what the last layer's product is divided by, for the additive-margin softmax.

use super::layered::{Part, Tile};
use super::{Architecture, Margin};
use crate::Result;
use crate::gpu::{Bindings, Gpu, Kernel, Recording, Source, Threads, View, WORKGROUP};

/// Two kernels: lengths of the class weights, then products to scaled cosines.
pub(super) struct Cosines {
    norms: Kernel,
    cosines: Kernel,
    outputs: u32,
    padded_rows: u32,
}

impl Cosines {
    /// `columns`: values of an input in the rows, which are the features of a network without hidden layers.
    pub(super) fn new(
        gpu: &Gpu,
        architecture: &Architecture,
        tile: Tile,
        (padded_rows, columns): (u32, u32),
        margin: Margin,
    ) -> Result<Self> {
        let layers = architecture.layers();
        let size = |l: usize| (layers[l].inputs + 1) * tile.padded(layers[l].outputs);
        let last = layers.len() - 1;
        let (inputs, outputs) = (layers[last].inputs, layers[last].outputs);
        let hidden = last > 0;
        let source = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("STAGED", (0..=last).map(size).sum())
            .constant("OFFSET", (0..last).map(size).sum())
            .constant("INPUTS", inputs)
            .constant("OUTPUTS", outputs)
            .constant("PADDED", tile.padded(outputs))
            .constant("PADDED_ROWS", padded_rows)
            .constant("FEATURE_COLUMNS", if hidden { padded_rows } else { columns })
            .constant("FEATURES_APART", if hidden { tile.padded(inputs) * padded_rows } else { 0 })
            .constant("FROM_ROWS", u32::from(!hidden))
            .constant_f32("SCALE", margin.scale)
            .constant_f32("SHORTEST", Margin::SHORTEST)
            .piece("cosines", include_str!("../../../shaders/objective/network/cosines.wgsl"))?;
        let (norms, cosines) = (gpu.kernel("norms", &source)?, gpu.kernel("cosines", &source)?);
        Ok(Self { norms, cosines, outputs, padded_rows })
    }

    /// Records what turns the products of one part to outputs. `bindings` hold its staged weights and `weight_norms`,
    /// a number for each candidate and class.
    pub(super) fn record(
        &self,
        gpu: &Gpu,
        bindings: &Bindings,
        (features, products): (View, View),
        part: Part,
        recording: &mut Recording,
    ) -> Result<()> {
        let bindings = bindings.clone().with("features", features).with("outputs", products);
        recording.dispatch(gpu, &self.norms, &bindings, Threads::Line(part.candidates * self.outputs))?;
        recording.dispatch(gpu, &self.cosines, &bindings, Threads::Line(part.candidates * self.padded_rows))
    }
}
