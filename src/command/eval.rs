//! `gradless eval`

use std::path::{Path, PathBuf};

use anyhow::Result;
use gradless::Error;
use gradless::data::{self, Unseen};
use gradless::model::Model;
use serde_json::json;

use crate::cli::Eval;

pub(super) fn run(arguments: &Eval) -> Result<()> {
    let model = Model::load(&model_file(&arguments.run))?;
    let path = Path::new(&arguments.data);
    let unseen = if data::known().iter().any(|set| set.name == arguments.data) && !path.exists() {
        let dataset = data::load(&arguments.data, &data::Options::default())?;
        model.encoder.encode_grid(dataset.table.grid)?
    } else {
        model.encoder.read_file(path, arguments.header)?
    };
    for note in &unseen.notes {
        eprintln!("note: {note}");
    }
    let Some(labels) = &unseen.labels else {
        let cause = format!("there is no complete label column {:?} to score against", model.encoder.label);
        return Err(Error::file(path, cause).into());
    };
    let gpu = super::open_for(&arguments.device)?;
    let (_, scores) = model.score(&gpu, &unseen.features, labels)?;
    super::print_profile(&gpu);
    if arguments.output.json {
        say!(
            "{}",
            json!({"command": "eval", "version": env!("CARGO_PKG_VERSION"), "device": super::device_json(&gpu),
                   "run": arguments.run, "data": {"name": arguments.data, "rows": labels.len()}, "test": scores})
        );
        return Ok(());
    }
    print_scores(&unseen, &scores)
}

fn print_scores(unseen: &Unseen, scores: &gradless::metrics::Scores) -> Result<()> {
    say!(
        "{} rows: accuracy {:.4}, precision {:.4}, recall {:.4}, f1 {:.4}, loss {:.4}",
        unseen.grid.rows(),
        scores.accuracy,
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
