//! A paper's experiments as plain text: cases with their data, methods and budget, and what was published about them.

mod grammar;
mod overview;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::method::Method;
use crate::objective::network::Loss;
use crate::reach::Goal;
use crate::{Error, Result};

pub use overview::{Figure, Overview};

/// The experiments that come with the program: name and text. A new one is its file and a line here.
const BUILT_IN: &[(&str, &str)] = &[
    ("neuron-pso", include_str!("../assets/experiments/neuron-pso.toml")),
    ("adaswarm", include_str!("../assets/experiments/adaswarm.toml")),
    ("pixel-swarm", include_str!("../assets/experiments/pixel-swarm.toml")),
    ("adaswarm-vision", include_str!("../assets/experiments/adaswarm-vision.toml")),
    ("position-wise", include_str!("../assets/experiments/position-wise.toml")),
    ("circuits", include_str!("../assets/experiments/circuits.toml")),
    ("neural-ode", include_str!("../assets/experiments/neural-ode.toml")),
    ("adaswarm-functions", include_str!("../assets/experiments/adaswarm-functions.toml")),
];

/// An experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Short name: letters, digits, `-` and `_`.
    pub name: String,
    /// Title of the paper.
    pub title: String,
    /// Where it was published.
    pub source: String,
    /// What is known of it and what is not.
    pub about: String,
    /// Runs of each method, with seeds from 1 on.
    pub seeds: u32,
    /// What stands beside published figures.
    pub measure: Measure,
    /// A table over all cases, where one is asked for.
    pub summary: Option<Summary>,
    /// What is measured.
    pub cases: Vec<Case>,
}

/// Several methods on one data set by one loss, or on one function.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Short name, as the experiment's: that of the group and, where the group has several losses, the loss.
    pub name: String,
    /// Name that the file gives: several cases have it where losses are listed.
    pub group: String,
    /// The loss of the list that this case is for; none where none are listed.
    pub loss: Option<Loss>,
    /// One sentence on the data.
    pub about: String,
    /// What to get where the data are not built in.
    pub get: Option<String>,
    /// Whether it is left out unless asked for by name: too long for a machine without a GPU.
    pub long: bool,
    /// The function to be minimized; none where networks are trained on data.
    pub function: Option<Goal>,
    /// Methods in the grammar of [`Method`].
    pub methods: Vec<String>,
    /// What all methods share, as in the `config.toml` of a run; `data` may be a path within the data folder.
    pub config: Config,
    /// Figures to stand beside.
    pub published: Vec<Published>,
}

/// A published result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// What was measured; the name of a method that is run puts the figure into that method's row, on a function into
    /// the rows of all its settings.
    pub method: String,
    /// The loss it was trained on, where a case lists losses; none where the figure holds for all.
    pub loss: Option<Loss>,
    /// Share of rows, 0 to 1.
    pub accuracy: Option<f64>,
    /// Share of outputs on the right side of one half, 0 to 1.
    pub agreement: Option<f64>,
    /// As published, 0 to 1.
    pub precision: Option<f64>,
    /// As published, 0 to 1.
    pub recall: Option<f64>,
    /// As published, 0 to 1.
    pub f1: Option<f64>,
    /// Generations, or passes over the data where these are the same, until it stopped; iterations on a function.
    pub generations: Option<f64>,
    /// Value that was reached, of a function.
    pub value: Option<f64>,
    /// Seconds until it stopped, on whatever machine that was.
    pub seconds: Option<f64>,
    /// Who published it where; the experiment's source where it is left out.
    #[serde(default)]
    pub source: String,
}

/// What stands beside published figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Share of the rows held out whose class was predicted.
    #[default]
    Accuracy,
    /// Share of their outputs on the right side of one half.
    Agreement,
    /// Accuracy on all rows, learned from and held out.
    AllAccuracy,
    /// Agreement on all rows.
    AllAgreement,
}

/// A table over all cases: a row for each data set, ours and published side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Methods to show, each one that is run.
    pub methods: Vec<String>,
    /// What is shown, a table each; the experiment's measure where it is left out.
    #[serde(default)]
    pub measures: Vec<Measure>,
    /// How far below a published figure ours may be and still count as reached, 0 to 1.
    #[serde(default = "point")]
    pub within: f64,
}

fn point() -> f64 {
    0.01
}

