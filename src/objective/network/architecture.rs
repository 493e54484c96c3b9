//! What a network is made of: dense layers, what their units compute, and the layers over pictures before them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::population::{Domain, Group, Start};

use super::pictures::Pictures;
use super::stages::{Operation, Stage};
use crate::{Error, Result};

/// A table of weights: name, shape, values.
pub type Tensor = (String, Vec<usize>, Vec<f32>);

/// Dense layers of a network, what their hidden units compute, and what comes before them where rows are pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// Features of a row.
    pub inputs: u32,
    /// Units of each hidden layer; none for logistic regression.
    pub hidden: Vec<u32>,
    /// Classes, or 1 for a number.
    pub outputs: u32,
    /// What hidden units do to their sum; outputs are linear.
    pub activation: Activation,
    /// What is done to pictures before the first dense layer; none where rows are taken as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures: Option<Pictures>,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Pictures { size, steps }) = &self.pictures {
            write!(f, "{size}: ")?;
            steps.iter().try_for_each(|step| write!(f, "{step},"))?;
            let name = self.activation.name();
            self.hidden.iter().try_for_each(|units| write!(f, "dense:{units},{name},"))?;
            return write!(f, " {} outputs", self.outputs);
        }
        write!(f, "{}", self.inputs)?;
        self.hidden.iter().chain([&self.outputs]).try_for_each(|units| write!(f, "-{units}"))?;
        write!(f, " with {}", self.activation.name())
    }
}

/// One layer that has weights: a unit, or a filter, has `inputs` weights, then its bias. A norm has a unit for every
/// channel: one weight, the scale, and a bias, the shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Numbers that come in.
    pub inputs: u32,
    /// Units.
    pub outputs: u32,
    /// The layer's first coordinate.
    pub offset: u32,
    /// Standard deviation of Glorot and Bengio (2010), sqrt(2 / (inputs + outputs)): a weight is its coordinate times
    /// this, so that all coordinates of a search are of size 1.
    pub scale: f32,
    /// The weight at coordinate 0: 1 for the scales of a norm, else 0. A bias is 0 there.
    pub centre: f32,
    /// Whether a unit has a bias.
    pub bias: bool,
}

impl Layer {
    /// Coordinates of the layer.
    pub fn parameters(&self) -> u32 {
        self.outputs * self.width()
    }

    /// Coordinates of a unit.
    pub fn width(&self) -> u32 {
        self.inputs + u32::from(self.bias)
    }

    /// The coordinate of a weight, or of the bias at `input == inputs`.
    pub fn coordinate(&self, output: u32, input: u32) -> u32 {
        self.offset + output * self.width() + input
    }

    /// The weight at coordinate 0 of a unit's `input`.
    pub fn centre(&self, input: u32) -> f32 {
        if input < self.inputs { self.centre } else { 0.0 }
    }

    /// Scale and centre of all its coordinates, in order.
    fn scaled(self) -> impl Iterator<Item = (f32, f32)> {
        (0..self.parameters()).map(move |i| (self.scale, self.centre(i % self.width())))
    }
}

impl Architecture {
    /// The layers that have weights, in order: those over pictures, then dense ones.
    pub fn layers(&self) -> Vec<Layer> {
        let mut layers = Vec::with_capacity(self.hidden.len() + 1);
        let mut offset = 0;
        let stages = self.stages();
        for stage in &stages {
            let Some((inputs, outputs)) = stage.weights() else { continue };
            let (scale, centre, bias) = (stage.scale(), stage.centre(), stage.bias());
            let layer = Layer { inputs, outputs, offset, scale, centre, bias };
            offset += layer.parameters();
            layers.push(layer);
        }
        let mut inputs = self.flat();
        for &outputs in self.hidden.iter().chain(std::iter::once(&self.outputs)) {
            let scale = (2.0 / (f64::from(inputs) + f64::from(outputs))).sqrt() as f32;
            let layer = Layer { inputs, outputs, offset, scale, centre: 0.0, bias: true };
            offset += layer.parameters();
            inputs = outputs;
            layers.push(layer);
        }
        layers
    }

    /// The dense layers.
    pub(crate) fn dense_layers(&self) -> Vec<Layer> {
        self.layers().split_off(self.before_dense())
    }

