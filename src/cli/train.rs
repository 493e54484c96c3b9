//! What `train` is told.

use std::path::PathBuf;

use clap::Args;

use super::{Device, Network, Output, Rows, Search};

#[derive(Args, Debug)]
pub(crate) struct Train {
    /// A built-in or fetched set (`gradless data list`), a .csv file, a .bin file of CIFAR records, or a folder of images: IDX files
    /// as MNIST comes in (train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k-... as the test part), CIFAR
    /// records (data_batch_1.bin, test_batch.bin; all .gz or not), or PNG or JPEG files (train/CLASS/*.png,
    /// test/CLASS/*.png, or CLASS/*.png). Or a problem that is no table: spiral, rober, pollu (neural ODEs), integration, memory (circuits of
    /// spiking neurons); with --help-settings it lists its own settings.
    #[arg(required_unless_present_any = ["resume", "config", "help_settings"])]
    pub(crate) data: Option<String>,
    #[command(flatten)]
    pub(crate) rows: Rows,
    /// Share of the training rows held out for choosing the best network, 0 to 0.5; for --search neurons, layers and
    /// blocks:N [default: 0].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = "Data")]
    pub(crate) validation: Option<f64>,
    #[command(flatten)]
    pub(crate) network: Network,
    #[command(flatten)]
    pub(crate) search: Search,
    /// Rows scored in a generation: a number, drawn anew each time, or full. Small batches make large data cheap; the
    /// remembered positions are then scored again every generation [default: full].
    #[arg(long, value_name = "N|full", help_heading = "Search")]
    pub(crate) batch: Option<String>,
    /// Which layers a gradient moves: all, or position-wise (the last one, the last two, ... in every generation; of
    /// openai-es and eggroll in turn) [default: all].
    #[arg(long, value_name = "all|position-wise", help_heading = "Search")]
    pub(crate) update: Option<String>,
    /// Begin with the network that a run saved, of the same layers and activation, not with a random one: the folder of
    /// that run, or its model.safetensors. Not for --search subspace:N.
    #[arg(long, value_name = "RUN", conflicts_with = "resume", help_heading = "Run")]
    pub(crate) start: Option<PathBuf>,
    /// Folder of the run [default: runs/DATA-OPTIMIZER-N].
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub(crate) out: Option<PathBuf>,
    /// Settings from a file, as in a run's config.toml; flags go before it.
    #[arg(long, value_name = "FILE.toml", help_heading = "Run")]
    pub(crate) config: Option<PathBuf>,
    /// Go on with the run in this folder. Only limits, device and output may be given beside it.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["data", "config", "out"], help_heading = "Run")]
    pub(crate) resume: Option<PathBuf>,
    /// Seconds between checkpoints [default: 10].
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, help_heading = "Run")]
    pub(crate) checkpoint: Option<f64>,
    /// Train nothing: print weights, device memory by part, and the largest population that fits.
    #[arg(long, conflicts_with = "resume", help_heading = "Run")]
    pub(crate) dry_run: bool,
    /// Memory of the device, for --dry-run [default: what is left, where that is known].
    #[arg(long, value_name = "GIB", requires = "dry_run", help_heading = "Run")]
    pub(crate) memory: Option<f64>,
    #[command(flatten)]
    pub(crate) device: Device,
    #[command(flatten)]
    pub(crate) output: Output,
}
