//! What `data` and its commands are told.

use clap::{Args, Subcommand};

use super::Output;

#[derive(Subcommand, Debug)]
pub(crate) enum Data {
    /// List the built-in data sets, and those that can be fetched.
    List(Output),
    /// Fetch a data set into the user's cache, to be known by its name from then on.
    ///
    /// It lies in $GRADLESS_CACHE, else where the system keeps such files (~/.cache/gradless, ~/Library/Caches/gradless,
    /// %LOCALAPPDATA%\gradless). What was broken off goes on where it stopped; checksums are looked at.
    Fetch(Fetch),
}

/// What `data fetch` is told.
#[derive(Args, Debug)]
pub(crate) struct Fetch {
    /// mnist, fashion-mnist, cifar10 or cifar100.
    pub(crate) name: String,
    /// An address to take files from in place of their own: URL/NAME/FILE.
    #[arg(long, value_name = "URL", env = "GRADLESS_MIRROR")]
    pub(crate) mirror: Option<String>,
    /// Seconds that a server may be silent.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub(crate) timeout: f64,
    #[command(flatten)]
    pub(crate) report: Output,
}
