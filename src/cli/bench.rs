//! What `bench` is told.

use std::path::PathBuf;

use clap::Args;

use super::Output;

/// What `bench` is told.
#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// Workloads: pso, gwo, es, openai-es, tiny, medium, conv, ode; see --list [default: all].
    #[arg(value_name = "WORKLOAD")]
    pub(crate) workloads: Vec<String>,
    /// Explain each workload, with the bytes and operations of a candidate that GB/s and GFLOP/s rest on, and leave.
    #[arg(long)]
    pub(crate) list: bool,
    /// Populations, as in 256,1024, or a range that is doubled through, as in 64..65536; fewer save time [default: powers
    /// of two from what each workload begins with].
    #[arg(long, value_name = "N,N|N..N")]
    pub(crate) population: Option<String>,
    /// Seconds for all together. Every workload has its share, and at least its first population is measured.
    #[arg(long, value_name = "S", default_value_t = 150.0, allow_negative_numbers = true)]
    pub(crate) seconds: f64,
    /// Runs of each population, by turns: more make the median steadier on a machine with other work. Short ones are
    /// repeated up to five times as often while there is time.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) runs: u32,
    /// Memory of the adapter in GiB, where it is a card: wgpu does not tell. Half of it may be taken [default: 4 on cards,
    /// else what is free].
    #[arg(long, value_name = "GIB", allow_negative_numbers = true)]
    pub(crate) memory: Option<f64>,
    /// Set two reports side by side, bench.json of this or of other machines, and leave.
    #[arg(long, num_args = 2, value_names = ["A.json", "B.json"], conflicts_with_all = ["list", "workloads", "out"])]
    pub(crate) compare: Vec<PathBuf>,
    /// Folder for bench.json, bench.csv, report.md and the plot [default: runs/bench-N].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Adapter: part of its name, its number in `gradless devices`, or `software` [default: the best, or
    /// $GRADLESS_DEVICE].
    #[arg(long, value_name = "NAME|INDEX|software")]
    pub(crate) device: Option<String>,
    /// Leave out what `gradless tune` found to be fastest.
    #[arg(long)]
    pub(crate) no_tuning: bool,
    /// Print the rows as CSV on stdout instead of tables.
    #[arg(long, conflicts_with_all = ["json", "list", "compare"])]
    pub(crate) csv: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}
