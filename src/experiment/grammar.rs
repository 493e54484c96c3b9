//! An experiment as its file has it, and how that becomes cases: what is said at the top holds for every case that does
//! not say otherwise, and a list of losses makes a case for each of them. A case with a function has no data.

use serde::Deserialize;
use toml::Table;

use super::{Case, Experiment, Measure, Published, Summary};
use crate::config::Config;
use crate::objective::network::Loss;
use crate::reach::Goal;
use crate::{Error, Result};

/// What may end a run: a case that gives one of these leaves those of the top aside.
const BUDGETS: [&str; 4] = ["epochs", "evaluations", "generations", "seconds"];

/// What `config` may say of a function, and of nothing else.
const OF_FUNCTIONS: [&str; 3] = ["dims", "shift", "tolerance"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    title: String,
    source: String,
    #[serde(default)]
    about: String,
    #[serde(default = "five")]
    seeds: u32,
    #[serde(default)]
    measure: Measure,
    summary: Option<Summary>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    losses: Vec<Loss>,
    #[serde(default)]
    config: Table,
    case: Vec<Group>,
}

fn five() -> u32 {
    5
}

/// A case as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    /// The function's where it is left out.
    #[serde(default)]
    name: String,
    function: Option<String>,
    #[serde(default)]
    about: String,
    get: Option<String>,
    #[serde(default)]
    long: bool,
    methods: Option<Vec<String>>,
    losses: Option<Vec<Loss>>,
    #[serde(default)]
    config: Table,
    #[serde(default)]
    published: Vec<Published>,
}

/// What `config` says of a function: all that a run on it is told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnFunction {
    dims: Option<u32>,
    #[serde(default)]
    shift: f32,
    #[serde(default = "thousandth")]
    tolerance: f64,
    population: Option<u32>,
    #[serde(default = "thousand")]
    generations: u32,
}

fn thousandth() -> f64 {
    1e-3
}

fn thousand() -> u32 {
    1000
}

/// The experiment that `text` describes, unchecked; `place` is what errors call it.
pub(super) fn read(text: &str, place: &str) -> Result<Experiment> {
    let mut written: Written = toml::from_str(text).map_err(|e| Error::file(place, e.to_string().trim()))?;
    for group in written.case.iter_mut().filter(|group| group.name.is_empty()) {
        let none = || Error::file(place, "a [[case]] has no name: give it a name, or a function it is named after");
        group.name = group.function.clone().ok_or_else(none)?;
    }
    let mut cases = Vec::new();
    for group in &written.case {
        if written.case.iter().filter(|other| other.name == group.name).count() > 1 {
            return Err(Error::file(place, Error::setting("case", &group.name, "there are two of that name")));
        }
        let all = group.cases(&written).map_err(|cause| Error::file(place, format!("case {}: {cause}", group.name)))?;
        cases.extend(all);
    }
    let Written { name, title, source, about, seeds, measure, summary, .. } = written;
    Ok(Experiment { name, title, source, about, seeds, measure, summary, cases })
}

