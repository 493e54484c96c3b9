//! A trained network in the formats of others: ONNX to run it, safetensors to go on with it.

mod graph;
mod onnx;
mod protobuf;
mod safetensors;

pub use self::onnx::onnx;
pub use self::safetensors::{Saved, safetensors};
