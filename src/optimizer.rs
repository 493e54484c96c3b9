//! How positions move: one file and one shader each, listed here.

mod ars;
mod blocks;
mod cpso;
mod decay;
mod descent;
mod eggroll;
mod empso;
mod emulated;
mod follow;
mod gwo;
mod mpso;
mod openai_es;
mod pepg;
mod pso;
mod rempso;
mod rule;
pub mod search;
mod sep_cma_es;
mod sigma;
mod snes;
mod spso_2011;
mod strategy;
mod subspace;
mod swarm;
mod varied;

use std::collections::BTreeMap;

use crate::population::Optimizer;
use crate::{Error, Result};
pub use ars::Ars;
pub use blocks::{ByBlocks, Gate, Partition, SETTINGS as BLOCK_SETTINGS, Turn, Turns};
pub use cpso::Cpso;
pub use decay::Decay;
pub use descent::{Clip, Descent, Estimate, Update};
pub use eggroll::Eggroll;
pub use empso::{EmPso, Form};
pub use emulated::Emulated;
pub use gwo::{Gwo, Leaders};
pub use mpso::{MPso, Recurrence};
pub use openai_es::OpenAiEs;
pub use pepg::Pepg;
pub use pso::{Neighbourhood, Pso, Schedule};
pub use rempso::RemPso;
pub use rule::{Name, Rule};
pub use sep_cma_es::SepCmaEs;
pub use sigma::SMALLEST_SHARE;
pub use snes::Snes;
pub use spso_2011::Spso2011;
pub use strategy::Shaping;
pub use subspace::Subspace;
pub use varied::Varied;

/// One optimizer as the command line knows it.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a line, with its source.
    pub about: &'static str,
    /// Its settings: name and meaning. The defaults are those of the type.
    pub settings: &'static [(&'static str, &'static str)],
    build: fn(serde_json::Value) -> serde_json::Result<Box<dyn Optimizer>>,
}

/// All optimizers. A new one is its file, its shader and a line here.
pub const OPTIMIZERS: &[Entry] = &[
    pso::ENTRY,
    mpso::ENTRY,
    empso::ENTRY,
    rempso::ENTRY,
    emulated::ENTRY,
    spso_2011::ENTRY,
    cpso::SPLIT,
    cpso::HYBRID,
    gwo::ENTRY,
    openai_es::ENTRY,
    eggroll::ENTRY,
    snes::ENTRY,
    pepg::ENTRY,
    ars::ENTRY,
    sep_cma_es::ENTRY,
    descent::SGD,
    descent::MOMENTUM,
    descent::NESTEROV,
    descent::ADAGRAD,
    descent::ADADELTA,
    descent::RMSPROP,
    descent::ADAM,
    descent::AMSGRAD,
    descent::ADASWARM,
    descent::NODE_PERTURBATION,
];

impl Entry {
    /// The entry called `name`.
    ///
    /// # Errors
    /// [`Error::Setting`] listing the names there are.
    pub fn find(name: &str) -> Result<&'static Self> {
        OPTIMIZERS.iter().find(|entry| entry.name == name).ok_or_else(|| {
            let names: Vec<_> = OPTIMIZERS.iter().map(|entry| entry.name).collect();
            Error::setting("optimizer", name, format!("choose one of {}", names.join(", ")))
        })
    }

    /// The optimizer with these settings over its defaults. Values are TOML: `0.7`, `3`, `true`, `ring`.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the setting that is unknown or out of range.
    pub fn build(&self, settings: &BTreeMap<String, String>) -> Result<Box<dyn Optimizer>> {
        let mut object = serde_json::Map::new();
        for (key, text) in settings {
            if !self.settings.iter().any(|(known, _)| known == key) {
                let known: Vec<_> = self.settings.iter().map(|(known, _)| *known).collect();
                let remedy = format!("{} has no such setting; it has {}", self.name, known.join(", "));
                return Err(Error::setting(key, text, remedy));
            }
            object.insert(key.clone(), value(text));
        }
        let optimizer = (self.build)(serde_json::Value::Object(object)).map_err(|e| {
            let listed = settings.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ");
            Error::setting("settings", listed, format!("{}: {e}", self.name))
        })?;
        optimizer.check()?;
        Ok(optimizer)
    }

    /// The default values, by setting.
    pub fn defaults(&self) -> serde_json::Value {
        (self.build)(serde_json::Value::Object(serde_json::Map::new()))
            .map_or(serde_json::Value::Null, |optimizer| optimizer.settings())
    }
}

/// A setting as typed: a number, a truth value, or a word.
fn value(text: &str) -> serde_json::Value {
    match serde_json::from_str(text) {
        Ok(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_) | serde_json::Value::Null)) => value,
        _ => serde_json::Value::String(text.into()),
    }
}

/// The settings over these defaults. What is left out of a flattened part would be that part's own default, which need not
/// be that of the whole.
fn over<T: serde::Serialize + serde::de::DeserializeOwned>(
    defaults: &T,
    settings: serde_json::Value,
) -> serde_json::Result<T> {
    let mut all = listed(defaults);
    if let (Some(all), serde_json::Value::Object(settings)) = (all.as_object_mut(), settings) {
        all.extend(settings);
    }
    serde_json::from_value(all)
}

/// Settings with numbers as they were typed: through text, since a 32-bit number has more digits as a 64-bit one.
fn listed(settings: &impl serde::Serialize) -> serde_json::Value {
    let text = serde_json::to_string(settings).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// The setting that all swarms have.
const VMAX: (&str, &str) =
    ("vmax", "largest step per coordinate; null: the objective's own (networks 1, functions none)");

fn check_vmax(vmax: Option<f32>) -> Result<()> {
    vmax.map_or(Ok(()), |vmax| within("vmax", vmax, f32::MIN_POSITIVE, f32::MAX))
}

/// Refuses a number outside `low ..= high`.
fn within(name: &str, value: f32, low: f32, high: f32) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let range = match (low, high) {
        (f32::MIN_POSITIVE, f32::MAX) => "a number above 0".to_string(),
        (f32::MIN_POSITIVE, high) => format!("a number above 0, at most {high}"),
        (low, f32::MAX) => format!("a number from {low} on"),
        _ => format!("a number from {low} to {high}"),
    };
    Err(Error::setting(name, value, format!("must be {range}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_by_name_and_by_range() {
        let one = |key: &str, text: &str| BTreeMap::from([(key.to_string(), text.to_string())]);
        let pso = Entry::find("pso").unwrap();
        assert_eq!(pso.build(&one("social", "1.2")).unwrap().settings()["social"], 1.2);
        assert!(pso.build(&one("sociable", "1.2")).unwrap_err().to_string().contains("no such setting"));
        assert!(pso.build(&one("inertia", "7")).unwrap_err().to_string().contains("inertia"));
        assert!(pso.build(&one("inertia", "heavy")).unwrap_err().to_string().contains("inertia=heavy"));
        assert!(Entry::find("psso").is_err());
    }

    #[test]
    fn every_setting_is_documented_and_every_documented_one_exists() {
        for entry in OPTIMIZERS {
            let defaults = entry.defaults();
            let mut have: Vec<_> = defaults.as_object().unwrap().keys().map(String::as_str).collect();
            let mut told: Vec<_> = entry.settings.iter().map(|(name, _)| *name).collect();
            have.sort_unstable();
            told.sort_unstable();
            assert_eq!(have, told, "{}", entry.name);
        }
    }
}