impl Group {
    fn cases(&self, top: &Written) -> std::result::Result<Vec<Case>, String> {
        if let Some(function) = &self.function {
            return Ok(vec![self.on_function(function, top)?]);
        }
        let mut table = top.config.clone();
        table.retain(|key, _| !OF_FUNCTIONS.contains(&key));
        if BUDGETS.iter().any(|budget| self.config.contains_key(*budget)) {
            BUDGETS.iter().for_each(|budget| drop(table.remove(*budget)));
        }
        table.extend(self.config.clone());
        let given = table.contains_key("loss");
        let problem = table.get("data").and_then(|data| data.as_str()).and_then(shared_of);
        if let Some(mut usual) = problem.clone() {
            usual.extend(table);
            table = usual;
        }
        let config: Config = table.try_into().map_err(|e: toml::de::Error| e.message().to_string())?;
        let losses = self.losses.as_ref().unwrap_or(&top.losses);
        if given && !losses.is_empty() {
            return Err("the loss is given in config and by losses: leave one out".into());
        }
        let numbers = losses.iter().chain([&config.loss]).any(|loss| loss.of_numbers() == Some(true));
        if numbers && problem.is_none() {
            return Err("an experiment compares accuracies: its losses are those of classes".into());
        }
        if let Some(Published { loss: Some(loss), .. }) =
            self.published.iter().find(|published| published.loss.as_ref().is_some_and(|loss| !losses.contains(loss)))
        {
            return Err(format!("a figure is published for the loss {}, which is not among losses", word(loss)));
        }
        let methods = self.methods(top)?;
        let case = |loss: Option<&Loss>| Case {
            name: loss.map_or_else(|| self.name.clone(), |loss| format!("{}-{}", self.name, word(loss))),
            group: self.name.clone(),
            loss: loss.cloned(),
            about: self.about.clone(),
            get: self.get.clone(),
            long: self.long,
            function: None,
            methods: methods.clone(),
            config: Config { loss: loss.unwrap_or(&config.loss).clone(), ..config.clone() },
            published: self.published(loss, &top.source),
        };
        if losses.is_empty() { Ok(vec![case(None)]) } else { Ok(losses.iter().map(Some).map(case).collect()) }
    }

    /// The one case of a function.
    fn on_function(&self, function: &str, top: &Written) -> std::result::Result<Case, String> {
        if self.losses.is_some() || self.get.is_some() {
            return Err("a function has no losses and no data to get: leave both out".into());
        }
        // What the top says to cases with data is not for this one, but must be sound.
        let shared = |key: &str| OF_FUNCTIONS.contains(&key) || ["population", "generations"].contains(&key);
        let (mut table, rest): (Table, Table) = top.config.clone().into_iter().partition(|(key, _)| shared(key));
        let message = |e: toml::de::Error| e.message().to_string();
        rest.try_into::<Config>().map_err(message)?;
        table.extend(self.config.clone());
        let said: OnFunction = table.try_into().map_err(message)?;
        let known = Goal::known(function).map_err(|e| e.to_string())?;
        let OnFunction { dims, shift, tolerance, population, generations } = said;
        let goal = Goal { function: known.name.into(), dims: dims.unwrap_or(known.dims.usual()), shift, tolerance };
        Ok(Case {
            name: self.name.clone(),
            group: self.name.clone(),
            loss: None,
            about: self.about.clone(),
            get: None,
            long: self.long,
            function: Some(goal),
            methods: self.methods(top)?,
            config: Config { population, generations: Some(generations), ..Config::default() },
            published: self.published(None, &top.source),
        })
    }

    fn methods(&self, top: &Written) -> std::result::Result<Vec<String>, String> {
        let methods = self.methods.as_ref().unwrap_or(&top.methods);
        if methods.is_empty() {
            return Err("no methods, here or at the top: list some, as in methods = [\"pso\", \"gwo\"]".into());
        }
        Ok(methods.clone())
    }

    /// What was published for a loss.
    fn published(&self, loss: Option<&Loss>, source: &str) -> Vec<Published> {
        let mut published = self.published.clone();
        published.retain(|published| published.loss.is_none() || published.loss.as_ref() == loss);
        for published in published.iter_mut().filter(|published| published.source.is_empty()) {
            published.source = source.into();
        }
        published
    }
}

/// The name of a loss in files.
pub(super) fn word(loss: &Loss) -> String {
    if matches!(loss, Loss::Own(_)) { loss.name().into() } else { loss.to_string() }
}

/// What a problem that is no table of rows is usually told, where `data` names one.
#[cfg(not(target_arch = "wasm32"))]
fn shared_of(data: &str) -> Option<Table> {
    Table::try_from(crate::problem::Problem::find(data)?.shared()).ok()
}

