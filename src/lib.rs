//! Trains neural networks without backpropagation, whole populations at once, in WGSL compute shaders.

pub mod data;
mod error;
pub mod gpu;
pub mod objective;
pub mod optimizer;
#[cfg(feature = "plot")]
pub mod plot;
pub mod population;
pub mod reference;
#[cfg(not(target_arch = "wasm32"))]
pub mod run;

pub use error::{Error, Place, Result};
