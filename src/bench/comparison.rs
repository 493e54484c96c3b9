//! Two machines side by side.

use serde::Serialize;

use super::{Knee, Report, Swept};

/// One workload on two machines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The workload.
    pub workload: String,
    /// What the first machine came to.
    pub first: Option<Knee>,
    /// What the second came to.
    pub second: Option<Knee>,
    /// The second's highest throughput over the first's.
    pub ratio: Option<f64>,
    /// Population, and the second's throughput over the first's there, where both were measured.
    pub populations: Vec<(u32, f64)>,
}

/// Every workload that one of the two has measured, in the order of the first.
pub fn compared(first: &Report, second: &Report) -> Vec<Pair> {
    let others = second.workloads.iter().filter(|swept| found(first, &swept.workload).is_none());
    let pair = |swept: &Swept| {
        let name = &swept.workload;
        let knees = [first, second].map(|report| found(report, name).and_then(|swept| swept.knee));
        let rate = |report: &Report, population: u32| {
            let row = report.rows_of(name).find(|row| row.population == population);
            row.map(|row| row.candidates_per_second.median)
        };
        let both = |population: u32| {
            Some((population, rate(second, population)? / rate(first, population).filter(|r| *r > 0.0)?))
        };
        Pair {
            workload: name.clone(),
            first: knees[0],
            second: knees[1],
            ratio: knees[0].zip(knees[1]).map(|(first, second)| second.peak / first.peak),
            populations: first.rows_of(name).filter_map(|row| both(row.population)).collect(),
        }
    };
    first.workloads.iter().chain(others).map(pair).collect()
}

fn found<'a>(report: &'a Report, workload: &str) -> Option<&'a Swept> {
    report.workloads.iter().find(|swept| swept.workload == workload)
}