#[cfg(target_arch = "wasm32")]
fn shared_of(_: &str) -> Option<Table> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "name = \"x\"\ntitle = \"t\"\nsource = \"s\"\n";

    #[test]
    fn the_top_holds_for_cases_that_say_nothing_else() {
        let text = format!(
            "{HEAD}measure = \"all-agreement\"\nmethods = [\"pso\", \"gwo\"]\n\
             [config]\nmodel = \"mlp:3\"\ngenerations = 7\nmissing = \"drop\"\n\
             [[case]]\nname = \"a\"\nconfig = {{ data = \"iris\" }}\n\
             [[case]]\nname = \"b\"\nmethods = [\"snes\"]\nconfig = {{ data = \"xor\", model = \"none\", seconds = 2 }}\n"
        );
        let experiment = read(&text, "f").unwrap();
        let [a, b] = &experiment.cases[..] else { panic!() };
        assert_eq!(experiment.measure, Measure::AllAgreement);
        assert_eq!((a.methods.len(), a.config.model.as_str(), a.config.generations), (2, "mlp:3", Some(7)));
        assert_eq!((a.name.as_str(), a.group.as_str(), &a.loss), ("a", "a", &None));
        // The budget of the case stands alone; all else of the top still holds.
        assert_eq!((&b.methods[0][..], b.config.model.as_str()), ("snes", "none"));
        assert_eq!((b.config.generations, b.config.seconds, b.config.missing), (None, Some(2.0), a.config.missing));
    }

    #[test]
    fn losses_make_a_case_each_with_the_figures_of_that_loss() {
        let text = format!(
            "{HEAD}methods = [\"pso\"]\nlosses = [\"mse\", \"cross-entropy\"]\n[[case]]\nname = \"a\"\n\
             config = {{ data = \"iris\" }}\npublished = [\n\
             {{ loss = \"mse\", method = \"pso\", agreement = 0.9 }},\n\
             {{ loss = \"cross-entropy\", method = \"pso\", agreement = 0.8, source = \"another\" }},\n\
             {{ method = \"guess\", accuracy = 0.3 }}]\n\
             [[case]]\nname = \"b\"\nlosses = []\nconfig = {{ data = \"xor\", loss = \"mae\" }}\n"
        );
        let experiment = read(&text, "f").unwrap();
        let names: Vec<_> = experiment.cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["a-mse", "a-cross-entropy", "b"]);
        let losses: Vec<_> = experiment.cases.iter().map(|case| case.config.loss.clone()).collect();
        assert_eq!(losses, [Loss::Mse, Loss::CrossEntropy, Loss::Mae]);
        let figures = |case: &Case| -> Vec<(Option<f64>, String)> {
            case.published.iter().map(|p| (p.agreement, p.source.clone())).collect()
        };
        assert_eq!(figures(&experiment.cases[0]), [(Some(0.9), "s".into()), (None, "s".into())]);
        assert_eq!(figures(&experiment.cases[1])[0], (Some(0.8), "another".into()));
        assert_eq!(experiment.cases[1].beside("pso", Measure::AllAgreement).unwrap().agreement, Some(0.8));
        assert_eq!(experiment.cases[1].beside("pso", Measure::Accuracy), None);
    }

    #[test]
    fn what_does_not_go_together_is_refused_with_the_case() {
        let case = "[[case]]\nname = \"a\"\nconfig = { data = \"iris\" }\n";
        let published = |loss: &str| format!("{case}published = [{{ loss = \"{loss}\", method = \"pso\" }}]\n");
        for (text, word) in [
            (case.to_string(), "no methods"),
            (format!("methods = [\"pso\"]\nlosses = [\"mse\"]\n{}", published("mae")), "the loss mae"),
            (format!("methods = [\"pso\"]\n{}", published("mse")), "the loss mse"),
            (format!("methods = [\"pso\"]\nlosses = [\"mse\"]\n[config]\nloss = \"mae\"\n{case}"), "leave one out"),
            (format!("methods = [\"pso\"]\n[config]\nmodell = \"none\"\n{case}"), "modell"),
        ] {
            let message = read(&format!("{HEAD}{text}"), "f.toml").unwrap_err().to_string();
            assert!(message.starts_with("f.toml: case a: ") && message.contains(word), "{message}");
        }
        let message = read(&format!("{HEAD}losses = [\"hinge\"]\n{case}"), "f.toml").unwrap_err().to_string();
        assert!(message.contains("hinge") && message.contains("line 4"), "{message}");
    }
}
