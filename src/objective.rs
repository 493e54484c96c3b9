//! What is optimized: test functions, the user's own WGSL or closure, networks on data.

pub mod circuit;
mod formula;
pub mod functions;
mod host;
pub mod morris_lecar;
pub mod network;
#[cfg(not(target_arch = "wasm32"))]
pub mod ode;
mod total;
mod users;

pub use formula::Formula;
pub use host::HostFunction;
