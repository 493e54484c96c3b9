//! Trains neural networks without backpropagation, whole populations at once, in WGSL compute shaders on any Vulkan,
//! Metal or DX12 adapter.
//!
//! Five nouns: a [`Gpu`](gpu::Gpu) computes; an [`Objective`](population::Objective) says what is minimized (a
//! [`Network`](objective::network::Network) on data, a [`Formula`](objective::Formula) in WGSL, a
//! [`HostFunction`](objective::HostFunction)); an [`Optimizer`](population::Optimizer) says how positions move: swarms
//! such as [`Pso`](optimizer::Pso) and [`Gwo`](optimizer::Gwo), evolution strategies such as
//! [`OpenAiEs`](optimizer::OpenAiEs) and [`Eggroll`](optimizer::Eggroll), a swarm for each block
//! ([`ByBlocks`](optimizer::ByBlocks)), any of them in a [`Subspace`](optimizer::Subspace); a [`Run`](run::Run) binds one
//! to the other; a [`Report`](run::Report) tells how far it has come. Descriptions are plain values; what `bind` and
//! `start` return owns buffers.
//!
//! ```
//! use gradless::gpu::{Gpu, Pick};
//! use gradless::objective::Formula;
//! use gradless::optimizer::Pso;
//! use gradless::population::Domain;
//! use gradless::run::Run;
//!
//! # fn main() -> gradless::Result<()> {
//! // Any function of a vector, in WGSL. Lower is better.
//! let text = "fn objective(candidate: u32) -> f32 {
//!     var sum = 0.0;
//!     for (var i = 0u; i < DIMS; i += 1u) { let d = at(candidate, i) - 0.5; sum += d * d; }
//!     return sum;
//! }";
//! let bowl = Formula::new("bowl", text, 10, Domain::boxed(-5.0, 5.0))?;
//! # let Ok(gpu) = Gpu::open(&Pick::Best) else { return Ok(()) };
//! # /*
//! let gpu = Gpu::open(&Pick::Best)?;
//! # */
//! let mut run = Run::new(&gpu, &bowl, &Pso::default()).members(64).generations(300).seed(7).start()?;
//! let report = run.until_stopped(|_| true)?;
//! assert!(report.best < 1e-6);
//! assert!(run.best()?.iter().all(|x| (x - 0.5).abs() < 1e-2));
//! # Ok(())
//! # }
//! ```
//!
//! In a browser nobody may block: there [`Gpu::open_async`](gpu::Gpu::open_async),
//! [`Run::advance_async`](run::Run::advance_async) and their like are what there is, and everything else builds on them.
//!
//! One seed gives one result on one adapter, whatever the number of generations in a submission and however a
//! population is cut into buffers.

#[cfg(not(target_arch = "wasm32"))]
pub mod bench;
#[cfg(not(target_arch = "wasm32"))]
pub mod comparison;
pub mod config;
pub mod data;
mod error;
pub mod experiment;
#[cfg(not(target_arch = "wasm32"))]
pub mod export;
#[cfg(not(target_arch = "wasm32"))]
pub mod folder;
pub mod gpu;
pub mod method;
pub mod metrics;
#[cfg(not(target_arch = "wasm32"))]
pub mod model;
pub mod objective;
pub mod optimizer;
#[cfg(feature = "plot")]
pub mod plot;
pub mod population;
#[cfg(not(target_arch = "wasm32"))]
pub mod problem;
pub mod reach;
pub mod reference;
pub mod run;
mod shuffle;
pub mod statistics;
pub mod threefry;
#[cfg(not(target_arch = "wasm32"))]
pub mod training;
#[cfg(not(target_arch = "wasm32"))]
pub mod tuning;

pub use error::{Error, Place, Result};
