//! What is searched at a time: the whole vector, or parts of it. A wrapper around any optimizer that can do it.

use std::collections::BTreeMap;

use super::blocks::{ByBlocks, Partition, SETTINGS, Turns};
use super::{Entry, Subspace, value};
use crate::population::Optimizer;
use crate::{Error, Result};

/// Search spaces: how they are named, and what they are.
pub const SEARCHES: [(&str, &str); 5] = [
    ("whole", "all coordinates at once"),
    ("neurons", "each unit's weights and bias have members of their own (arXiv 2412.05667)"),
    ("layers", "each layer's have"),
    ("subspace:N", "a random subspace of N dimensions (Li, Farkhoor, Liu and Yosinski 2018)"),
    ("blocks:N", "each of N equal parts has (van den Bergh and Engelbrecht 2004)"),
];

/// What settings of the search are called: this and their name.
pub const PREFIX: &str = "search.";

/// Whether a search space is searched block by block.
pub fn by_blocks(search: &str) -> bool {
    matches!(search.split(':').next(), Some("neurons" | "layers" | "blocks"))
}

/// The optimizer `name` in the search space `search`, with these settings over the defaults of both.
///
/// # Errors
/// [`Error::Setting`] naming what is unknown, out of range, or does not go together.
pub fn build(search: &str, name: &str, settings: &BTreeMap<String, String>) -> Result<Box<dyn Optimizer>> {
    let (own, inner): (BTreeMap<_, _>, BTreeMap<_, _>) =
        settings.clone().into_iter().partition(|(key, _)| key.starts_with(PREFIX));
    let inner = Entry::find(name)?.build(&inner)?;
    let (kind, number) = search.split_once(':').map_or((search, None), |(kind, number)| (kind, Some(number)));
    let parse = |number: Option<&str>| {
        let count = number.and_then(|number| number.parse::<u32>().ok()).filter(|count| *count > 0);
        count.ok_or_else(|| Error::setting("search", search, format!("give a whole number, as in {kind}:100")))
    };
    if let (false, Some((key, text))) = (by_blocks(search), own.iter().next()) {
        return Err(Error::setting(
            key,
            text,
            "it is a setting of the search by blocks: --search neurons, for instance",
        ));
    }
    let partition = match (kind, number) {
        ("whole", None) => return Ok(inner),
        ("subspace", number) => {
            let subspace = Subspace::new(parse(number)?, inner);
            subspace.check()?;
            return Ok(Box::new(subspace));
        }
        ("neurons", None) => Partition::Neurons,
        ("layers", None) => Partition::Layers,
        ("blocks", number) => Partition::Equal(parse(number)?),
        _ => {
            let names: Vec<_> = SEARCHES.iter().map(|(name, _)| *name).collect();
            return Err(Error::setting("search", search, format!("choose one of {}", names.join(", "))));
        }
    };
    let optimizer = ByBlocks { partition, turns: turns(&own)?, inner };
    optimizer.check()?;
    Ok(Box::new(optimizer))
}

fn turns(settings: &BTreeMap<String, String>) -> Result<Turns> {
    let mut object = serde_json::Map::new();
    for (key, text) in settings {
        let name = key.trim_start_matches(PREFIX);
        if !SETTINGS.iter().any(|(known, _)| *known == name) {
            let known: Vec<_> = SETTINGS.iter().map(|(known, _)| format!("{PREFIX}{known}")).collect();
            return Err(Error::setting(key, text, format!("there are {}", known.join(", "))));
        }
        object.insert(name.into(), value(text));
    }
    let listed = settings.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ");
    serde_json::from_value(serde_json::Value::Object(object))
        .map_err(|e| Error::setting("settings", listed, format!("search by blocks: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(search: &str, name: &str, settings: &[(&str, &str)]) -> String {
        let settings = settings.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        build(search, name, &settings).unwrap_err().to_string()
    }

    #[test]
    fn a_search_is_named_and_set() {
        let settings = BTreeMap::from([("search.form".to_string(), "subset".to_string())]);
        let optimizer = build("neurons", "gwo", &settings).unwrap();
        assert_eq!((optimizer.name(), &optimizer.settings()["search.form"]), ("gwo", &"subset".into()));
        assert!(build("blocks:3", "pso", &BTreeMap::new()).unwrap().blockwise());
        assert!(!build("whole", "pso", &BTreeMap::new()).unwrap().blockwise());
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        assert!(refused("halves", "pso", &[]).contains("whole"));
        assert!(refused("blocks:x", "pso", &[]).contains("blocks:100"));
        assert!(refused("neurons:2", "pso", &[]).contains("choose one"));
        assert!(refused("neurons", "openai-es", &[]).contains("subspace"));
        assert!(refused("neurons", "cpso-s", &[]).contains("leave --search out"));
        assert!(refused("whole", "pso", &[("search.form", "subset")]).contains("search.form"));
        assert!(refused("neurons", "pso", &[("search.turn", "1")]).contains("search.moves"));
        assert!(refused("neurons", "pso", &[("search.share", "2")]).contains("search.share"));
    }
}
