//! Layers over pictures, a whole batch at a time: norms go by all of it.

use super::network::activate;
use crate::objective::network::pictures::Size;
use crate::objective::network::stages::{Operation, Stage};
use crate::objective::network::{Architecture, EPSILON, Layer};

/// What goes into the first dense layer for a row: the row itself where it is no picture.
pub fn flattened<X: Copy + Into<f64>>(architecture: &Architecture, position: &[X], row: &[f64]) -> Vec<f64> {
    flattened_batch(architecture, position, &[row.to_vec()], None).0.swap_remove(0)
}

/// The same for all rows of a batch, and the mean and the variance of every channel of every norm. These are of the batch
/// unless they are `known`.
pub fn flattened_batch<X: Copy + Into<f64>>(
    architecture: &Architecture,
    position: &[X],
    rows: &[Vec<f64>],
    known: Option<&[f64]>,
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let layers = architecture.layers();
    let mut weighted = layers.iter();
    let mut values: Vec<Vec<Vec<f64>>> = Vec::new();
    let mut moments = Vec::new();
    for stage in architecture.stages() {
        let inputs = stage.reads.map_or(rows, |source| &values[source]);
        let layer = stage.weights().and_then(|_| weighted.next());
        let mut outputs: Vec<Vec<f64>> = match (stage.operation, layer) {
            (Operation::Norm, Some(layer)) => {
                let known = known.map(|all| &all[moments.len()..]);
                normalized(&stage, layer, position, inputs, (known, &mut moments))
            }
            (Operation::Sum(other), _) => {
                let pairs = inputs.iter().zip(&values[other]);
                pairs.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
            }
            _ => inputs.iter().map(|row| over_places(&stage, layer, position, row)).collect(),
        };
        outputs.iter_mut().flatten().for_each(|value| *value = activate(stage.activation, *value));
        values.push(outputs);
    }
    (values.pop().unwrap_or_else(|| rows.to_vec()), moments)
}

/// A convolution, or pooling, of one picture.
fn over_places<X: Copy + Into<f64>>(stage: &Stage, layer: Option<&Layer>, position: &[X], row: &[f64]) -> Vec<f64> {
    let (from, to) = (stage.from, stage.to);
    let place = |size: Size, channel: u32, y: u32, x: u32| ((channel * size.height + y) * size.width + x) as usize;
    let at = |channel, line: i64, pixel: i64| {
        let inside = (0..from.height.into()).contains(&line) && (0..from.width.into()).contains(&pixel);
        if inside { row[place(from, channel, line as u32, pixel as u32)] } else { 0.0 }
    };
    let mut next = vec![0.0; to.count() as usize];
    for channel in 0..to.channels {
        for y in 0..to.height {
            for x in 0..to.width {
                next[place(to, channel, y, x)] = match layer {
                    Some(layer) => sum(stage.operation, layer, position, from, (channel, y, x), &at),
                    None => pooled(stage.operation, stage.window(), (channel, y, x), &at),
                };
            }
        }
    }
    next
}

/// Channels to mean 0 and variance 1, scaled and shifted.
fn normalized<X: Copy + Into<f64>>(
    stage: &Stage,
    layer: &Layer,
    position: &[X],
    rows: &[Vec<f64>],
    (known, moments): (Option<&[f64]>, &mut Vec<f64>),
) -> Vec<Vec<f64>> {
    let pixels = (stage.to.height * stage.to.width) as usize;
    let mut outputs = rows.to_vec();
    for channel in 0..stage.to.channels {
        let own = channel as usize * pixels..(channel as usize + 1) * pixels;
        let all = rows.iter().flat_map(|row| &row[own.clone()]);
        let count = (rows.len() * pixels) as f64;
        let mut mean = all.clone().sum::<f64>() / count;
        let mut variance = all.map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        if let Some(known) = known {
            (mean, variance) = (known[2 * channel as usize], known[2 * channel as usize + 1]);
        }
        moments.extend([mean, variance]);
        let [scale, shift] = [0, 1].map(|input| weight(layer, position, channel, input));
        for x in outputs.iter_mut().flat_map(|row| &mut row[own.clone()]) {
            *x = scale * (*x - mean) / (variance + f64::from(EPSILON)).sqrt() + shift;
        }
    }
    outputs
}

/// A weight from its coordinate.
fn weight<X: Copy + Into<f64>>(layer: &Layer, position: &[X], output: u32, input: u32) -> f64 {
    let coordinate: f64 = position[layer.coordinate(output, input) as usize].into();
    f64::from(layer.centre(input)) + f64::from(layer.scale) * coordinate
}

/// A filter at one place.
fn sum<X: Copy + Into<f64>>(
    operation: Operation,
    layer: &Layer,
    position: &[X],
    from: Size,
    (filter, y, x): (u32, u32, u32),
    at: &dyn Fn(u32, i64, i64) -> f64,
) -> f64 {
    let Operation::Convolution { kernel, stride, padding, bias } = operation else { return 0.0 };
    let weight = |input| weight(layer, position, filter, input);
    let mut sum = if bias { weight(layer.inputs) } else { 0.0 };
    for channel in 0..from.channels {
        for j in 0..kernel {
            for i in 0..kernel {
                let line = i64::from(y * stride + j) - i64::from(padding);
                let pixel = i64::from(x * stride + i) - i64::from(padding);
                sum += weight((channel * kernel + j) * kernel + i) * at(channel, line, pixel);
            }
        }
    }
    sum
}

/// A window at one place.
fn pooled(
    operation: Operation,
    [lines, pixels, stride]: [u32; 3],
    (channel, y, x): (u32, u32, u32),
    at: &dyn Fn(u32, i64, i64) -> f64,
) -> f64 {
    let window = (0..lines).flat_map(|j| (0..pixels).map(move |i| (j, i)));
    let values: Vec<f64> = window.map(|(j, i)| at(channel, (y * stride + j).into(), (x * stride + i).into())).collect();
    match operation {
        Operation::Max(_) => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        _ => values.iter().sum::<f64>() / values.len() as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::network::{Activation, Spec};

    #[test]
    fn a_filter_is_moved_over_the_picture() {
        let size = Size { channels: 1, height: 2, width: 3 };
        let architecture =
            Spec::parse("conv:1x2p1", true).unwrap().build(Some(size), (6, 1), Activation::Tanh).unwrap();
        let scale = f64::from(architecture.layers()[0].scale);
        let mut position = vec![0.0; architecture.parameters() as usize];
        // Weights 1, 2, 3, 4 and a bias of 10.
        for (x, weight) in position.iter_mut().zip([1.0, 2.0, 3.0, 4.0, 10.0]) {
            *x = weight / scale;
        }
        let found = flattened(&architecture, &position, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let by_hand = |y: i32, x: i32| -> f64 {
            let pixel = |y: i32, x: i32| {
                let inside = (0..2).contains(&y) && (0..3).contains(&x);
                if inside { f64::from(y * 3 + x + 1) } else { 0.0 }
            };
            10.0 + pixel(y - 1, x - 1) + 2.0 * pixel(y - 1, x) + 3.0 * pixel(y, x - 1) + 4.0 * pixel(y, x)
        };
        assert_eq!(found.len(), 12);
        for (place, value) in found.iter().enumerate() {
            assert!((value - by_hand(place as i32 / 4, place as i32 % 4)).abs() < 1e-6, "{place}: {value}");
        }
    }
}
