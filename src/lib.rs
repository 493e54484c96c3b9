//! Trains neural networks without backpropagation, whole populations at once, in WGSL compute shaders.

pub mod config;
pub mod data;
mod error;
#[cfg(not(target_arch = "wasm32"))]
pub mod folder;
pub mod gpu;
pub mod metrics;
#[cfg(not(target_arch = "wasm32"))]
pub mod model;
pub mod objective;
pub mod optimizer;
#[cfg(feature = "plot")]
pub mod plot;
pub mod population;
pub mod reference;
#[cfg(not(target_arch = "wasm32"))]
pub mod run;

pub use error::{Error, Place, Result};
