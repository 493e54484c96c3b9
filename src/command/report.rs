//! The JSON object that tells of one training.

use gradless::gpu::Gpu;
use gradless::metrics::Measures;
use gradless::statistics::Spread;
use gradless::training::{Member, Outcome, Training};
use serde_json::{Value, json};

/// What `train` prints and `compare` lists, all but the folder.
pub(super) fn training(gpu: &Gpu, training: &Training, outcome: &Outcome) -> Value {
    let Training { config, dataset, optimizer, .. } = training;
    let architecture = &outcome.model.architecture;
    let busy = outcome.device_seconds.map(|s| s / outcome.seconds.max(1e-9));
    let measure = if dataset.is_regression() { "mse" } else { "accuracy" };
    let members = outcome.members.as_ref().map(|members| {
        let spread = |value: fn(&Member) -> Option<f64>| {
            let values: Option<Vec<f64>> = members.all.iter().map(value).collect();
            values.and_then(|values| Spread::of(&values))
        };
        let settings: serde_json::Map<_, _> =
            members.all[members.chosen].settings.iter().map(|(name, value)| ((*name).into(), json!(value))).collect();
        json!({
            "count": members.all.len(), "chosen": members.chosen, "settings": settings,
            "train_loss": spread(|m| Some(m.train_loss)), (format!("train_{measure}")): spread(|m| Some(m.train)),
            (format!("test_{measure}")): spread(|m| m.test),
        })
    });
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
        "layer_updates": optimizer.layer_updates(architecture.layers().len() as u32, outcome.generations),
        "seconds": round(outcome.seconds),
        "device_busy": busy.map(round),
        "device_memory": outcome.device_memory,
        "stop": outcome.stop,
        "train": part(&outcome.train, &["loss", "accuracy", "agreement"]),
        "validation": outcome.validation.as_ref().map(|scores| part(scores, &["loss", "accuracy"])),
        "test": outcome.test,
        "members": members,
    })
}

/// All scores of numbers, some of classes.
fn part(scores: &Measures, names: &[&str]) -> Value {
    let mut all = json!(scores);
    if let (Measures::Classes(_), Some(all)) = (scores, all.as_object_mut()) {
        all.retain(|name, _| names.contains(&name.as_str()));
    }
    all
}

/// Three decimals: what a clock reading is good for.
pub(super) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
