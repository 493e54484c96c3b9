//! Layers over pictures, one picture at a time.

use super::network::activate;
use crate::objective::network::pictures::{Size, Step};
use crate::objective::network::{Architecture, Layer};

/// What goes into the first dense layer for a row: the row itself where it is no picture.
pub fn flattened<X: Copy + Into<f64>>(architecture: &Architecture, position: &[X], row: &[f64]) -> Vec<f64> {
    let Some(pictures) = &architecture.pictures else { return row.to_vec() };
    let layers = architecture.layers();
    let mut weighted = layers.iter();
    let (mut values, mut from) = (row.to_vec(), pictures.size);
    for stage in pictures.stages() {
        let to = stage.to;
        let layer = if stage.weights().is_some() { weighted.next() } else { None };
        let place = |size: Size, channel: u32, y: u32, x: u32| ((channel * size.height + y) * size.width + x) as usize;
        let mut next = vec![0.0; to.count() as usize];
        for channel in 0..to.channels {
            for y in 0..to.height {
                for x in 0..to.width {
                    let at = |channel, line: i64, pixel: i64| {
                        let inside = (0..from.height.into()).contains(&line) && (0..from.width.into()).contains(&pixel);
                        if inside { values[place(from, channel, line as u32, pixel as u32)] } else { 0.0 }
                    };
                    next[place(to, channel, y, x)] = match (stage.step, layer) {
                        (Step::Convolution { activation, .. }, Some(layer)) => {
                            activate(activation, sum(stage.step, layer, position, from, (channel, y, x), &at))
                        }
                        _ => pooled(stage.step, stage.window(), (channel, y, x), &at),
                    };
                }
            }
        }
        (values, from) = (next, to);
    }
    values
}

/// A filter at one place.
fn sum<X: Copy + Into<f64>>(
    step: Step,
    layer: &Layer,
    position: &[X],
    from: Size,
    (filter, y, x): (u32, u32, u32),
    at: &dyn Fn(u32, i64, i64) -> f64,
) -> f64 {
    let Step::Convolution { kernel, stride, padding, .. } = step else { return 0.0 };
    let weight = |input| f64::from(layer.scale) * position[layer.coordinate(filter, input) as usize].into();
    let mut sum = weight(layer.inputs);
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
    step: Step,
    [lines, pixels, stride]: [u32; 3],
    (channel, y, x): (u32, u32, u32),
    at: &dyn Fn(u32, i64, i64) -> f64,
) -> f64 {
    let window = (0..lines).flat_map(|j| (0..pixels).map(move |i| (j, i)));
    let values: Vec<f64> = window.map(|(j, i)| at(channel, (y * stride + j).into(), (x * stride + i).into())).collect();
    match step {
        Step::Max(_) => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
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
