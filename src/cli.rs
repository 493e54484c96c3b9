//! The words on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gradless::data::{Missing, Task};
use gradless::objective::network::{Activation, Loss};

/// Trains neural networks without backpropagation: whole populations at once, on any GPU.
#[derive(Parser, Debug)]
#[command(version, about, after_help = "Start with: gradless train iris")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// List the adapters, their limits, and which one would be used.
    Devices(Output),
    /// Train a network on a data set.
    Train(Box<Train>),
    /// Score a trained network on labelled rows.
    Eval(Eval),
    /// Predict the class or the number of every row of a file.
    Predict(Predict),
    /// Write a trained network in the format of other programs: ONNX to run it anywhere, safetensors for PyTorch and others.
    Export(Export),
    /// Minimize a test function, or your own in WGSL.
    Minimize(Box<Minimize>),
    /// Compare methods on the same data, with the same seeds and the same budget.
    ///
    /// Every method runs once with each seed; a seed decides the split, the first positions and every draw, as in
    /// `train`. The methods are then compared at the end of the budget and at the time when the fastest was done, and
    /// each is tested against the best one by ranks (Mann and Whitney, two-sided, exact; one pair at a time). Ctrl-C
    /// ends it with the runs that are done.
    Compare(Box<Compare>),
    /// Run the experiments of a paper, published figures beside ours; without a name, list them.
    ///
    /// What an experiment has measured stays in its folder: the same command goes on where it was stopped, and repeats
    /// only what has changed since, be it a setting, the data, the adapter or the program.
    Reproduce(Reproduce),
    /// Integrate a system of differential equations on the device, once or for many sets of values: end state,
    /// trajectory, picture.
    Simulate(Simulate),
    /// Find how large a population this device carries.
    ///
    /// Every workload runs with more and more candidates until memory, time or a limit of the device ends it. Throughput is
    /// set beside what two kernels find this device to do at most: copying memory, and multiplying and adding. The knee is
    /// the smallest population with 90 % of the highest throughput. Never more than half of the memory is taken, and no
    /// submission is meant to take more than a second. Ctrl-C ends it with what was measured.
    Bench(Bench),
    /// Known data sets.
    Data {
        #[command(subcommand)]
        command: Data,
    },
}

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
    /// Print one JSON object on stdout, as the last thing.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Output {
    /// Print one JSON object on stdout, as the last thing.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Device {
    /// Adapter: part of its name, its number in `gradless devices`, or `software` [default: the best, or
    /// $GRADLESS_DEVICE].
    #[arg(long, value_name = "NAME|INDEX|software")]
    pub(crate) device: Option<String>,
    /// Print device time by kernel on stderr when done (slower: every dispatch is timed).
    #[arg(long)]
    pub(crate) profile: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Train {
    /// A built-in or fetched set (`gradless data list`), a .csv file, a .bin file of CIFAR records, or a folder of images: IDX files
    /// as MNIST comes in (train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k-... as the test part), CIFAR
    /// records (data_batch_1.bin, test_batch.bin; all .gz or not), or PNG or JPEG files (train/CLASS/*.png,
    /// test/CLASS/*.png, or CLASS/*.png). Or a problem that is no table: spiral, rober, pollu (neural ODEs), integration, memory (circuits of
    /// spiking neurons); with --help-settings it lists its own settings.
    #[arg(required_unless_present_any = ["resume", "config", "help_settings"])]
    pub(crate) data: Option<String>,
    /// Label column, by name or number from 1 [default: class, label or target, else the last].
    #[arg(long, value_name = "COLUMN", help_heading = "Data")]
    pub(crate) label: Option<String>,
    /// Whether the first row holds names [default: judged by the row].
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub(crate) header: Option<bool>,
    /// Lines and pixels of a line that pictures are brought to: 32, or 24x32 [default: as they are; of files that differ,
    /// the first one's].
    #[arg(long, value_name = "N|LINESxPIXELS", value_parser = size, help_heading = "Data")]
    pub(crate) size: Option<[usize; 2]>,
    /// What becomes of missing cells [default: impute].
    #[arg(long, value_enum, help_heading = "Data")]
    pub(crate) missing: Option<MissingName>,
    /// Share of the rows held out for the test, 0 to 0.9. A folder's own test files go before it [default: 0.2].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = "Data")]
    pub(crate) test: Option<f64>,
    /// Share of the training rows held out for choosing the best network, 0 to 0.5; for --search neurons, layers and
    /// blocks:N [default: 0].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = "Data")]
    pub(crate) validation: Option<f64>,
    /// Hidden layers: mlp:10, mlp:20,7,5, or none for logistic regression. For images: lenet5, cnn, resnet18, or layer after
    /// layer, conv:6x5p2,relu,max:2,dense:84,relu: filters x side, then s stride, p padding and b0 without biases; also
    /// average:2, global-average, norm (by the batch) and block:64s2 (of a residual network) [default: mlp:10].
    #[arg(long, help_heading = "Model")]
    pub(crate) model: Option<String>,
    /// What hidden units do to their sum [default: tanh].
    #[arg(long, value_parser = named::<Activation>, value_name = "NAME", help_heading = "Model")]
    pub(crate) activation: Option<Activation>,
    /// What a row costs. Of classes: cross-entropy, double-softmax (cross-entropy of probabilities taken for logits), bce,
    /// mse, mae, accuracy, or additive-margin:SCALE,MARGIN, a softmax of cosines. Of numbers: squared, absolute, rounded,
    /// wells; they make it a regression, whose targets are not scaled. Of either: a .wgsl file with
    /// `fn loss(output: f32, wanted: f32) -> f32` [default: cross-entropy, regression: squared].
    #[arg(long, value_parser = loss, value_name = "NAME|FILE.wgsl", help_heading = "Model")]
    pub(crate) loss: Option<Loss>,
    /// What labels are: classification (classes) or regression (numbers, taken as they are). Needed beside a loss of
    /// your own [default: what the loss or the set is for, else classification].
    #[arg(long, value_parser = named::<Task>, value_name = "TASK", help_heading = "Model")]
    pub(crate) task: Option<Task>,
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

/// What `train` and `minimize` share: the optimizer, its settings, and what ends the run.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Search {
    #[arg(long, value_name = "NAME", help_heading = "Search", help = optimizers())]
    pub(crate) optimizer: Option<String>,
    /// What is searched at a time: whole, neurons, layers, blocks:N or subspace:N. Neurons win on networks of more
    /// than a few hundred weights [default: whole].
    #[arg(long, value_name = "SPACE", help_heading = "Search")]
    pub(crate) search: Option<String>,
    /// A setting of the optimizer; give it again for more. See --help-settings.
    #[arg(short = 's', long = "setting", value_name = "KEY=VALUE", value_parser = setting, help_heading = "Search")]
    pub(crate) settings: Vec<(String, String)>,
    /// List the settings of --optimizer with their defaults, and leave.
    #[arg(long, help_heading = "Search")]
    pub(crate) help_settings: bool,
    /// Candidates of a generation, or of a block where blocks are searched; networks trained at once where a gradient is
    /// followed [default: 128, blocks: 10, gradients: 1; minimize: 30].
    #[arg(long, visible_alias = "members", value_name = "N", help_heading = "Search")]
    pub(crate) population: Option<u32>,
    /// Generations at most; schedules run over them [default: 300; minimize: 500].
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub(crate) generations: Option<u32>,
    /// Times that every row is seen at most, in place of --generations: with --batch a generation sees a batch.
    #[arg(long, value_name = "N", conflicts_with = "generations", help_heading = "Search")]
    pub(crate) epochs: Option<u32>,
    /// Candidates scored at most, in whole generations.
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub(crate) evaluations: Option<u64>,
    /// Seconds at most. Without --generations, schedules run over as many as the time is reckoned to suffice for.
    #[arg(long, value_name = "S", allow_negative_numbers = true, help_heading = "Search")]
    pub(crate) seconds: Option<f64>,
    /// Stop at a best fitness at or below this.
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true, help_heading = "Search")]
    pub(crate) target: Option<f32>,
    /// Seed of everything random: one seed, one result on one adapter [default: 1].
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub(crate) seed: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Eval {
    /// Folder of a run, or its model.safetensors.
    pub(crate) run: PathBuf,
    /// A file with a label column, a built-in set, or a folder of images (its test part is scored).
    pub(crate) data: String,
    /// Whether the first row holds names [default: judged by the row].
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) header: Option<bool>,
    #[command(flatten)]
    pub(crate) device: Device,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct Predict {
    /// Folder of a run, or its model.safetensors.
    pub(crate) run: PathBuf,
    /// Rows to predict; columns are matched by name. A label column is not needed; where there is one, the predictions
    /// are scored.
    pub(crate) file: PathBuf,
    /// Where to write the rows with prediction and probabilities [default: stdout].
    #[arg(short, long, value_name = "OUT.csv")]
    pub(crate) output: Option<PathBuf>,
    /// Whether the first row holds names [default: judged by the row].
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) header: Option<bool>,
    #[command(flatten)]
    pub(crate) device: Device,
    /// Print one JSON object on stdout, as the last thing.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `export` is told.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Folder of a run, or its model.safetensors.
    pub(crate) run: PathBuf,
    /// onnx: takes raw rows or pixels, scaling and probabilities included. safetensors: weights alone, named and laid out
    /// as PyTorch does.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) to: Format,
    /// Where to write it [default: model.onnx or weights.safetensors in the folder of the run].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print one JSON object on stdout, as the last thing.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Formats of other programs.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Open Neural Network Exchange, operator set 17.
    Onnx,
    /// Tensors by name.
    Safetensors,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::Safetensors => "safetensors",
        }
    }

    /// What the file is called where nothing is said.
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Onnx => "model.onnx",
            Self::Safetensors => "weights.safetensors",
        }
    }
}

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
    /// Label column, by name or number from 1 [default: class, label or target, else the last].
    #[arg(long, value_name = "COLUMN", help_heading = "Data")]
    pub(crate) label: Option<String>,
    /// Whether the first row holds names [default: judged by the row].
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub(crate) header: Option<bool>,
    /// Lines and pixels of a line that pictures are brought to: 32, or 24x32 [default: as they are; of files that differ,
    /// the first one's].
    #[arg(long, value_name = "N|LINESxPIXELS", value_parser = size, help_heading = "Data")]
    pub(crate) size: Option<[usize; 2]>,
    /// What becomes of missing cells [default: impute].
    #[arg(long, value_enum, help_heading = "Data")]
    pub(crate) missing: Option<MissingName>,
    /// Share of the rows held out for the test, 0 to 0.9 [default: 0.2].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = "Data")]
    pub(crate) test: Option<f64>,
    /// Hidden layers: mlp:10, mlp:20,7,5, or none for logistic regression. For images: lenet5, cnn, resnet18, or layer after
    /// layer, conv:6x5p2,relu,max:2,dense:84,relu: filters x side, then s stride, p padding and b0 without biases; also
    /// average:2, global-average, norm (by the batch) and block:64s2 (of a residual network) [default: mlp:10].
    #[arg(long, help_heading = "Model")]
    pub(crate) model: Option<String>,
    /// What hidden units do to their sum [default: tanh].
    #[arg(long, value_parser = named::<Activation>, value_name = "NAME", help_heading = "Model")]
    pub(crate) activation: Option<Activation>,
    /// What a row costs. Of classes: cross-entropy, double-softmax (cross-entropy of probabilities taken for logits), bce,
    /// mse, mae, accuracy, or additive-margin:SCALE,MARGIN, a softmax of cosines. Of numbers: squared, absolute, rounded,
    /// wells; they make it a regression, whose targets are not scaled. Of either: a .wgsl file with
    /// `fn loss(output: f32, wanted: f32) -> f32` [default: cross-entropy, regression: squared].
    #[arg(long, value_parser = loss, value_name = "NAME|FILE.wgsl", help_heading = "Model")]
    pub(crate) loss: Option<Loss>,
    /// What labels are: classification (classes) or regression (numbers, taken as they are). Needed beside a loss of
    /// your own [default: what the loss or the set is for, else classification].
    #[arg(long, value_parser = named::<Task>, value_name = "TASK", help_heading = "Model")]
    pub(crate) task: Option<Task>,
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

