//! A network as an ONNX file that takes raw rows: scaling, layers, and what its loss makes of the outputs.
//!
//! What it computes is what `gradless predict` does, in operators that every runtime has. Categories go in as numbers,
//! since texts are beyond many runtimes: a level is its place in the list that the file brings along.

use serde_json::json;

use super::graph::{Attribute, Graph, Of, Side};
use crate::data::{Encoder, Kind, Pixels, SCALED_LIMIT};
use crate::model::Model;
use crate::objective::network::pictures::Window;
use crate::objective::network::stages::Operation;
use crate::objective::network::{Activation, EPSILON, Margin, Tensor};

/// The file's bytes. Inputs are `pixels` (rows x channels x lines x pixels, as they came: 0 to 255 from most files), or
/// `columns` (rows x raw columns in use, missing cells as NaN, categories as places in their lists of levels). Outputs are
/// `probabilities` and `class`, the place of the largest of them, or the `prediction` of a regression.
///
/// Texts beside the network: `classes` and `columns`, as JSON.
pub fn onnx(model: &Model) -> Vec<u8> {
    let tensors = &model.tensors();
    let mut graph = Graph::default();
    let mut flow = match &model.encoder.pixels {
        Some(pixels) => pictures(&mut graph, (model, tensors), pixels),
        None => columns(&mut graph, &model.encoder),
    };
    let (before, all) = (model.architecture.before_dense(), model.architecture.layers().len());
    for l in before..all {
        let [weight, bias] = ["weight", "bias"].map(|what| tensor(tensors, l, what));
        if let (true, Some(margin), Some((_, sides, weights))) = (l + 1 == all, model.loss.margin(), &weight) {
            flow = cosines(&mut graph, &flow, l, weights, sides, margin);
            continue;
        }
        let weights = constants(&mut graph, [weight, bias]);
        flow = graph.node("Gemm", &taking(&flow, &weights), &[Attribute::Integer("transB", 1)]);
        if l + 1 < all {
            flow = activate(&mut graph, flow, model.architecture.activation);
        }
    }
    outputs(&mut graph, model, &flow);
    let about = format!("{}, trained on {}", model.architecture, model.loss.name());
    graph.model(&about, &texts(&model.encoder))
}

/// The classes, and what is to be put into which column.
fn texts(encoder: &Encoder) -> Vec<(&'static str, String)> {
    let mut texts = Vec::new();
    if !encoder.classes.is_empty() {
        texts.push(("classes", json!(encoder.classes).to_string()));
    }
    if encoder.pixels.is_none() {
        let column = |column: &crate::data::Column| match &column.kind {
            Kind::Category { levels, .. } => {
                let levels: Vec<_> = levels.iter().map(|level| &level.text).collect();
                json!({"name": column.name, "levels": levels})
            }
            _ => json!({"name": column.name}),
        };
        let columns: Vec<_> = encoder.scales().into_iter().map(|(of, _)| column(of)).collect();
        texts.push(("columns", json!(columns).to_string()));
    }
    texts
}

/// What a layer has of this kind: `weight`, `bias`, or of a norm `mean` and `variance`.
fn tensor<'a>(tensors: &'a [Tensor], l: usize, what: &str) -> Option<&'a Tensor> {
    tensors.iter().find(|(name, ..)| *name == format!("layer.{l}.{what}"))
}

/// Constants of the graph for those that there are; `layers.N`, as PyTorch names them.
fn constants<const N: usize>(graph: &mut Graph, tensors: [Option<&Tensor>; N]) -> Vec<String> {
    let there = tensors.into_iter().flatten();
    there.map(|(name, sides, values)| graph.floats(&name.replacen("layer", "layers", 1), sides, values)).collect()
}

/// The inputs of an operator.
fn taking<'a>(flow: &'a str, constants: &'a [String]) -> Vec<&'a str> {
    std::iter::once(flow).chain(constants.iter().map(String::as_str)).collect()
}

