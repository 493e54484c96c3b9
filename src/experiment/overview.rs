//! All cases of an experiment on one page: a row for each data set, ours beside what was published, and counts.

use serde::Serialize;

use super::{Case, Measure, Summary, grammar};
use crate::objective::network::Loss;

/// One method on one data set by one loss.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The data set.
    pub group: String,
    /// The loss, where losses are listed.
    pub loss: Option<Loss>,
    /// The method.
    pub method: String,
    /// Our mean over seeds; none where nothing was run.
    pub ours: Option<f64>,
    /// What was published.
    pub published: Option<f64>,
}

/// What a summary shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overview {
    /// What was measured.
    pub measure: Measure,
    /// How far below a published figure ours may be and still count as reached.
    pub within: f64,
    /// The methods, in the order of the columns.
    pub methods: Vec<String>,
    /// Figures of all data sets.
    pub figures: Vec<Figure>,
    /// What the figures count to, a sentence each.
    pub counts: Vec<String>,
}

impl Overview {
    /// Brings our figures together with published ones; `ours` gives the mean of a case and a method.
    pub fn of(summary: &Summary, measure: Measure, cases: &[Case], ours: impl Fn(&Case, &str) -> Option<f64>) -> Self {
        let figure = |case: &Case, method: &String| Figure {
            group: case.group.clone(),
            loss: case.loss.clone(),
            method: method.clone(),
            ours: ours(case, method),
            published: case.beside(method, measure).and_then(|published| measure.of(published)),
        };
        let figures = cases.iter().flat_map(|case| summary.methods.iter().map(move |method| figure(case, method)));
        let mut overview = Self {
            measure,
            within: summary.within,
            methods: summary.methods.clone(),
            figures: figures.collect(),
            counts: Vec::new(),
        };
        overview.counts = overview.counted();
        overview
    }

    /// Whether ours is below the published figure by more than may be.
    fn below(&self, figure: &Figure) -> bool {
        // What is a hair below for how the numbers are stored is not below.
        matches!((figure.ours, figure.published), (Some(ours), Some(other)) if ours < other - self.within - 1e-9)
    }

    /// The losses, in the order of the cases.
    fn losses(&self) -> Vec<Option<&Loss>> {
        let mut losses = Vec::new();
        for figure in &self.figures {
            if !losses.contains(&figure.loss.as_ref()) {
                losses.push(figure.loss.as_ref());
            }
        }
        losses
    }

    /// The columns after the data set's name, as (loss, method).
    fn columns(&self) -> Vec<(Option<&Loss>, &str)> {
        let each = |loss| self.methods.iter().map(move |method| (loss, method.as_str()));
        self.losses().into_iter().flat_map(each).collect()
    }

    fn of_column(&self, (loss, method): (Option<&Loss>, &str)) -> impl Iterator<Item = &Figure> {
        self.figures.iter().filter(move |figure| figure.loss.as_ref() == loss && figure.method == method)
    }

    /// Points to draw, (published, ours), with the name of their column.
    pub fn points(&self) -> Vec<(String, Vec<(f64, f64)>)> {
        let points = |column| self.of_column(column).filter_map(|figure| Some((figure.published?, figure.ours?)));
        let named = |column| (name(column), points(column).collect::<Vec<_>>());
        self.columns().into_iter().map(named).filter(|(_, points)| !points.is_empty()).collect()
    }

    /// What the figures count to: how many are reached, and how often each method is as good as the first.
    fn counted(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for &loss in &self.losses() {
            let mut parts = Vec::new();
            for method in &self.methods {
                let both = self.of_column((loss, method)).filter(|f| f.ours.is_some() && f.published.is_some());
                let (below, reached): (Vec<_>, Vec<_>) = both.partition(|figure| self.below(figure));
                let all = below.len() + reached.len();
                if all > 0 {
                    parts.push(format!("{method} {} of {all}", reached.len()));
                }
            }
            if !parts.is_empty() {
                let under = under(loss);
                lines.push(format!("{under}at most {} below published: {}.", points(self.within), parts.join(", ")));
            }
        }
        let Some((first, others)) = self.methods.split_first() else { return lines };
        for (loss, other) in self.losses().into_iter().flat_map(|loss| others.iter().map(move |other| (loss, other))) {
            let count = |value: fn(&Figure) -> Option<f64>| {
                let partner = |figure: &&Figure| {
                    let same = |one: &&Figure| one.group == figure.group;
                    Some((value(self.of_column((loss, first)).find(same)?)?, value(figure)?))
                };
                let pairs: Vec<_> = self.of_column((loss, other)).filter_map(|figure| partner(&figure)).collect();
                (pairs.iter().filter(|(one, two)| *two >= *one - 1e-9).count(), pairs.len())
            };
            let ((ours, all), (theirs, of)) = (count(|figure| figure.ours), count(|figure| figure.published));
            if all > 0 {
                let published = if of > 0 { format!(" (published: {theirs} of {of})") } else { String::new() };
                lines.push(format!("{}{other} at least {first}: {ours} of {all}{published}.", under(loss)));
            }
        }
        lines
    }