/// What `simulate` is told.
#[derive(Args, Debug)]
pub(crate) struct Simulate {
    /// A built-in system (--list shows them), or a .wgsl file: `fn rhs(t: f32, y: State) -> State` below the lines
    /// `//! state x = 1, v = 0`, `//! constants mu = 2`, `//! time 0 20`, `//! steps 1000`, of which only the first is
    /// needed; in the text every name is an index, as in y[x] and constants[mu].
    #[arg(required_unless_present = "list", value_name = "SYSTEM|FILE.wgsl")]
    pub(crate) system: Option<String>,
    /// List the systems with their constants and usual starts, and leave.
    #[arg(long)]
    pub(crate) list: bool,
    /// How a step is made: see --list [default: rk4, of stiff systems rodas3]. dormand-prince follows --tolerance; the
    /// others take the steps they are given.
    #[arg(long, value_name = "NAME")]
    pub(crate) integrator: Option<String>,
    /// Number of steps: more are more exact. With dormand-prince the times that states are wanted at, with as many steps
    /// between them as it takes [default: the system's, with dormand-prince 200].
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<u32>,
    /// Error of a step that dormand-prince allows, 1e-6 to 0.1: as a share of a component, and where that comes near
    /// zero as a share of the largest that it was [default: 1e-5, and a thousandth of it].
    #[arg(long, value_name = "RELATIVE[,ABSOLUTE]", value_delimiter = ',', allow_negative_numbers = true)]
    pub(crate) tolerance: Vec<f32>,
    /// Time at which to end [default: the system's].
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(crate) end: Option<f64>,
    /// uniform, or geometric with the length of the first step, as in geometric:1e-5: every later time is the same
    /// multiple of the one before, which suits stiff systems [default: the system's].
    #[arg(long, value_name = "GRID")]
    pub(crate) grid: Option<String>,
    /// A constant of the system, as in mu=2, or a range of it, as in mu=0.1..8; give it again for more.
    #[arg(short = 's', long = "setting", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// Where the components start: all of them, as in 1,0,0, or some by name, as in x=1; numbers or ranges
    /// [default: the system's].
    #[arg(long, value_name = "Y,Y,...", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) initial: Vec<String>,
    /// Sets of values that are integrated at once where there are ranges: evenly over one range, over several by a
    /// sequence that fills them evenly [default: 1000].
    #[arg(long, value_name = "N")]
    pub(crate) sets: Option<u32>,
    /// Seed of the sets of several ranges.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Folder for trajectory and picture [default: runs/simulate-SYSTEM-N].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) device: Device,
    #[command(flatten)]
    pub(crate) output: Output,
}

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
    #[arg(long, value_name = "S", default_value_t = 120.0, allow_negative_numbers = true)]
    pub(crate) seconds: f64,
    /// Runs of each population: more make the median steadier on a machine with other work.
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
    /// Print the rows as CSV on stdout instead of tables.
    #[arg(long, conflicts_with_all = ["json", "list", "compare"])]
    pub(crate) csv: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Names of [`Missing`].