/// From pixels to the flat values that the first dense layer takes.
fn pictures(graph: &mut Graph, (model, tensors): (&Model, &[Tensor]), pixels: &Pixels) -> String {
    let Pixels { height, width, channels, mean, sd } = *pixels;
    let sides = [Side::Rows, Side::Count(channels), Side::Count(height), Side::Count(width)];
    let about = "pixels as the files have them, mostly 0 to 255, as f32: channel after channel, line after line";
    let input = graph.input("pixels", Of::Float, &sides, about);
    let mean = graph.floats("pixels.mean", &[], &[mean as f32]);
    let sd = graph.floats("pixels.sd", &[], &[sd as f32]);
    let centred = graph.node("Sub", &[&input, &mean], &[]);
    let mut flow = graph.node("Div", &[&centred, &sd], &[]);
    let mut layers = 0..;
    let mut flows: Vec<String> = Vec::new();
    for stage in model.architecture.stages() {
        let from = stage.reads.map_or(&flow, |number| &flows[number]).clone();
        let l = stage.weights().and_then(|_| layers.next()).unwrap_or_default();
        let sums = match stage.operation {
            Operation::Convolution { kernel, stride, padding, .. } => {
                let weights = constants(graph, ["weight", "bias"].map(|what| tensor(tensors, l, what)));
                let [kernel, stride, padding] = [kernel, stride, padding].map(i64::from);
                let attributes = [
                    Attribute::Integers("kernel_shape", &[kernel; 2]),
                    Attribute::Integers("strides", &[stride; 2]),
                    Attribute::Integers("pads", &[padding; 4]),
                ];
                graph.node("Conv", &taking(&from, &weights), &attributes)
            }
            Operation::Norm => {
                let all = constants(graph, ["weight", "bias", "mean", "variance"].map(|what| tensor(tensors, l, what)));
                graph.node("BatchNormalization", &taking(&from, &all), &[Attribute::Float("epsilon", EPSILON)])
            }
            Operation::Sum(beside) => graph.node("Add", &[&from, &flows[beside]], &[]),
            Operation::Max(window) => pool(graph, "MaxPool", &from, window),
            Operation::Average(window) => pool(graph, "AveragePool", &from, window),
            Operation::GlobalAverage => graph.node("GlobalAveragePool", &[&from], &[]),
        };
        flows.push(activate(graph, sums, stage.activation));
    }
    flow = flows.pop().unwrap_or(flow);
    graph.node("Flatten", &[&flow], &[Attribute::Integer("axis", 1)])
}

fn pool(graph: &mut Graph, operator: &str, flow: &str, window: Window) -> String {
    let [side, stride] = [window.side, window.stride].map(i64::from);
    let attributes = [Attribute::Integers("kernel_shape", &[side; 2]), Attribute::Integers("strides", &[stride; 2])];
    graph.node(operator, &[flow], &attributes)
}

/// From raw columns to features: missing cells filled, levels to a feature each, all to one scale.
fn columns(graph: &mut Graph, encoder: &Encoder) -> String {
    let columns = encoder.scales();
    let about = "raw cells; NaN where missing; of a category the level's place from 0, as in the text `columns`";
    let mut flow = graph.input("columns", Of::Float, &[Side::Rows, Side::Count(columns.len())], about);
    let substitutes: Vec<f32> = columns
        .iter()
        .map(|(column, _)| match column.kind {
            Kind::Number { mean, .. } => mean as f32,
            Kind::Category { most_frequent, .. } => most_frequent as f32,
            Kind::Dropped { .. } => 0.0,
        })
        .collect();
    let substitutes = graph.floats("columns.substitutes", &[1, columns.len()], &substitutes);
    let missing = graph.node("IsNaN", &[&flow], &[]);
    flow = graph.node("Where", &[&missing, &substitutes, &flow], &[]);
    let scales: Vec<_> =
        (0..).zip(&columns).flat_map(|(at, (_, scales))| scales.iter().map(move |s| (at, s))).collect();
    let row = |value: &dyn Fn(usize) -> f32| (0..scales.len()).map(value).collect::<Vec<_>>();
    if scales.iter().any(|(_, scale)| scale.level.is_some()) {
        // Every feature has a copy of its column; where it is of a level the copy becomes 1 or 0.
        let places: Vec<i64> = scales.iter().map(|(at, _)| *at).collect();
        let places = graph.integers("features.columns", &places);
        flow = graph.node("Gather", &[&flow, &places], &[Attribute::Integer("axis", 1)]);
        let levels = row(&|i| scales[i].1.level.map_or(0.0, |level| level as f32));
        let levels = graph.floats("features.levels", &[1, scales.len()], &levels);
        let equal = graph.node("Equal", &[&flow, &levels], &[]);
        let found = graph.node("Cast", &[&equal], &[Attribute::Integer("to", Of::Float as i64)]);
        let of_level: Vec<bool> = scales.iter().map(|(_, scale)| scale.level.is_some()).collect();
        let of_level = graph.truths("features.of_level", &of_level);
        flow = graph.node("Where", &[&of_level, &found, &flow], &[]);
    }
    let mean = graph.floats("features.mean", &[1, scales.len()], &row(&|i| scales[i].1.mean as f32));
    let sd = graph.floats("features.sd", &[1, scales.len()], &row(&|i| scales[i].1.sd as f32));
    let centred = graph.node("Sub", &[&flow, &mean], &[]);
    let scaled = graph.node("Div", &[&centred, &sd], &[]);
    let [low, high] = [("features.least", -SCALED_LIMIT), ("features.most", SCALED_LIMIT)]
        .map(|(name, limit)| graph.floats(name, &[], &[limit as f32]));
    graph.node("Clip", &[&scaled, &low, &high], &[])
}

