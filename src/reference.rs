//! Plain-Rust `f64` twins of the shaders.

pub mod functions;
pub mod network;
