//! `gradless eval`

use std::path::{Path, PathBuf};

use anyhow::Result;
use gradless::metrics::{Errors, Measures};
use gradless::model::Model;
use serde_json::json;

use crate::cli::Eval;

pub(super) fn run(arguments: &Eval) -> Result<()> {
    let model = Model::load(&model_file(&arguments.run))?;
    let (rows, notes) = model.encoder.read_labelled(&arguments.data, arguments.header)?;
    for note in &notes {
        eprintln!("note: {note}");
    }
    let gpu = super::open_for(&arguments.device)?;
    let scores = model.measure(&gpu, &rows)?;
    super::print_profile(&gpu);
    if arguments.output.json {
        say!(
            "{}",
            json!({"command": "eval", "version": env!("CARGO_PKG_VERSION"), "device": super::device_json(&gpu),
                   "run": arguments.run, "data": {"name": arguments.data, "rows": rows.rows}, "test": scores})
        );
        return Ok(());
    }
    let scores = match scores {
        Measures::Classes(scores) => scores,
        Measures::Numbers(Errors { loss, mse, mae, r2 }) => {
            say!("{} rows: mse {mse:.4}, mae {mae:.4}, r2 {r2:.4}, loss {loss:.4}", rows.rows);
            return Ok(());
        }
    };
    say!(
        "{} rows: accuracy {:.4}, agreement {:.4}, precision {:.4}, recall {:.4}, f1 {:.4}, loss {:.4}",
        rows.rows,
        scores.accuracy,
        scores.agreement,
        scores.precision,
        scores.recall,
        scores.f1,
        scores.loss
    );
    Ok(())
}

/// The model of a run's folder, or the file itself.
pub(super) fn model_file(run: &Path) -> PathBuf {
    if run.is_dir() { run.join("model.safetensors") } else { run.into() }
}
