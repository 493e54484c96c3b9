//! What `minimize` is told.

use clap::Args;

use super::{Device, Output, Search};

#[derive(Args, Debug)]
pub(crate) struct Minimize {
    /// Name of a function (sphere, rastrigin, ackley, f1 ... f13; --list for all), or a .wgsl file that defines
    /// `fn objective(candidate: u32) -> f32` over `at(candidate, i)`.
    #[arg(required_unless_present_any = ["list", "help_settings"])]
    pub(crate) function: Option<String>,
    /// List the functions with their domains and optima, and leave.
    #[arg(long)]
    pub(crate) list: bool,
    /// Number of coordinates [default: the function's own, usually 30; a file's: 2].
    #[arg(long, value_name = "N")]
    pub(crate) dims: Option<u32>,
    /// Move the optimum by so much along every axis [without a value: 0.3 of the half side].
    #[arg(long, value_name = "BY", num_args = 0..=1, allow_negative_numbers = true)]
    pub(crate) shift: Option<Option<f32>>,
    /// Lower end of the box of a .wgsl file [default: -1].
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) low: Option<f32>,
    /// Upper end of the box of a .wgsl file [default: 1].
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) high: Option<f32>,
    /// Runs, with seeds from --seed on; more than one show mean and median.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) runs: u32,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) device: Device,
    #[command(flatten)]
    pub(crate) output: Output,
}
