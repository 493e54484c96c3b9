//! A method by its name in a comparison: `[SEARCH/]OPTIMIZER[:KEY=VALUE,...]`, such as `pso`,
//! `gwo:leaders=best-3,population=64`, `neurons/pso` or `subspace:100/gwo`.

use std::fmt;
use std::str::FromStr;

use crate::config::{Config, PROBLEM};
use crate::{Error, Result};

/// What tells one method from another; all else is common to a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// What is searched at a time, if said.
    pub search: Option<String>,
    /// Name of the optimizer.
    pub optimizer: String,
    /// Its settings, and `population`, `generations`, `epochs` and `batch` in place of the common ones.
    pub settings: Vec<(String, String)>,
}

impl Method {
    /// The methods of a list. Commas and spaces part methods; a piece that begins with `KEY=` is one more setting of
    /// the method before it, so `pso:social=1.2,inertia=0.6,gwo` are two methods.
    ///
    /// # Errors
    /// [`Error::Setting`] for a piece that is no method, a method given twice, or none at all.
    pub fn list(text: &str) -> Result<Vec<Self>> {
        let mut texts: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let mut first = true;
            for piece in word.split(',') {
                match texts.last_mut().filter(|method| !first && (is_setting(piece) || is_layer(method, piece))) {
                    Some(method) => {
                        method.push(',');
                        method.push_str(piece);
                    }
                    None => texts.push(piece.into()),
                }
                first = false;
            }
        }
        let mut methods: Vec<Self> = Vec::new();
        for text in texts {
            let method: Self = text.parse()?;
            if methods.contains(&method) {
                return Err(Error::setting("optimizers", text, "given twice"));
            }
            methods.push(method);
        }
        if methods.is_empty() {
            return Err(Error::setting("optimizers", text, "name at least one, as in pso,gwo"));
        }
        Ok(methods)
    }

    /// The settings of a run: the common ones with this method's in their place.
    ///
    /// # Errors
    /// [`Error::Setting`] for what makes no sense or is not known.
    pub fn apply(&self, common: &Config) -> Result<Config> {
        let mut config = common.clone();
        config.search = self.search.clone().unwrap_or(config.search);
        config.optimizer = self.optimizer.clone();
        config.settings.retain(|key, _| key.starts_with(PROBLEM));
        for (key, value) in &self.settings {
            let number = || value.parse().map_err(|_| Error::setting(key, value, "give a whole number"));
            match key.as_str() {
                "population" => config.population = Some(number()?),
                "generations" => (config.generations, config.epochs) = (Some(number()?), None),
                "epochs" => (config.epochs, config.generations) = (Some(number()?), None),
                "model" => config.model.clone_from(value),
                "batch" if value == "full" => config.batch = None,
                "batch" => config.batch = Some(number()?),
                _ => {
                    config.settings.insert(key.clone(), toml::Value::String(value.clone()));
                }
            }
        }
        config.check()?;
        let generation = u64::from(config.members());
        if let Some(evaluations) = config.evaluations.filter(|all| *all < generation) {
            let remedy =
                format!("{self} scores {generation} in its first generation: give more, or a smaller population");
            return Err(Error::setting("evaluations", evaluations, remedy));
        }
        Ok(config)
    }
}

/// Whether a piece of a list is a setting: it begins with `KEY=`.
fn is_setting(piece: &str) -> bool {
    piece.split_once('=').is_some_and(|(key, _)| !key.contains([':', '/']))
}

