//! What `tune` is told.

use clap::Args;

use super::Output;

/// What `tune` is told.
#[derive(Args, Debug)]
pub(crate) struct Tune {
    /// Remove what is kept for the adapter, and leave.
    #[arg(long)]
    pub(crate) clear: bool,
    /// Adapter: part of its name, its number in `gradless devices`, or `software` [default: the best, or
    /// $GRADLESS_DEVICE].
    #[arg(long, value_name = "NAME|INDEX|software")]
    pub(crate) device: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}