fn activate(graph: &mut Graph, sums: String, activation: Activation) -> String {
    match activation {
        Activation::Identity => sums,
        Activation::Tanh => graph.node("Tanh", &[&sums], &[]),
        Activation::Relu => graph.node("Relu", &[&sums], &[]),
        Activation::Sigmoid => graph.node("Sigmoid", &[&sums], &[]),
        Activation::LeakyRelu => graph.node("LeakyRelu", &[&sums], &[Attribute::Float("alpha", 0.01)]),
        Activation::Gelu => gelu(graph, &sums),
    }
}

/// x (1 + tanh(a (x + b x^3))) / 2: one operator only from operator set 20 on.
fn gelu(graph: &mut Graph, x: &str) -> String {
    // The same constants again for every layer that needs them: runtimes fold what is alike.
    let at = format!("{x}.gelu");
    let mut number = |name: &str, value: f32| graph.floats(&format!("{at}.{name}"), &[], &[value]);
    let [outer, cubic, one, half] =
        [("a", 0.797_884_6), ("b", 0.044_715), ("one", 1.0), ("half", 0.5)].map(|(name, value)| number(name, value));
    let square = graph.node("Mul", &[x, x], &[]);
    let cube = graph.node("Mul", &[&square, x], &[]);
    let cube = graph.node("Mul", &[&cube, &cubic], &[]);
    let inner = graph.node("Add", &[x, &cube], &[]);
    let inner = graph.node("Mul", &[&inner, &outer], &[]);
    let tanh = graph.node("Tanh", &[&inner], &[]);
    let above = graph.node("Add", &[&tanh, &one], &[]);
    let share = graph.node("Mul", &[&above, &half], &[]);
    graph.node("Mul", &[x, &share], &[])
}

/// The last layer of an additive-margin softmax: scaled cosines between features and the weights of a class.
fn cosines(graph: &mut Graph, flow: &str, l: usize, weights: &[f32], sides: &[usize], margin: Margin) -> String {
    let scaled: Vec<f32> = weights
        .chunks(sides[1].max(1))
        .flat_map(|unit| {
            let length = unit.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>().sqrt().max(Margin::SHORTEST.into());
            unit.iter().map(move |w| (f64::from(margin.scale) * f64::from(*w) / length) as f32)
        })
        .collect();
    let weight = graph.floats(&format!("layers.{l}.weight"), sides, &scaled);
    let shortest = graph.floats("features.shortest", &[], &[Margin::SHORTEST]);
    let attributes = [Attribute::Integers("axes", &[1]), Attribute::Integer("keepdims", 1)];
    let length = graph.node("ReduceL2", &[flow], &attributes);
    let length = graph.node("Max", &[&length, &shortest], &[]);
    let direction = graph.node("Div", &[flow, &length], &[]);
    graph.node("Gemm", &[&direction, &weight], &[Attribute::Integer("transB", 1)])
}

/// What is handed out.
fn outputs(graph: &mut Graph, model: &Model, flow: &str) {
    if model.encoder.is_regression() {
        let row = graph.integers("prediction.shape", &[-1]);
        graph.named("prediction", "Reshape", &[flow, &row], &[]);
        return graph.output("prediction", Of::Float, &[Side::Rows], "the number that the network says");
    }
    let mut logits = flow.to_string();
    if model.loss.apart() {
        // Sigmoids scaled to a sum of 1 are a softmax of their logarithms, which cannot all vanish.
        let negative = graph.node("Neg", &[&logits], &[]);
        let softplus = graph.node("Softplus", &[&negative], &[]);
        logits = graph.node("Neg", &[&softplus], &[]);
    }
    graph.named("probabilities", "Softmax", &[&logits], &[Attribute::Integer("axis", 1)]);
    let classes = Side::Count(model.encoder.classes.len());
    graph.output("probabilities", Of::Float, &[Side::Rows, classes], "of every class; a row sums to 1");
    let attributes = [Attribute::Integer("axis", 1), Attribute::Integer("keepdims", 0)];
    graph.named("class", "ArgMax", &[flow], &attributes);
    graph.output("class", Of::Integer, &[Side::Rows], "the likeliest one, its place from 0 in the text `classes`");
}
