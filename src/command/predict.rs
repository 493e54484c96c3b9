//! `gradless predict`

use std::io::Write;

use anyhow::Result;
use gradless::Error;
use gradless::data::Unseen;
use gradless::gpu::Gpu;
use gradless::metrics::largest;
use gradless::model::Model;
use serde_json::json;

use super::eval::model_file;
use crate::cli::Predict;

pub(super) fn run(arguments: &Predict) -> Result<()> {
    let model = Model::load(&model_file(&arguments.run))?;
    let unseen = model.encoder.read_file(&arguments.file, arguments.header)?;
    for note in &unseen.notes {
        eprintln!("note: {note}");
    }
    let gpu = super::open_for(&arguments.device)?;
    let classes = &model.encoder.classes;
    if model.encoder.is_regression() {
        return numbers(arguments, &gpu, &model, &unseen);
    }
    let (logits, test) = match &unseen.labels {
        Some(labels) => model.score(&gpu, &unseen.features, labels).map(|(logits, test)| (logits, Some(test)))?,
        None => (model.logits(&gpu, &unseen.features)?, None),
    };
    let predicted = largest(&logits, classes.len());
    super::print_profile(&gpu);
    let csv = written(&model, &unseen, &predicted, &logits).map_err(|e| Error::file(&arguments.file, e))?;
    put(arguments, &csv)?;
    if arguments.report.json {
        let names: Vec<_> = predicted.iter().map(|class| &classes[*class as usize]).collect();
        say!(
            "{}",
            json!({"command": "predict", "version": env!("CARGO_PKG_VERSION"), "device": super::device_json(&gpu),
                   "run": arguments.run, "file": arguments.file, "rows": predicted.len(), "out": arguments.output,
                   "test": test, "predictions": names})
        );
    } else if let Some(test) = test {
        eprintln!("{} rows: accuracy {:.4}, f1 {:.4}", predicted.len(), test.accuracy, test.f1);
    }
    Ok(())
}

/// The same for predicted numbers.
fn numbers(arguments: &Predict, gpu: &Gpu, model: &Model, unseen: &Unseen) -> Result<()> {
    let (said, test) = match &unseen.targets {
        Some(targets) => model.score_numbers(gpu, &unseen.features, targets).map(|(said, test)| (said, Some(test)))?,
        None => (model.logits(gpu, &unseen.features)?, None),
    };
    super::print_profile(gpu);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(unseen.grid.names.iter().map(String::as_str).chain(["prediction"]))?;
    for (row, number) in said.iter().enumerate() {
        writer.write_record(unseen.grid.row(row).map(str::to_string).chain([number.to_string()]))?;
    }
    put(arguments, &writer.into_inner()?)?;
    if arguments.report.json {
        say!(
            "{}",
            json!({"command": "predict", "version": env!("CARGO_PKG_VERSION"), "device": super::device_json(gpu),
                   "run": arguments.run, "file": arguments.file, "rows": said.len(), "out": arguments.output,
                   "test": test, "predictions": said})
        );
    } else if let Some(test) = test {
        eprintln!("{} rows: mse {:.4}, mae {:.4}, r2 {:.4}", said.len(), test.mse, test.mae, test.r2);
    }
    Ok(())
}

/// The rows go to the file asked for, or to stdout.
fn put(arguments: &Predict, csv: &[u8]) -> Result<()> {
    match &arguments.output {
        Some(path) => gradless::folder::write(path, csv)?,
        None if !arguments.report.json => std::io::stdout().write_all(csv)?,
        None => {}
    }
    Ok(())
}

/// The file's own columns, then the predicted class and the probability of every class.
fn written(model: &Model, unseen: &Unseen, predicted: &[u32], logits: &[f32]) -> csv::Result<Vec<u8>> {
    let classes = &model.encoder.classes;
    let probabilities = model.probabilities(logits);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let grid = &unseen.grid;
    let extra = std::iter::once("prediction".to_string()).chain(classes.iter().map(|class| format!("p({class})")));
    writer.write_record(grid.names.iter().cloned().chain(extra))?;
    for (row, class) in predicted.iter().enumerate() {
        let shares = &probabilities[row * classes.len()..][..classes.len()];
        let extra = std::iter::once(classes[*class as usize].clone()).chain(shares.iter().map(|p| format!("{p:.6}")));
        writer.write_record(grid.row(row).map(str::to_string).chain(extra))?;
    }
    writer.into_inner().map_err(|e| e.into_error().into())
}
