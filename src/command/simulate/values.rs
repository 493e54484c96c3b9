//! Where components start and what constants are: numbers, or ranges that sets of values are taken from.

use anyhow::Result;
use gradless::Error;
use gradless::objective::ode::{System, spread};
use serde_json::{Map, Value as Json, json};

use crate::cli::Simulate;

/// Sets where none are asked for.
const SETS: u32 = 1000;
/// Sets at most.
const MOST_SETS: u32 = 1 << 24;

#[derive(Clone, Copy, PartialEq)]
enum Value {
    Number(f32),
    Range(f32, f32),
}

/// All values of a run.
pub(super) struct Values {
    initial: Vec<Value>,
    constants: Vec<Value>,
    /// What has a range is called so.
    pub(super) ranged: Vec<String>,
    /// Number of sets; none without ranges.
    pub(super) sets: Option<u32>,
    seed: u64,
}

/// The numbers of every set.
pub(super) struct Rows {
    pub(super) initial: Vec<f32>,
    pub(super) constants: Vec<f32>,
    /// Those that have ranges, set by set.
    pub(super) ranged: Vec<f32>,
}

impl Values {
    /// The system's own where none are given.
    pub(super) fn read(arguments: &Simulate, system: &System) -> Result<Self> {
        let mut initial: Vec<Value> = system.initial.iter().map(|value| Value::Number(*value)).collect();
        let mut constants: Vec<Value> = system.constants.iter().map(|(_, value)| Value::Number(*value)).collect();
        let components = system.components.join(", ");
        let named = arguments.initial.iter().filter(|text| text.contains('=')).count();
        if named == 0 && !arguments.initial.is_empty() {
            if arguments.initial.len() != initial.len() {
                let remedy = format!("{} has {components}", system.name);
                return Err(Error::setting("initial", format!("{} values", arguments.initial.len()), remedy).into());
            }
            for (place, text) in initial.iter_mut().zip(&arguments.initial) {
                *place = value("initial", text)?;
            }
        } else {
            for text in &arguments.initial {
                let (name, text) = text.split_once('=').map_or(("", text.as_str()), |(name, text)| (name.trim(), text));
                let Some(place) = system.components.iter().position(|known| known == name) else {
                    let remedy = format!("{} has {components}: give all in order, or each by name", system.name);
                    return Err(Error::setting("initial", if name.is_empty() { text } else { name }, remedy).into());
                };
                initial[place] = value(name, text)?;
            }
        }
        for (key, text) in &arguments.settings {
            let Some(place) = system.constants.iter().position(|(name, _)| name == key) else {
                let names: Vec<_> = system.constants.iter().map(|(name, _)| name.as_str()).collect();
                let names = if names.is_empty() { "no constants".into() } else { names.join(", ") };
                return Err(Error::setting(key, text, format!("{} has {names}", system.name)).into());
            };
            constants[place] = value(key, text)?;
        }
        let is_range = |value: &Value| matches!(value, Value::Range(..));
        let starts = system.components.iter().map(|name| format!("{name} at the start"));
        let names = starts.chain(system.constants.iter().map(|(name, _)| name.clone()));
        let all = names.zip(initial.iter().chain(&constants));
        let ranged: Vec<String> = all.filter(|(_, value)| is_range(value)).map(|(name, _)| name).collect();
        let sets = match (arguments.sets, ranged.is_empty()) {
            (Some(sets), true) => {
                return Err(Error::setting("sets", sets, "give a range as well, as in -s mu=0.1..8").into());
            }
            (Some(sets), _) if !(1..=MOST_SETS).contains(&sets) => {
                return Err(Error::setting("sets", sets, format!("give 1 to {MOST_SETS}")).into());
            }
            (sets, false) => Some(sets.unwrap_or(SETS)),
            (None, true) => None,
        };
        Ok(Self { initial, constants, ranged, sets, seed: arguments.seed })
    }

    /// Every set's numbers.
    pub(super) fn rows(&self) -> Result<Rows> {
        let count = self.sets.unwrap_or(1) as usize;
        let all = || self.initial.iter().chain(&self.constants);
        let ranges: Vec<(f32, f32)> = all()
            .filter_map(|value| match value {
                Value::Range(low, high) => Some((*low, *high)),
                Value::Number(_) => None,
            })
            .collect();
        let ranged = if ranges.is_empty() { Vec::new() } else { spread(&ranges, count, self.seed)? };
        let mut rows = Rows { initial: Vec::new(), constants: Vec::new(), ranged };
        rows.initial.reserve_exact(count * self.initial.len());
        rows.constants.reserve_exact(count * self.constants.len());
        for set in 0..count {
            let mut drawn = rows.ranged[set * ranges.len()..].iter();
            let mut number = |value: &Value| match value {
                Value::Number(number) => *number,
                Value::Range(low, _) => drawn.next().copied().unwrap_or(*low),
            };
            rows.initial.extend(self.initial.iter().map(&mut number));
            rows.constants.extend(self.constants.iter().map(&mut number));
        }
        Ok(rows)
    }

    /// Where the components start: numbers, or ranges as text.
    pub(super) fn initial_json(&self) -> Json {
        self.initial.iter().map(Value::json).collect()
    }

    /// The constants by name, likewise.
    pub(super) fn constants_json(&self, system: &System) -> Json {
        let pairs = system.constants.iter().zip(&self.constants);
        Json::Object(pairs.map(|((name, _), value)| (name.clone(), value.json())).collect::<Map<_, _>>())
    }

    /// What has a range, with the range, in words.
    pub(super) fn ranges(&self) -> String {
        let ranges = self.initial.iter().chain(&self.constants).filter_map(|value| match value {
            Value::Range(low, high) => Some(format!("{low} to {high}")),
            Value::Number(_) => None,
        });
        self.ranged
            .iter()
            .zip(ranges)
            .map(|(name, range)| format!("{name} from {range}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl Value {
    fn json(&self) -> Json {
        match self {
            Self::Number(number) => json!(number),
            Self::Range(low, high) => json!(format!("{low}..{high}")),
        }
    }
}

/// A number, or a range.
fn value(name: &str, text: &str) -> Result<Value> {
    let number = |part: &str| part.trim().parse::<f32>().ok().filter(|number| number.is_finite());
    let value = match text.split_once("..") {
        None => number(text).map(Value::Number),
        Some((low, high)) => match (number(low), number(high)) {
            (Some(low), Some(high)) if low < high => Some(Value::Range(low, high)),
            _ => None,
        },
    };
    let remedy = "give a number, or a range with the lower end first, as in 0.1..8";
    Ok(value.ok_or_else(|| Error::setting(name, text.trim(), remedy))?)
}
