//! `gradless export`

use std::path::PathBuf;

use anyhow::Result;
use gradless::Error;
use gradless::export::{self, Saved};
use serde_json::json;

use super::eval::model_file;
use crate::cli::{Export, Format};

pub(super) fn run(arguments: &Export) -> Result<()> {
    let file = model_file(&arguments.run);
    let saved = Saved::load(&file)?;
    let out = arguments.output.clone().unwrap_or_else(|| file.with_file_name(arguments.to.file_name()));
    if same(&out, &file) {
        let remedy = "that is the network itself, which eval and predict need: choose another file";
        return Err(Error::setting("output", out.display(), remedy).into());
    }
    match (arguments.to, &saved) {
        (Format::Onnx, Saved::Network(model)) => gradless::folder::write(&out, &export::onnx(model))?,
        (Format::Onnx, Saved::Problem { .. }) => {
            let remedy = "a neural ODE or a circuit is more than its network, and ONNX has no operators for it: give \
                          --to safetensors";
            return Err(Error::setting("to", "onnx", remedy).into());
        }
        (Format::Safetensors, _) => export::safetensors(&saved, &out)?,
    }
    let bytes = std::fs::metadata(&out).map_err(|e| Error::file(&out, e))?.len();
    if arguments.report.json {
        say!(
            "{}",
            json!({"command": "export", "version": env!("CARGO_PKG_VERSION"), "run": arguments.run,
                   "to": arguments.to.name(), "bytes": bytes, "out": out})
        );
        return Ok(());
    }
    say!("{}: {bytes} bytes", out.display());
    Ok(())
}

/// Whether both are one file, however they are written.
fn same(a: &PathBuf, b: &PathBuf) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
