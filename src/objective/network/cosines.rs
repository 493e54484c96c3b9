//! The end of a forward pass by cosines: what the last layer's product is divided by, for the additive-margin softmax.

use super::part::Part;
use super::product::Tile;
use super::{Architecture, Margin};
use crate::Result;
use crate::gpu::{Bindings, Gpu, Kernel, Recording, Source, Threads, View, WORKGROUP};

/// Two kernels: lengths of the class weights, then products to scaled cosines.
pub(super) struct Cosines {
    norms: Kernel,
    cosines: Kernel,
    constants: Source,
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
        let hidden = last > 0 || architecture.pictures.is_some();
        let constants = Source::new()
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
            .constant_f32("SHORTEST", Margin::SHORTEST);
        let source =
            constants.clone().piece("cosines", include_str!("../../../shaders/objective/network/cosines.wgsl"))?;
        let (norms, cosines) = (gpu.kernel("norms", &source)?, gpu.kernel("cosines", &source)?);
        Ok(Self { norms, cosines, constants, outputs, padded_rows })
    }

    /// Records what turns the products of one part to outputs. `bindings` hold its staged weights and `weight_norms`,
    /// a number for each candidate and class.
    pub(super) fn record(
        &self,
        gpu: &Gpu,
        bindings: &Bindings,
        [features, products]: [View; 2],
        part: Part,
        recording: &mut Recording,
    ) -> Result<()> {
        let bindings = bindings.clone().with("features", features).with("outputs", products);
        recording.dispatch(gpu, &self.norms, &bindings, Threads::Line(part.candidates * self.outputs))?;
        recording.dispatch(gpu, &self.cosines, &bindings, Threads::Line(part.candidates * self.padded_rows))
    }

    /// The way back, to the gradient of a layer whose first coordinate is `first`, in columns of `stride`.
    pub(super) fn slopes(&self, gpu: &Gpu, first: u32, stride: u32) -> Result<CosineSlopes> {
        let source = self
            .constants
            .clone()
            .constant("FIRST", first)
            .constant("STRIDE", stride)
            .piece("cosine_slopes", include_str!("../../../shaders/objective/network/cosine_slopes.wgsl"))?;
        Ok(CosineSlopes {
            products: gpu.kernel("slopes_of_products", &source)?,
            take_off: gpu.kernel("take_off", &source)?,
            outputs: self.outputs,
            padded_rows: self.padded_rows,
        })
    }
}

/// The way back: before the gradients are summed, and after that of the last layer was.
pub(super) struct CosineSlopes {
    products: Kernel,
    take_off: Kernel,
    outputs: u32,
    padded_rows: u32,
}

impl CosineSlopes {
    /// Records what turns slopes in cosines to slopes in products, and keeps what the lengths take off.
    pub(super) fn before(&self, gpu: &Gpu, bindings: &Bindings, part: Part, recording: &mut Recording) -> Result<()> {
        recording.dispatch(gpu, &self.products, bindings, Threads::Line(part.candidates * self.padded_rows))
    }

    /// Records what that is for the weights of the classes.
    pub(super) fn after(&self, gpu: &Gpu, bindings: &Bindings, part: Part, recording: &mut Recording) -> Result<()> {
        recording.dispatch(gpu, &self.take_off, bindings, Threads::Line(part.candidates * self.outputs))
    }
}
