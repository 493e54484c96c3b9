//! What commands of several runs are told: `compare`, `reproduce`.

use std::path::PathBuf;

use clap::Args;

use super::{Device, Network, Output, Rows};

/// How long each run of several is.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Candidates that each run may score, in whole generations [default: compare 20000, reproduce the experiment's].
    #[arg(long, value_name = "N", help_heading = "Budget")]
    pub(crate) evaluations: Option<u64>,
    /// Seconds for each run instead.
    #[arg(
        long,
        value_name = "S",
        allow_negative_numbers = true,
        conflicts_with = "evaluations",
        help_heading = "Budget"
    )]
    pub(crate) seconds: Option<f64>,
    /// Generations of each run instead: equal evaluations only where populations are equal.
    #[arg(long, value_name = "N", conflicts_with_all = ["evaluations", "seconds"], help_heading = "Budget")]
    pub(crate) generations: Option<u32>,
    /// Times that every row is seen by each run instead.
    #[arg(long, value_name = "N", conflicts_with_all = ["evaluations", "seconds", "generations"], help_heading = "Budget")]
    pub(crate) epochs: Option<u32>,
}

/// What `compare` is told.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: gradless compare iris --optimizers pso,gwo:leaders=best-3,pso:population=32 --seeds 10"
)]
pub(crate) struct Compare {
    /// A built-in set (`gradless data list`), a .csv file, or a folder of images.
    pub(crate) data: String,
    /// Methods, with commas or spaces between: OPTIMIZER, OPTIMIZER:KEY=VALUE,KEY=VALUE or SEARCH/OPTIMIZER. KEY is a
    /// setting of the optimizer, or population, generations or batch in place of the common one. May be given again.
    #[arg(long, visible_alias = "method", value_name = "LIST", required = true)]
    pub(crate) optimizers: Vec<String>,
    /// Runs of each method. Fewer than 4 cannot show a difference to be clear.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) seeds: u32,
    /// The first seed; the others follow it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) budget: Budget,
    /// Candidates of a generation, where a method does not say its own [default: 128].
    #[arg(long, value_name = "N", help_heading = "Budget")]
    pub(crate) population: Option<u32>,
    /// Rows scored in a generation: a number, drawn anew each time, or full [default: full].
    #[arg(long, value_name = "N|full", help_heading = "Budget")]
    pub(crate) batch: Option<String>,
    #[command(flatten)]
    pub(crate) rows: Rows,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Folder for table, runs and plots [default: runs/compare-DATA-N].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) device: Device,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What `reproduce` is told.
#[derive(Args, Debug)]
pub(crate) struct Reproduce {
    /// Name of an experiment, or a .toml file that describes one.
    pub(crate) experiment: Option<String>,
    /// Only the case of this name, or the cases of a data set (iris for iris-mse, iris-mae ...); may be given again
    /// [default: all].
    #[arg(long, value_name = "CASE")]
    pub(crate) only: Vec<String>,
    /// Runs of each method [default: the experiment's].
    #[arg(long, value_name = "N")]
    pub(crate) seeds: Option<u32>,
    #[command(flatten)]
    pub(crate) budget: Budget,
    /// Folder with the data sets that are not built in [default: data, or ../shared/data].
    #[arg(long, value_name = "DIR", env = "GRADLESS_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Folder for tables, runs and plots [default: runs/reproduce-NAME].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) device: Device,
    #[command(flatten)]
    pub(crate) output: Output,
}
