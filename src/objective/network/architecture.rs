//! What a network is made of: dense layers, and what their units compute.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A table of weights: name, shape, values.
pub type Tensor = (String, Vec<usize>, Vec<f32>);

/// Layers of a dense network and what its hidden units compute.
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
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inputs)?;
        self.hidden.iter().chain([&self.outputs]).try_for_each(|units| write!(f, "-{units}"))?;
        let activation = serde_json::to_value(self.activation).unwrap_or_default();
        write!(f, " with {}", activation.as_str().unwrap_or_default())
    }
}

/// One layer: a unit has `inputs` weights, then its bias.
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
}

impl Layer {
    /// Coordinates of the layer.
    pub fn parameters(&self) -> u32 {
        self.outputs * (self.inputs + 1)
    }

    /// The coordinate of a weight, or of the bias at `input == inputs`.
    pub fn coordinate(&self, output: u32, input: u32) -> u32 {
        self.offset + output * (self.inputs + 1) + input
    }
}

impl Architecture {
    /// The layers, in order.
    pub fn layers(&self) -> Vec<Layer> {
        let mut layers = Vec::with_capacity(self.hidden.len() + 1);
        let (mut inputs, mut offset) = (self.inputs, 0);
        for &outputs in self.hidden.iter().chain(std::iter::once(&self.outputs)) {
            let scale = (2.0 / (f64::from(inputs) + f64::from(outputs))).sqrt() as f32;
            let layer = Layer { inputs, outputs, offset, scale };
            offset += layer.parameters();
            inputs = outputs;
            layers.push(layer);
        }
        layers
    }

    /// Weights and biases together.
    pub fn parameters(&self) -> u64 {
        let mut total = 0;
        let mut inputs = u64::from(self.inputs);
        for &outputs in self.hidden.iter().chain(std::iter::once(&self.outputs)) {
            total += (inputs + 1) * u64::from(outputs);
            inputs = u64::from(outputs);
        }
        total
    }

    /// Multiplications and additions for one row.
    pub fn operations(&self) -> f64 {
        self.layers().iter().map(|layer| 2.0 * f64::from(layer.inputs) * f64::from(layer.outputs)).sum()
    }

    /// Weights from the coordinates of a search.
    pub fn weights(&self, position: &[f32]) -> Vec<f32> {
        let scales = self.layers().into_iter().flat_map(|l| std::iter::repeat_n(l.scale, l.parameters() as usize));
        position.iter().zip(scales).map(|(x, scale)| x * scale).collect()
    }

    /// Weights by layer: `layer.N.weight` (units x inputs) and `layer.N.bias`.
    pub fn tensors(&self, weights: &[f32]) -> Vec<Tensor> {
        let mut tensors = Vec::new();
        for (l, layer) in self.layers().iter().enumerate() {
            let (inputs, outputs) = (layer.inputs as usize, layer.outputs as usize);
            let units = weights[layer.offset as usize..].chunks(inputs + 1).take(outputs);
            let weight = units.clone().flat_map(|unit| unit[..inputs].to_vec()).collect();
            tensors.push((format!("layer.{l}.weight"), vec![outputs, inputs], weight));
            tensors.push((format!("layer.{l}.bias"), vec![outputs], units.map(|unit| unit[inputs]).collect()));
        }
        tensors
    }

    /// Coordinates of a search from weights.
    pub fn position(&self, weights: &[f32]) -> Vec<f32> {
        let scales = self.layers().into_iter().flat_map(|l| std::iter::repeat_n(l.scale, l.parameters() as usize));
        weights.iter().zip(scales).map(|(w, scale)| w / scale).collect()
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
