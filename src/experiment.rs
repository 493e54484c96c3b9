//! A paper's experiments as plain text: cases with their data, methods and budget, and what was published about them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::method::Method;
use crate::{Error, Result};

/// The experiments that come with the program: name and text. A new one is its file and a line here.
const BUILT_IN: &[(&str, &str)] = &[("neuron-pso", include_str!("../assets/experiments/neuron-pso.toml"))];

/// An experiment.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Short name: letters, digits, `-` and `_`.
    pub name: String,
    /// Title of the paper.
    pub title: String,
    /// Where it was published.
    pub source: String,
    /// What is known of it and what is not.
    #[serde(default)]
    pub about: String,
    /// Runs of each method, with seeds from 1 on.
    #[serde(default = "five")]
    pub seeds: u32,
    /// What is measured.
    #[serde(rename = "case")]
    pub cases: Vec<Case>,
}

/// Several methods on one data set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Short name, as the experiment's.
    pub name: String,
    /// One sentence on the data.
    #[serde(default)]
    pub about: String,
    /// What to get where the data are not built in.
    pub get: Option<String>,
    /// Methods in the grammar of [`Method`].
    pub methods: Vec<String>,
    /// What all methods share, as in the `config.toml` of a run; `data` may be a path within the data folder.
    pub config: Config,
    /// Figures to stand beside.
    #[serde(default)]
    pub published: Vec<Published>,
}

/// A published result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// What was measured.
    pub method: String,
    /// Share of test rows, 0 to 1.
    pub accuracy: Option<f64>,
    /// As published, 0 to 1.
    pub precision: Option<f64>,
    /// As published, 0 to 1.
    pub recall: Option<f64>,
    /// As published, 0 to 1.
    pub f1: Option<f64>,
    /// Who published it where.
    pub source: String,
}

fn five() -> u32 {
    5
}

impl Experiment {
    /// All that come with the program.
    ///
    /// # Errors
    /// Never for the program as it is tested.
    pub fn built_in() -> Result<Vec<Self>> {
        BUILT_IN.iter().map(|(name, text)| Self::parse(text, name)).collect()
    }

    /// The text of the experiment called `name`, or of the file `name`.
    ///
    /// # Errors
    /// [`Error::Setting`] when there is neither, [`Error::File`] when the file cannot be read.
    pub fn text(name: &str) -> Result<String> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Ok((*text).into());
        }
        let path = Path::new(name);
        if path.extension().is_some_and(|ending| ending == "toml") || path.is_file() {
            return std::fs::read_to_string(path).map_err(|e| Error::file(path, e));
        }
        let names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        Err(Error::setting("experiment", name, format!("choose one of {}, or give a .toml file", names.join(", "))))
    }

    /// Reads the text of an experiment; `place` is what errors call it.
    ///
    /// # Errors
    /// [`Error::File`] with the line, or the case, and the cause.
    pub fn parse(text: &str, place: &str) -> Result<Self> {
        let experiment: Self = toml::from_str(text).map_err(|e| Error::file(place, e.to_string().trim()))?;
        experiment.check().map_err(|e| Error::file(place, e))?;
        Ok(experiment)
    }

    fn check(&self) -> Result<()> {
        let plain = |name: &str| {
            let sound = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            (sound && !name.is_empty())
                .then_some(())
                .ok_or_else(|| Error::setting("name", name, "use letters, digits, - and _: files are named after it"))
        };
        plain(&self.name)?;
        if self.cases.is_empty() {
            return Err(Error::setting("case", "none", "describe at least one as [[case]]"));
        }
        for (index, case) in self.cases.iter().enumerate() {
            plain(&case.name)?;
            if self.cases[..index].iter().any(|other| other.name == case.name) {
                return Err(Error::setting("case", &case.name, "there are two of that name"));
            }
            for method in case.methods()? {
                method.apply(&case.config)?;
            }
        }
        Ok(())
    }
}

impl Case {
    /// Its methods.
    ///
    /// # Errors
    /// Those of [`Method::list`].
    pub fn methods(&self) -> Result<Vec<Method>> {
        Method::list(&self.methods.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_experiments_are_sound_and_found_by_name() {
        for (experiment, (name, text)) in Experiment::built_in().unwrap().iter().zip(BUILT_IN) {
            assert_eq!((experiment.name.as_str(), Experiment::text(name).unwrap().as_str()), (*name, *text));
            for case in &experiment.cases {
                assert!(case.get.is_some() == case.config.data.contains('/'), "{name}, {}", case.name);
            }
        }
        assert!(Experiment::text("nothing").unwrap_err().to_string().contains("neuron-pso"));
    }

    #[test]
    fn what_is_wrong_in_a_file_is_told_with_its_name() {
        let case = "[[case]]\nname = \"a\"\nmethods = [\"pso\"]\nconfig = { data = \"xor\" }\n";
        let head = "name = \"x\"\ntitle = \"t\"\nsource = \"s\"\n";
        assert_eq!(Experiment::parse(&format!("{head}{case}"), "f").unwrap().seeds, 5);
        for (text, word) in [
            (format!("{head}case = []"), "at least one"),
            (format!("{head}{case}{case}"), "two of that name"),
            (format!("{head}{}", case.replace("pso", "nope")), "nope"),
            (format!("{head}{}", case.replace("\"a\"", "\"a/b\"")), "letters"),
            (format!("{head}{}", case.replace("data =", "date =")), "date"),
            (format!("{}{case}", head.replace("title", "tittle")), "tittle"),
        ] {
            let message = Experiment::parse(&text, "f.toml").unwrap_err().to_string();
            assert!(message.contains(word) && message.starts_with("f.toml"), "{message}");
        }
    }
}
