//! Twin of `shaders/objective/network/node_*.wgsl` for dense networks: the gradient told from noise at the units.

use super::network::{activate, row_loss};
use super::random::{NODES, words};
use crate::objective::network::{Activation, Architecture, Layer, Loss};
use crate::population::NodeNoise;

/// Where a draw belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The run's seed.
    pub seed: u64,
    /// Generations told before.
    pub generation: u32,
    /// The member.
    pub member: u32,
}

/// The estimate of the mean loss's gradient, per unit of weight, in the order of coordinates.
pub fn gradient(
    architecture: &Architecture,
    loss: &Loss,
    position: &[f32],
    (features, labels): (&[f32], &[u32]),
    noise: &NodeNoise,
    place: Place,
) -> Vec<f64> {
    let layers = architecture.dense_layers();
    let units: Vec<u32> = layers.iter().skip(1).map(|layer| layer.inputs).chain([architecture.outputs]).collect();
    let quads: Vec<u32> = units.iter().map(|units| units.div_ceil(4)).collect();
    let all_quads: u32 = quads.iter().sum();
    let (sigma, perturbations) = (f64::from(noise.sigma), noise.perturbations);
    let mut gradient = vec![0.0; position.len()];
    for (row, (features, label)) in features.chunks(architecture.inputs as usize).zip(labels).enumerate() {
        // What each layer takes in, and at last the outputs.
        let mut values = vec![features.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>()];
        for (l, layer) in layers.iter().enumerate() {
            values.push(through(architecture, layer, l + 1 == layers.len(), position, &values[l]));
        }
        let before = row_loss(loss, &values[layers.len()], *label);
        for (l, layer) in layers.iter().enumerate() {
            let place_of = |unit: u32| row as u32 * all_quads + quads[..l].iter().sum::<u32>() + unit / 4;
            let sign = |unit: u32, k: u32| {
                let purpose = NODES + ((k / 32) << 8);
                let words = words(place.seed, place.generation, place_of(unit), place.member, purpose);
                if words[unit as usize % 4].wrapping_shr(k) & 1 == 1 { 1.0 } else { -1.0 }
            };
            let mut slopes = vec![0.0; units[l] as usize];
            for k in 0..perturbations {
                let signs: Vec<f64> = (0..units[l]).map(|unit| sign(unit, k)).collect();
                let mut moved: Vec<f64> = values[l + 1].iter().zip(&signs).map(|(x, sign)| x + sigma * sign).collect();
                for (above, layer) in layers.iter().enumerate().skip(l + 1) {
                    moved = through(architecture, layer, above + 1 == layers.len(), position, &moved);
                }
                let change = row_loss(loss, &moved, *label) - before;
                slopes.iter_mut().zip(&signs).for_each(|(slope, sign)| *slope += sign * change);
            }
            let last = l + 1 == layers.len();
            let sums = through_sums(layer, position, &values[l]);
            for output in 0..layer.outputs {
                let handed = if last { 1.0 } else { activation_slope(architecture.activation, sums[output as usize]) };
                let slope = handed * slopes[output as usize] / (f64::from(perturbations) * sigma * labels.len() as f64);
                for input in 0..=layer.inputs {
                    let value = values[l].get(input as usize).copied().unwrap_or(1.0);
                    gradient[layer.coordinate(output, input) as usize] += slope * value;
                }
            }
        }
    }
    gradient
}

fn through_sums(layer: &Layer, position: &[f32], values: &[f64]) -> Vec<f64> {
    let weight = |output, input| f64::from(layer.scale) * f64::from(position[layer.coordinate(output, input) as usize]);
    let product = |output| (0..layer.inputs).map(|input| weight(output, input) * values[input as usize]).sum::<f64>();
    (0..layer.outputs).map(|output| weight(output, layer.inputs) + product(output)).collect()
}

fn through(architecture: &Architecture, layer: &Layer, last: bool, position: &[f32], values: &[f64]) -> Vec<f64> {
    let activation = if last { Activation::Identity } else { architecture.activation };
    through_sums(layer, position, values).into_iter().map(|sum| activate(activation, sum)).collect()
}

/// By central differences.
fn activation_slope(activation: Activation, sum: f64) -> f64 {
    (activate(activation, sum + 1e-6) - activate(activation, sum - 1e-6)) / 2e-6
}
