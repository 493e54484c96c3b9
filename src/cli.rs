//! The words on the command line: what commands share. A file for what each of them has for itself.

mod bench;
mod compare;
mod data;
mod minimize;
mod saved;
mod simulate;
mod train;
mod tune;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gradless::data::{Missing, Task};
use gradless::objective::network::{Activation, Loss};

pub(crate) use bench::Bench;
pub(crate) use compare::{Budget, Compare, Reproduce};
pub(crate) use data::{Data, Fetch};
pub(crate) use minimize::Minimize;
pub(crate) use saved::{Eval, Export, Format, Predict};
pub(crate) use simulate::Simulate;
pub(crate) use train::Train;
pub(crate) use tune::Tune;

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
    ///
    /// Adapters are looked for by Vulkan, Metal and DX12, and by GL where those find none. The variable GRADLESS_BACKEND takes
    /// one of them, for all commands: vulkan, metal, dx12 or gl. GRADLESS_DEVICE names an adapter as --device does.
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
    /// the smallest population with 90 % of the highest throughput, by a saturating curve fitted to all of them: single
    /// populations are measured too unevenly where throughput hardly rises. Never more than half of the memory is taken, and no
    /// submission is meant to take more than a second. Ctrl-C ends it with what was measured.
    Bench(Bench),
    /// Measure which shapes of kernels are fastest on an adapter, and keep them for all later runs.
    ///
    /// It takes a few seconds, and results stay what they are, bit for bit: only what changes no sum is chosen. What is kept
    /// counts for this adapter, driver and version of the program; it lies in $GRADLESS_CACHE, else where the system keeps
    /// such files. No run measures on its own. --no-tuning leaves out what is kept, --clear removes it.
    Tune(Tune),
    /// Known data sets.
    Data {
        #[command(subcommand)]
        command: Data,
    },
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
    /// Leave out what `gradless tune` found to be fastest: slower, perhaps, with the same results.
    #[arg(long)]
    pub(crate) no_tuning: bool,
    /// Print device time by kernel on stderr when done (slower: every dispatch is timed).
    #[arg(long)]
    pub(crate) profile: bool,
}

/// How rows are read and divided.
#[derive(Args, Debug)]
pub(crate) struct Rows {
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
}

/// The network, what it is trained on, and what labels are.
#[derive(Args, Debug)]
pub(crate) struct Network {
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
