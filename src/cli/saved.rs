//! What commands on a saved network are told: `eval`, `predict`, `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Device, Output};

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
    #[command(flatten)]
    pub(crate) report: Output,
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
    #[command(flatten)]
    pub(crate) report: Output,
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
