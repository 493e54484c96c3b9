//! What is optimized: test functions, the user's own WGSL or closure, networks on data.

mod formula;
pub mod functions;
mod host;
pub mod network;

pub use formula::Formula;
pub use host::HostFunction;
