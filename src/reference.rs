//! Plain-Rust `f64` twins of the shaders.

pub mod circuit;
pub mod convolution;
pub mod functions;
pub mod gwo;
pub mod network;
pub mod node_noise;
#[cfg(not(target_arch = "wasm32"))]
pub mod ode;
pub mod output_swarm;
pub mod random;
pub mod rule;
pub mod spso_2011;
pub mod strategy;
pub mod subspace;
pub mod swarm;

/// Twin of `finite.wgsl`: what `f32` cannot hold counts as the worst.
fn finite_or_worst(value: f64) -> f64 {
    if (value as f32).is_finite() { value } else { crate::population::WORST.into() }
}