    /// As a Markdown table with what it counts to below.
    pub fn markdown(&self) -> String {
        let columns = self.columns();
        let heads: Vec<String> = columns.iter().map(|&column| name(column)).collect();
        let mut text = format!("| data | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(columns.len()));
        let mut groups: Vec<&str> = Vec::new();
        for figure in &self.figures {
            if !groups.contains(&figure.group.as_str()) {
                groups.push(&figure.group);
            }
        }
        for group in groups {
            let cell = |column| {
                let figure = self.of_column(column).find(|figure| figure.group == group);
                figure.map_or(String::new(), |figure| self.cell(figure))
            };
            let cells: Vec<String> = columns.iter().map(|&column| cell(column)).collect();
            text.push_str(&format!("| {group} | {} |\n", cells.join(" | ")));
        }
        for line in &self.counts {
            text.push_str(&format!("\n{line}\n"));
        }
        text
    }

    fn cell(&self, figure: &Figure) -> String {
        let shown = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.4}"));
        let mark = if self.below(figure) { " ▼" } else { "" };
        format!("{} / {}{mark}", shown(figure.ours), shown(figure.published))
    }
}

/// `mse adam`, or `adam` where there is one loss for all.
fn name((loss, method): (Option<&Loss>, &str)) -> String {
    loss.map_or_else(|| method.to_string(), |loss| format!("{} {method}", grammar::word(loss)))
}

/// The beginning of a sentence about one loss.
fn under(loss: Option<&Loss>) -> String {
    loss.map_or_else(String::new, |loss| format!("Under {}, ", grammar::word(loss)))
}

fn points(share: f64) -> String {
    let points = (share * 1e6).round() / 1e4;
    format!("{points} {}", if points == 1.0 { "point" } else { "points" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;

    fn overview() -> Overview {
        let text = r#"
name = "x"
title = "t"
source = "s"
measure = "agreement"
methods = ["pso", "gwo"]
losses = ["mse", "mae"]
summary = { methods = ["pso", "gwo"] }
[[case]]
name = "a"
config = { data = "iris" }
published = [
  { loss = "mse", method = "pso", agreement = 0.91 },
  { loss = "mse", method = "gwo", agreement = 0.92 },
  { loss = "mae", method = "gwo", agreement = 0.95 },
]
[[case]]
name = "b"
config = { data = "xor" }
published = [{ loss = "mse", method = "pso", agreement = 0.6 }, { loss = "mse", method = "gwo", accuracy = 0.5 }]
"#;
        let experiment = Experiment::parse(text, "f").unwrap();
        Overview::of(
            experiment.summary.as_ref().unwrap(),
            experiment.measure,
            &experiment.cases,
            |case, method| match (case.name.as_str(), method) {
                ("a-mse", "pso") => Some(0.9),
                ("a-mse", _) => Some(0.9099),
                ("a-mae", "gwo") => Some(0.97),
                ("b-mse", "pso") => Some(0.7),
                ("b-mse", _) => Some(0.65),
                _ => None,
            },
        )
    }

    #[test]
    fn ours_stand_beside_published_with_a_mark_below() {
        let text = overview().markdown();
        for line in [
            "| data | mse pso | mse gwo | mae pso | mae gwo |",
            "| a | 0.9000 / 0.9100 | 0.9099 / 0.9200 ▼ | - / - | 0.9700 / 0.9500 |",
            "| b | 0.7000 / 0.6000 | 0.6500 / - | - / - | - / - |",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{text}");
        }
    }

    #[test]
    fn counts_say_what_is_reached_and_who_is_ahead() {
        let overview = overview();
        let expected = [
            "Under mse, at most 1 point below published: pso 2 of 2, gwo 0 of 1.",
            "Under mae, at most 1 point below published: gwo 1 of 1.",
            "Under mse, gwo at least pso: 1 of 2 (published: 1 of 1).",
        ];
        assert_eq!(overview.counts, expected);
        let points = overview.points();
        assert_eq!(points[0], ("mse pso".into(), vec![(0.91, 0.9), (0.6, 0.7)]));
        assert_eq!(points.len(), 3);
    }
}
