//! The JSON object that tells of one training.

use gradless::gpu::Gpu;
use gradless::training::{Outcome, Training};
use serde_json::{Value, json};

/// What `train` prints and `compare` lists, all but the folder.
pub(super) fn training(gpu: &Gpu, training: &Training, outcome: &Outcome) -> Value {
    let Training { config, dataset, optimizer, .. } = training;
    let architecture = &outcome.model.architecture;
    let busy = outcome.device_seconds.map(|s| s / outcome.seconds.max(1e-9));
    json!({
        "command": "train",
        "version": env!("CARGO_PKG_VERSION"),
        "device": super::device_json(gpu),
        "data": {"name": dataset.name, "train_rows": dataset.train.rows, "validation_rows": dataset.validation.rows, "test_rows": dataset.test.rows,
                 "features": dataset.train.width, "classes": dataset.classes.len()},
        "model": {"name": config.model, "parameters": architecture.parameters(),
                  "activation": architecture.activation, "loss": config.loss},
        "optimizer": {"name": config.optimizer, "search": config.search, "settings": optimizer.settings()},
        "seed": config.seed,
        "population": config.members(),
        "batch": config.batch,
        "generations": outcome.generations,
        "evaluations": outcome.evaluations,
        "seconds": round(outcome.seconds),
        "device_busy": busy.map(round),
        "device_memory": outcome.device_memory,
        "stop": outcome.stop,
        "train": {"loss": outcome.train.loss, "accuracy": outcome.train.accuracy, "agreement": outcome.train.agreement},
        "validation": outcome.validation.as_ref().map(|scores| json!({"loss": scores.loss, "accuracy": scores.accuracy})),
        "test": outcome.test,
    })
}

/// Three decimals: what a clock reading is good for.
pub(super) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
