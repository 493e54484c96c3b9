//! A network and its losses, one row at a time.

use super::convolution::{flattened, flattened_batch};
use crate::objective::network::{Activation, Architecture, Loss, Margin};

/// What a hidden unit does to its sum.
pub fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Tanh => x.tanh(),
        Activation::Relu => x.max(0.0),
        Activation::Sigmoid => sigmoid(x),
        Activation::Gelu => 0.5 * x * (1.0 + (0.797_884_560_802_865_4 * (x + 0.044_715 * x * x * x)).tanh()),
        Activation::LeakyRelu => x.max(0.01 * x),
        Activation::Identity => x,
    }
}

/// 1 / (1 + exp(-x)).
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Outputs of one row before softmax or sigmoid.
pub fn logits<X: Copy + Into<f64>>(architecture: &Architecture, position: &[X], row: &[f32]) -> Vec<f64> {
    logits_of(architecture, position, &row.iter().map(|x| f64::from(*x)).collect::<Vec<_>>())
}

/// The same of a row in `f64`.
pub fn logits_of<X: Copy + Into<f64>>(architecture: &Architecture, position: &[X], row: &[f64]) -> Vec<f64> {
    through_dense(architecture, position, flattened(architecture, position, row))
}

/// The same of all rows of a batch, by whose moments norms go unless these are known.
pub fn logits_of_batch<X: Copy + Into<f64>>(
    architecture: &Architecture,
    position: &[X],
    features: &[f32],
    known: Option<&[f64]>,
) -> Vec<Vec<f64>> {
    let rows = features.chunks(architecture.inputs as usize);
    let rows: Vec<Vec<f64>> = rows.map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect();
    let (flat, _) = flattened_batch(architecture, position, &rows, known);
    flat.into_iter().map(|values| through_dense(architecture, position, values)).collect()
}

fn through_dense<X: Copy + Into<f64>>(architecture: &Architecture, position: &[X], mut values: Vec<f64>) -> Vec<f64> {
    let layers = architecture.dense_layers();
    for (l, layer) in layers.iter().enumerate() {
        let weight = |output, input| f64::from(layer.scale) * position[layer.coordinate(output, input) as usize].into();
        values = (0..layer.outputs)
            .map(|output| {
                let sum = weight(output, layer.inputs)
                    + (0..layer.inputs).map(|input| weight(output, input) * values[input as usize]).sum::<f64>();
                if l + 1 == layers.len() { sum } else { activate(architecture.activation, sum) }
            })
            .collect();
    }
    values
}

/// Outputs of one row under a loss: those before softmax or sigmoid, or scaled cosines.
pub fn outputs<X: Copy + Into<f64>>(architecture: &Architecture, loss: &Loss, position: &[X], row: &[f32]) -> Vec<f64> {
    match loss {
        Loss::AdditiveMargin(margin) => cosines(architecture, *margin, position, row),
        _ => logits(architecture, position, row),
    }
}

/// Cosines between what the last layer takes in and its weights for each class, times the scale.
pub fn cosines<X: Copy + Into<f64>>(
    architecture: &Architecture,
    margin: Margin,
    position: &[X],
    row: &[f32],
) -> Vec<f64> {
    let layers = architecture.dense_layers();
    let (last, below) = (layers[layers.len() - 1], &layers[..layers.len() - 1]);
    let features: Vec<f64> = match below.split_last() {
        None => flattened(architecture, position, &row.iter().map(|x| f64::from(*x)).collect::<Vec<_>>()),
        Some((top, _)) => {
            let hidden = architecture.hidden[..below.len() - 1].to_vec();
            let lower = Architecture { outputs: top.outputs, hidden, ..architecture.clone() };
            logits(&lower, position, row).into_iter().map(|sum| activate(architecture.activation, sum)).collect()
        }
    };
    let length = |vector: &[f64]| vector.iter().map(|x| x * x).sum::<f64>().sqrt().max(Margin::SHORTEST.into());
    let of_class = |output| {
        let weight = |input| f64::from(last.scale) * position[last.coordinate(output, input) as usize].into();
        let weights: Vec<f64> = (0..last.inputs).map(weight).collect();
        let product: f64 = weights.iter().zip(&features).map(|(w, f)| w * f).sum();
        f64::from(margin.scale) * product / length(&weights) / length(&features)
    };
    (0..last.outputs).map(of_class).collect()
}

/// What one row costs; the label of a number holds its bits. A user's own loss has no twin: NaN.
pub fn row_loss(loss: &Loss, logits: &[f64], label: u32) -> f64 {
    let target = |o: usize| f64::from(u8::from(o == label as usize));
    let outputs = logits.iter().copied().enumerate();
    let count = logits.len() as f64;
    let (number, wanted) = (logits[0], f64::from(f32::from_bits(label)));
    match loss {
        Loss::CrossEntropy => {
            let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            top + logits.iter().map(|z| (z - top).exp()).sum::<f64>().ln() - logits[label as usize]
        }
        Loss::DoubleSoftmax => {
            let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let shares: Vec<f64> = logits.iter().map(|z| (z - top).exp()).collect();
            let sum: f64 = shares.iter().sum();
            row_loss(&Loss::CrossEntropy, &shares.iter().map(|share| share / sum).collect::<Vec<_>>(), label)
        }
        Loss::Bce => outputs.map(|(o, z)| z.max(0.0) + (-z.abs()).exp().ln_1p() - target(o) * z).sum::<f64>() / count,
        Loss::Mse => outputs.map(|(o, z)| 0.5 * (sigmoid(z) - target(o)).powi(2)).sum::<f64>() / count,
        Loss::Mae => outputs.map(|(o, z)| (sigmoid(z) - target(o)).abs()).sum::<f64>() / count,
        Loss::Accuracy => f64::from(u8::from(logits.iter().any(|z| *z > logits[label as usize]))),
        Loss::AdditiveMargin(margin) => {
            let lowered: Vec<f64> = outputs.map(|(o, z)| z - target(o) * f64::from(margin.lowered())).collect();
            row_loss(&Loss::CrossEntropy, &lowered, label)
        }
        Loss::Squared => 0.5 * (number - wanted).powi(2),
        Loss::Absolute => (number - wanted).abs(),
        Loss::Rounded => (number.round_ties_even() - wanted.round_ties_even()).abs(),
        Loss::Wells => 0.1 * (number - wanted).powi(2) + 1.0 - (3.0 * (number - wanted)).cos(),
        Loss::Own(_) => f64::NAN,
    }
}

/// Mean loss over all rows.
pub fn mean_loss<X: Copy + Into<f64>>(
    architecture: &Architecture,
    loss: &Loss,
    position: &[X],
    features: &[f32],
    labels: &[u32],
) -> f64 {
    if !architecture.norms().is_empty() {
        let all = logits_of_batch(architecture, position, features, None);
        return all.iter().zip(labels).map(|(z, label)| row_loss(loss, z, *label)).sum::<f64>() / labels.len() as f64;
    }
    let rows = features.chunks(architecture.inputs as usize);
    let sum: f64 =
        rows.zip(labels).map(|(row, label)| row_loss(loss, &outputs(architecture, loss, position, row), *label)).sum();
    sum / labels.len() as f64
}