    /// The layers over pictures.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        self.pictures.as_ref().map_or_else(Vec::new, Pictures::stages)
    }

    /// How many of [`Architecture::layers`] are over pictures.
    pub(crate) fn before_dense(&self) -> usize {
        self.stages().iter().filter(|stage| stage.weights().is_some()).count()
    }

    /// What comes into the first dense layer.
    fn flat(&self) -> u32 {
        self.pictures.as_ref().map_or(self.inputs, |pictures| pictures.flat().count())
    }

    /// Refuses layers of sizes that do not fit.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the layer.
    pub fn check(&self) -> Result<()> {
        const MOST: u64 = 1 << 28;
        if self.inputs == 0 || self.outputs == 0 || self.hidden.contains(&0) {
            return Err(Error::setting("model", "an empty layer", "every layer needs at least one unit"));
        }
        if let Some(pictures) = &self.pictures {
            pictures.check()?;
            if pictures.size.count() != self.inputs {
                let remedy = format!("rows have {} features, give pictures of that many values", self.inputs);
                return Err(Error::setting("model", format!("pictures of {}", pictures.size), remedy));
            }
        }
        if self.parameters() > MOST {
            let remedy = format!("at most {MOST} weights are supported");
            return Err(Error::setting("model", format!("{} weights", self.parameters()), remedy));
        }
        Ok(())
    }

    /// Where its weights are searched: coordinates are scaled by layer, so they start standard normal; the walls are far
    /// out and a step is at most 1.
    pub fn domain(&self) -> Domain {
        let group = |layer: &Layer| Group {
            offset: layer.offset,
            blocks: layer.outputs,
            width: layer.width(),
            bias: layer.bias,
            scale: layer.scale,
        };
        let groups = self.layers().iter().map(group).collect();
        Domain { low: -10.0, high: 10.0, start: Start::Normal, bounded: true, step: Some(1.0), groups }
    }

    /// Weights and biases together.
    pub fn parameters(&self) -> u64 {
        let of = |(inputs, units): (u32, u32)| (u64::from(inputs) + 1) * u64::from(units);
        let mut total: u64 = self.stages().iter().map(Stage::parameters).sum();
        let mut inputs = self.flat();
        for &outputs in self.hidden.iter().chain(std::iter::once(&self.outputs)) {
            total += of((inputs, outputs));
            inputs = outputs;
        }
        total
    }

    /// Multiplications and additions for one row.
    pub fn operations(&self) -> f64 {
        let dense = self.dense_layers();
        let dense = dense.iter().map(|layer| 2.0 * f64::from(layer.inputs) * f64::from(layer.outputs)).sum::<f64>();
        dense + self.stages().iter().filter(|s| s.weights().is_some()).map(Stage::operations).sum::<f64>()
    }

    /// Weights from the coordinates of a search.
    pub fn weights(&self, position: &[f32]) -> Vec<f32> {
        let scaled = self.layers().into_iter().flat_map(Layer::scaled);
        position.iter().zip(scaled).map(|(x, (scale, centre))| x * scale + centre).collect()
    }

    /// Weights by layer: `layer.N.weight` (units x inputs, or filters x channels x lines x pixels; of a norm one for every
    /// channel) and, where there are any, `layer.N.bias`.
    pub fn tensors(&self, weights: &[f32]) -> Vec<Tensor> {
        let mut tensors = Vec::new();
        let stages = self.stages();
        let over_pictures: Vec<&Stage> = stages.iter().filter(|stage| stage.weights().is_some()).collect();
        for (l, layer) in self.layers().iter().enumerate() {
            let (inputs, outputs) = (layer.inputs as usize, layer.outputs as usize);
            let units = weights[layer.offset as usize..].chunks(layer.width() as usize).take(outputs);
            let weight = units.clone().flat_map(|unit| unit[..inputs].to_vec()).collect();
            let shape = match over_pictures.get(l).map(|stage| stage.operation) {
                Some(Operation::Convolution { kernel, .. }) => {
                    let side = kernel as usize;
                    vec![outputs, inputs / (side * side), side, side]
                }
                Some(Operation::Norm) => vec![outputs],
                _ => vec![outputs, inputs],
            };
            tensors.push((format!("layer.{l}.weight"), shape, weight));
            if layer.bias {
                tensors.push((format!("layer.{l}.bias"), vec![outputs], units.map(|unit| unit[inputs]).collect()));
            }
        }
        tensors
    }

    /// The norms: the number of each among [`Architecture::layers`], and its channels.
    pub fn norms(&self) -> Vec<(usize, u32)> {
        let stages = self.stages();
        let weighted = stages.iter().filter(|stage| stage.weights().is_some()).enumerate();
        let norms = weighted.filter(|(_, stage)| stage.operation == Operation::Norm);
        norms.map(|(number, stage)| (number, stage.to.channels)).collect()
    }

    /// Coordinates of a search from weights.
    pub fn position(&self, weights: &[f32]) -> Vec<f32> {
        let scaled = self.layers().into_iter().flat_map(Layer::scaled);
        weights.iter().zip(scaled).map(|(w, (scale, centre))| (w - centre) / scale).collect()
    }
}

/// What a hidden unit does to its sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Hyperbolic tangent.
    #[default]
    Tanh,
    /// max(0, x).
    Relu,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// x times the normal distribution function (in the form with a hyperbolic tangent).
    Gelu,
    /// x above 0, 0.01 x below.
    LeakyRelu,
    /// x.
    Identity,
}

impl Activation {
    /// All, for help and tests.
    pub const ALL: [Self; 6] = [Self::Tanh, Self::Relu, Self::Sigmoid, Self::Gelu, Self::LeakyRelu, Self::Identity];

    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::Sigmoid => "sigmoid",
            Self::Gelu => "gelu",
            Self::LeakyRelu => "leaky-relu",
            Self::Identity => "identity",
        }
    }

    /// Whether its slope is told from the sum, not from its value.
    pub(in super::super) fn slope_is_of_sum(self) -> bool {
        self == Self::Gelu
    }

    pub(in super::super) fn wgsl(self) -> &'static str {
        match self {
            Self::Tanh => include_str!("../../../shaders/objective/activation/tanh.wgsl"),
            Self::Relu => include_str!("../../../shaders/objective/activation/relu.wgsl"),
            Self::Sigmoid => include_str!("../../../shaders/objective/activation/sigmoid.wgsl"),
            Self::Gelu => include_str!("../../../shaders/objective/activation/gelu.wgsl"),
            Self::LeakyRelu => include_str!("../../../shaders/objective/activation/leaky-relu.wgsl"),
            Self::Identity => include_str!("../../../shaders/objective/activation/identity.wgsl"),
        }
    }
}