/// Whether a piece is one more hidden layer of the model that the method ends with.
fn is_layer(method: &str, piece: &str) -> bool {
    let last = method.rsplit([',', ':']).find(|part| part.parse::<u32>().is_err()).unwrap_or_default();
    piece.parse::<u32>().is_ok() && last.ends_with("model=mlp")
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |remedy: &str| Error::setting("optimizers", text, remedy);
        // A value may hold a slash, a search never an equals sign.
        let (search, rest) = match text.split_once('/') {
            Some((search, rest)) if !search.contains('=') => (Some(search), rest),
            _ => (None, text),
        };
        let (optimizer, settings) = rest.split_once(':').map_or((rest, None), |(name, rest)| (name, Some(rest)));
        if optimizer.contains(['=', ',']) {
            return Err(bad("settings follow the name and a colon: pso:population=64"));
        }
        if optimizer.is_empty() || search == Some("") {
            return Err(bad("give a method as OPTIMIZER, SEARCH/OPTIMIZER or OPTIMIZER:KEY=VALUE,KEY=VALUE"));
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        for piece in settings.into_iter().flat_map(|settings| settings.split(',')) {
            match piece.split_once('=') {
                Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                    if pairs.iter().any(|(known, _)| known == key) {
                        return Err(bad(&format!("{key} is given twice")));
                    }
                    pairs.push((key.into(), value.into()));
                }
                None if pairs.last().is_some_and(|(key, value)| is_layer(&format!("{key}={value}"), piece)) => {
                    if let Some((_, model)) = pairs.last_mut() {
                        model.push(',');
                        model.push_str(piece);
                    }
                }
                _ => return Err(bad("give settings as KEY=VALUE, with commas between")),
            }
        }
        Ok(Self { search: search.map(Into::into), optimizer: optimizer.into(), settings: pairs })
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(search) = &self.search {
            write!(f, "{search}/")?;
        }
        f.write_str(&self.optimizer)?;
        for (index, (key, value)) in self.settings.iter().enumerate() {
            write!(f, "{}{key}={value}", if index == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        Method::list(text).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lists_are_parted_where_a_method_begins() {
        assert_eq!(names("pso,gwo"), ["pso", "gwo"]);
        assert_eq!(names("pso gwo,empso"), ["pso", "gwo", "empso"]);
        assert_eq!(
            names("pso:social=1.2,inertia=0.6,gwo:leaders=best-3,neurons/pso"),
            ["pso:social=1.2,inertia=0.6", "gwo:leaders=best-3", "neurons/pso"]
        );
        assert_eq!(
            names("subspace:100/gwo subspace:100/openai-es:sigma=0.1,population=64,pso"),
            ["subspace:100/gwo", "subspace:100/openai-es:sigma=0.1,population=64", "pso"]
        );
        assert_eq!(names("pso:file=a/b,gwo"), ["pso:file=a/b", "gwo"]);
        assert_eq!(
            names("pso:model=mlp:3,4,5,seed=2,gwo:model=mlp:8,sgd"),
            ["pso:model=mlp:3,4,5,seed=2", "gwo:model=mlp:8", "sgd"]
        );
        let method: Method = "adam:model=mlp:8,8,rate=0.1".parse().unwrap();
        assert_eq!(method.settings, [("model".into(), "mlp:8,8".into()), ("rate".into(), "0.1".to_string())]);
        assert!("pso:social=1,8".parse::<Method>().is_err());
    }

    #[test]
    fn parts_are_told_apart() {
        let method: Method = "subspace:100/gwo:leaders=best-3,batch=64".parse().unwrap();
        assert_eq!((method.search.as_deref(), method.optimizer.as_str()), (Some("subspace:100"), "gwo"));
        let pair = |key: &str, value: &str| (key.to_string(), value.to_string());
        assert_eq!(method.settings, [pair("leaders", "best-3"), pair("batch", "64")]);
    }

    #[test]
    fn what_is_no_method_is_refused_with_a_remedy() {
        for (text, word) in [
            ("", "at least one"),
            ("pso,,gwo", "OPTIMIZER"),
            ("pso,pso", "twice"),
            ("pso,population=64", "colon"),
            ("pso population=64", "colon"),
            ("/pso", "OPTIMIZER"),
            ("whole/", "OPTIMIZER"),
            ("pso:", "KEY=VALUE"),
            ("pso:social", "KEY=VALUE"),
            ("pso:social=", "KEY=VALUE"),
            ("pso:social=1,social=2", "social is given twice"),
        ] {
            let message = Method::list(text).unwrap_err().to_string();
            assert!(message.contains(word), "{text}: {message}");
        }
    }

    #[test]
    fn a_method_takes_the_place_of_common_settings() {
        let common = Config { population: Some(100), batch: Some(32), evaluations: Some(1000), ..Config::default() };
        let of = |text: &str| text.parse::<Method>().unwrap().apply(&common);
        let config = of("pso:social=1.25,population=64,generations=7,batch=full").unwrap();
        assert_eq!((config.members(), config.generations, config.batch), (64, Some(7), None));
        assert_eq!(config.build_optimizer().unwrap().settings()["social"], 1.25);
        assert_eq!(of("gwo").unwrap().batch, Some(32));
        assert_eq!(of("whole/gwo").unwrap().search, "whole");
        for (text, word) in [
            ("nope", "gwo"),
            ("pso:sociable=1", "social"),
            ("pso:population=many", "whole number"),
            ("pso:population=0", "at least one"),
            ("pso:population=1001", "smaller population"),
            ("halves/pso", "search"),
        ] {
            let message = of(text).unwrap_err().to_string();
            assert!(message.contains(word), "{text}: {message}");
        }
    }
}