#[derive(ValueEnum, Debug, Clone, Copy)]
pub(crate) enum MissingName {
    /// The mean of a number, the most frequent of a category.
    Impute,
    /// Leave the row out.
    Drop,
}

impl From<MissingName> for Missing {
    fn from(name: MissingName) -> Self {
        match name {
            MissingName::Impute => Self::Impute,
            MissingName::Drop => Self::Drop,
        }
    }
}

/// The optimizers there are.
fn optimizers() -> String {
    let names: Vec<_> = gradless::optimizer::OPTIMIZERS.iter().map(|entry| entry.name).collect();
    format!("What moves or estimates: {} [default: pso]", names.join(", "))
}

/// A value by its name in files.
fn named<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(text.into())).map_err(|e| e.to_string())
}

/// A loss by its name, or the text of a file.
fn loss(text: &str) -> Result<Loss, String> {
    if !text.ends_with(".wgsl") {
        return named(text);
    }
    let wgsl = std::fs::read_to_string(text).map_err(|e| e.to_string())?;
    let name = std::path::Path::new(text).file_name().unwrap_or_default().to_string_lossy();
    Loss::own(&name, &wgsl).map_err(|e| e.to_string())
}

fn size(text: &str) -> Result<[usize; 2], String> {
    let (lines, pixels) = text.split_once('x').unwrap_or((text, text));
    match (lines.parse(), pixels.parse()) {
        (Ok(lines), Ok(pixels)) if lines > 0 && pixels > 0 => Ok([lines, pixels]),
        _ => Err("give it as 32, or as lines and pixels, 24x32".into()),
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().into(), value.trim().into())),
        _ => Err("give it as key=value, as in -s social=1.2".into()),
    }
}