impl Measure {
    /// What it is called above a column.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Agreement => "agreement",
            Self::AllAccuracy => "accuracy, all rows",
            Self::AllAgreement => "agreement, all rows",
        }
    }

    /// The published figure of this kind. Whether papers count all rows or some is theirs to say.
    pub fn of(self, published: &Published) -> Option<f64> {
        match self {
            Self::Accuracy | Self::AllAccuracy => published.accuracy,
            Self::Agreement | Self::AllAgreement => published.agreement,
        }
    }
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
        let experiment = grammar::read(text, place)?;
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
                match &case.function {
                    Some(goal) => goal.apply(&method, &case.config)?,
                    None => method.apply(&case.config)?,
                };
            }
        }
        let Some(summary) = &self.summary else { return Ok(()) };
        if !(0.0..=1.0).contains(&summary.within) {
            return Err(Error::setting("within", summary.within, "give a share from 0 to 1, such as 0.01"));
        }
        let run = |method: &String| self.cases.iter().any(|case| case.methods.contains(method));
        match summary.methods.iter().find(|method| !run(method)) {
            Some(method) => Err(Error::setting("summary", method, "no case runs it: name methods that are run")),
            None => Ok(()),
        }
    }

    /// The cases of these names, of a case or of its group; all but long ones where none are given.
    ///
    /// # Errors
    /// [`Error::Setting`] for a name that no case has.
    pub fn chosen(&self, names: &[String]) -> Result<Vec<Case>> {
        let named = |case: &Case, name: &String| [&case.name, &case.group].contains(&name);
        if let Some(unknown) = names.iter().find(|name| !self.cases.iter().any(|case| named(case, name))) {
            let mut known: Vec<&str> = Vec::new();
            for case in &self.cases {
                known.extend(Some(case.group.as_str()).filter(|group| !known.contains(group)));
                known.extend((case.name != case.group).then_some(case.name.as_str()));
            }
            return Err(Error::setting("only", unknown, format!("the cases are {}", known.join(", "))));
        }
        let wanted = |case: &&Case| names.is_empty() && !case.long || names.iter().any(|name| named(case, name));
        Ok(self.cases.iter().filter(wanted).cloned().collect())
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

    /// The figure to stand in the row of `method`: the first that was published of it.
    pub fn beside(&self, method: &str, measure: Measure) -> Option<&Published> {
        self.published.iter().find(|published| published.method == method && measure.of(published).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::Entry;

    #[test]
    fn long_cases_run_when_asked_for() {
        let vision = Experiment::parse(&Experiment::text("adaswarm-vision").unwrap(), "vision").unwrap();
        let names = |only: &[&str]| -> Vec<String> {
            let only: Vec<String> = only.iter().map(ToString::to_string).collect();
            vision.chosen(&only).unwrap().into_iter().map(|case| case.name).collect()
        };
        assert_eq!(names(&[]), ["mnist-cnn", "cifar10-cnn"]);
        assert_eq!(names(&["cifar10-resnet18"]), ["cifar10-resnet18"]);
    }

    #[test]
    fn the_built_in_experiments_are_sound_and_found_by_name() {
        for (experiment, (name, text)) in Experiment::built_in().unwrap().iter().zip(BUILT_IN) {
            assert_eq!((experiment.name.as_str(), Experiment::text(name).unwrap().as_str()), (*name, *text));
            for case in experiment.cases.iter().filter(|case| case.function.is_none()) {
                let problem = crate::problem::Problem::find(&case.config.data).is_some();
                let known = problem || crate::data::known().iter().any(|known| known.name == case.config.data);
                assert!(case.get.is_some() != known, "{name}, {}", case.name);
            }
        }
        assert!(Experiment::text("nothing").unwrap_err().to_string().contains("neuron-pso"));
    }

    /// A population of descents is as many networks, each trained by itself.
    #[test]
    fn descents_beside_populations_are_one_network() {
        let experiment = Experiment::parse(&Experiment::text("pixel-swarm").unwrap(), "pixel-swarm").unwrap();
        for case in &experiment.cases {
            for method in case.methods().unwrap() {
                let descends = Entry::find(&method.optimizer).unwrap().build(&[].into()).unwrap().descends();
                let population = method.apply(&case.config).unwrap().population;
                assert_eq!(population, Some(if descends { 1 } else { 64 }), "{}, {method}", case.name);
            }
        }
    }

    #[test]
    fn the_tables_of_adaswarm_are_whole() {
        let experiment = Experiment::parse(&Experiment::text("adaswarm").unwrap(), "adaswarm").unwrap();
        assert_eq!((experiment.cases.len(), experiment.chosen(&["wine".into()]).unwrap().len()), (45, 3));
        for case in &experiment.cases {
            let figures = ["adam", "adaswarm"].map(|method| case.beside(method, experiment.measure));
            assert!(figures.iter().all(Option::is_some) && case.published.len() == 2, "{}", case.name);
            assert!(case.get.is_some() && case.config.data.starts_with("tabular/"), "{}", case.name);
        }
        let total = |p: &Published| p.agreement.unwrap();
        let sum: f64 = experiment.cases.iter().flat_map(|case| case.published.iter().map(total)).sum();
        assert!((sum - 74.8838).abs() < 1e-9, "the figures of the tables add up to {sum}");
    }

    /// Every case runs plain descent and its schedule at one rate, then 2.5 and 4 times that rate, to a target.
    #[test]
    fn position_wise_is_run_beside_plain_descent_of_the_same_and_of_larger_rates() {
        let experiment = Experiment::parse(&Experiment::text("position-wise").unwrap(), "position-wise").unwrap();
        for case in &experiment.cases {
            let methods = case.methods().unwrap();
            let setting = |index: usize, name: &str| {
                methods[index].settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            };
            let rates: Vec<f64> = (0..4).map(|index| setting(index, "rate").unwrap().parse().unwrap()).collect();
            let shares: Vec<f64> = rates.iter().map(|rate| (rate / rates[0] * 10.0).round() / 10.0).collect();
            assert_eq!(shares, [1.0, 1.0, 2.5, 4.0], "{}", case.name);
            let schedules: Vec<_> = (0..4).map(|index| setting(index, "update")).collect();
            assert_eq!(schedules, [None, Some("position-wise".into()), None, None], "{}", case.name);
            assert!(case.config.target.is_some() && case.config.batch.is_none() && case.config.model == "mlp:20,7,5");
        }
        let published = experiment.cases.iter().filter(|case| !case.published.is_empty());
        let ratios: Vec<f64> = published
            .map(|case| case.published[1].generations.unwrap() / case.published[0].generations.unwrap())
            .map(|ratio| (ratio * 100.0).round() / 100.0)
            .collect();
        assert_eq!(ratios, [0.39, 0.80, 0.71]);
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
