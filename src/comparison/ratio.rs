//! What a position-wise schedule saves: a method that has it beside those that differ from it by the schedule and the
//! rate alone, seed by seed.

use serde::Serialize;

use super::Measured;
use crate::method::Method;
use crate::run::Stop;
use crate::statistics::Spread;

/// Shares of what a method takes that moves all layers at once, means over the seeds that both were run with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The method with the schedule.
    pub method: String,
    /// The method that moves all layers at once.
    pub beside: String,
    /// Whether the two have the same rate.
    pub equal_rate: bool,
    /// Seeds that both were run with.
    pub runs: usize,
    /// Runs of the method that came to the target loss.
    pub reached: usize,
    /// Runs of the other one that did: where they are fewer than the runs, a run that was cut off counts as if it had got
    /// there, so the true shares are lower.
    pub beside_reached: usize,
    /// Generations, which are epochs where a batch is all rows.
    pub generations: Spread,
    /// Moves of single layers.
    pub layer_updates: Option<Spread>,
    /// Seconds.
    pub seconds: Spread,
}

/// All pairs among the methods called `names`, the equal rates first.
pub(super) fn ratios(names: &[String], runs: &[Measured]) -> Vec<Ratio> {
    let all: Vec<(&String, Method)> = names.iter().filter_map(|name| Some((name, name.parse().ok()?))).collect();
    let mut ratios = Vec::new();
    for (name, method) in all.iter().filter(|(_, method)| in_turns(method)) {
        for (other, beside) in all.iter().filter(|(_, other)| !in_turns(other) && rest(other) == rest(method)) {
            ratios.extend(ratio((name, method), (other, beside), runs));
        }
    }
    ratios.sort_by_key(|ratio| !ratio.equal_rate);
    ratios
}

fn setting<'a>(method: &'a Method, name: &str) -> Option<&'a str> {
    method.settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn in_turns(method: &Method) -> bool {
    setting(method, "update") == Some("position-wise")
}

/// The method without its schedule and its rate.
fn rest(method: &Method) -> Method {
    let mut rest = method.clone();
    rest.settings.retain(|(key, _)| key != "update" && key != "rate");
    rest.settings.sort();
    rest
}

fn ratio(method: (&String, &Method), beside: (&String, &Method), runs: &[Measured]) -> Option<Ratio> {
    let of = |name: &String, seed: u64| runs.iter().find(|run| run.method == *name && run.seed == seed);
    let pairs: Vec<(&Measured, &Measured)> = runs
        .iter()
        .filter(|run| run.method == *method.0)
        .filter_map(|run| Some((run, of(beside.0, run.seed)?)))
        .collect();
    let reached = |run: &Measured| run.stop == Some(Stop::Target);
    let share = |value: fn(&Measured) -> Option<f64>| {
        let shares: Option<Vec<f64>> = pairs.iter().map(|(run, other)| Some(value(run)? / value(other)?)).collect();
        shares.and_then(|shares| Spread::of(&shares))
    };
    Some(Ratio {
        method: method.0.clone(),
        beside: beside.0.clone(),
        equal_rate: setting(method.1, "rate") == setting(beside.1, "rate"),
        runs: pairs.len(),
        reached: pairs.iter().filter(|(run, _)| reached(run)).count(),
        beside_reached: pairs.iter().filter(|(_, other)| reached(other)).count(),
        generations: share(|run| Some(run.generations.into()))?,
        layer_updates: share(|run| run.layer_updates.map(|updates| updates as f64)),
        seconds: share(|run| Some(run.seconds))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::run;

    #[test]
    fn shares_are_of_pairs_that_differ_by_schedule_and_rate() {
        let of = |method: &str, seed, generations, stop| Measured {
            layer_updates: Some(u64::from(generations) * if method.contains("position") { 10 } else { 4 }),
            generations,
            stop: Some(stop),
            ..run(method, seed, 0.9, generations)
        };
        let names = [
            "sgd:rate=0.1,batch=7",
            "sgd:rate=0.4",
            "sgd:rate=0.1",
            "adam:rate=0.1",
            "sgd:rate=0.1,update=position-wise",
        ];
        let mut runs: Vec<Measured> =
            names.iter().take(4).flat_map(|name| [1, 2].map(|seed| of(name, seed, 8, Stop::Target))).collect();
        runs[3].stop = Some(Stop::Generations);
        runs.push(of(names[4], 1, 4, Stop::Target));
        runs.push(of(names[4], 2, 2, Stop::Target));
        runs.push(of(names[4], 3, 100, Stop::Target));
        let ratios = ratios(&names.map(String::from), &runs);
        let beside: Vec<_> = ratios.iter().map(|ratio| (ratio.beside.as_str(), ratio.equal_rate)).collect();
        assert_eq!(beside, [("sgd:rate=0.1", true), ("sgd:rate=0.4", false)]);
        assert_eq!((ratios[0].runs, ratios[0].reached, ratios[1].beside_reached), (2, 2, 1));
        assert!((ratios[0].generations.mean - 0.375).abs() < 1e-12 && (ratios[0].seconds.mean - 0.375).abs() < 1e-12);
        assert!((ratios[0].layer_updates.unwrap().mean - 0.9375).abs() < 1e-12);
    }
}
