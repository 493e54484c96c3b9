//! The JSON object that tells of one training.

use gradless::config::Config;
use gradless::gpu::Gpu;
use gradless::metrics::Measures;
use gradless::population::Optimizer;
use gradless::problem::{self, Exercise};
use gradless::statistics::Spread;
use gradless::training::{Member, Outcome, Training};
use serde_json::{Value, json};

/// What `train` prints and `compare` lists, all but the folder.
pub(super) fn training(gpu: &Gpu, training: &Training, outcome: &Outcome) -> Value {
    let Training { config, dataset, optimizer, .. } = training;
    let architecture = &outcome.model.architecture;
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
    let mut report = described(gpu, config, optimizer.as_ref(), architecture.parameters());
    report["data"] = json!({
        "name": dataset.name, "train_rows": dataset.train.rows, "validation_rows": dataset.validation.rows,
        "test_rows": dataset.test.rows, "features": dataset.train.width, "classes": dataset.classes.len(),
    });
    report["layer_updates"] = json!(optimizer.layer_updates(architecture.layers().len() as u32, outcome.generations));
    report["generations"] = json!(outcome.generations);
    report["evaluations"] = json!(outcome.evaluations);
    spent(&mut report, outcome.seconds, outcome.device_seconds, outcome.device_memory);
    report["stop"] = json!(outcome.stop);
    report["train"] = part(&outcome.train, &["loss", "accuracy", "agreement"]);
    report["validation"] = json!(outcome.validation.as_ref().map(|scores| part(scores, &["loss", "accuracy"])));
    report["test"] = json!(outcome.test);
    report["members"] = json!(members);
    report
}

/// The same of a problem that is no table of rows.
pub(super) fn exercise(gpu: &Gpu, exercise: &Exercise, outcome: &problem::Outcome) -> Value {
    let Exercise { config, posed, optimizer, .. } = exercise;
    let [train, test, features, classes] = posed.sizes();
    let mut report = described(gpu, config, optimizer.as_ref(), posed.objective().dims().into());
    report["data"] = json!({
        "name": config.data, "train_rows": train, "validation_rows": 0, "test_rows": test, "features": features,
        "classes": classes,
    });
    report["layer_updates"] = Value::Null;
    report["generations"] = json!(outcome.report.generation);
    report["evaluations"] = json!(outcome.report.evaluations);
    spent(&mut report, outcome.report.seconds, outcome.report.device_seconds, outcome.device_memory);
    report["stop"] = json!(outcome.report.stop);
    report["train"] = part(&outcome.train, &["loss", "accuracy", "agreement"]);
    report["validation"] = Value::Null;
    report["test"] = json!(outcome.test);
    report["members"] = Value::Null;
    report
}

/// What is to be trained, and how.
pub(super) fn described(gpu: &Gpu, config: &Config, optimizer: &dyn Optimizer, parameters: u64) -> Value {
    json!({
        "command": "train",
        "version": env!("CARGO_PKG_VERSION"),
        "device": super::device_json(gpu),
        "model": {"name": config.model, "parameters": parameters, "activation": config.activation, "loss": config.loss},
        "optimizer": {"name": config.optimizer, "search": config.search, "settings": optimizer.settings()},
        "seed": config.seed,
        "population": config.members(),
        "batch": config.batch,
    })
}

/// What it took.
fn spent(report: &mut Value, seconds: f64, device_seconds: Option<f64>, device_memory: u64) {
    report["seconds"] = json!(round(seconds));
    report["device_busy"] = json!(device_seconds.map(|busy| round(busy / seconds.max(1e-9))));
    report["device_memory"] = json!(device_memory);
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
