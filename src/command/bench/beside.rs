//! `gradless bench --compare`: two reports side by side.

use std::path::PathBuf;

use anyhow::Result;
use gradless::bench::{Knee, Report, compared};
use serde_json::json;

use super::tables::{short, whole};

pub(super) fn run(paths: [&PathBuf; 2], as_json: bool) -> Result<()> {
    let [first, second] = [Report::read(paths[0])?, Report::read(paths[1])?];
    let pairs = compared(&first, &second);
    if as_json {
        let limits = [&first, &second].map(|report| report.limits);
        let machines = [&first, &second].map(|report| &report.machine);
        say!("{}", json!({"command": "bench compare", "machines": machines, "limits": limits, "workloads": pairs}));
        return Ok(());
    }
    for (letter, path, report) in [("A", paths[0], &first), ("B", paths[1], &second)] {
        let (machine, device) = (&report.machine, &report.machine.device);
        let commit = machine.commit.as_ref().map_or(String::new(), |commit| format!(" ({commit})"));
        let (version, clock) = (&machine.version, &machine.clock);
        say!(
            "{letter}  {}, {}, {}; gradless {version}{commit}, {clock} clock; {}",
            device.name,
            device.backend,
            device.driver,
            path.display()
        );
    }
    let mut limits = super::super::table(&["", "A", "B", "B / A"]);
    let rates = [
        ("copied by a kernel, GB/s", first.limits.copy, second.limits.copy),
        ("copied by the driver, GB/s", first.limits.driver_copy, second.limits.driver_copy),
        ("multiplied and added, GFLOP/s", first.limits.multiply_add, second.limits.multiply_add),
    ];
    for (name, first, second) in rates {
        limits.add_row([name, &short(1e-9 * first), &short(1e-9 * second), &short(second / first)]);
    }
    say!("\n{limits}");
    let mut table = super::super::table(&[
        "workload",
        "knee A",
        "knee B",
        "highest candidates/s A",
        "highest candidates/s B",
        "B / A",
        "B / A at equal populations",
    ]);
    let population = |knee: Option<Knee>| match knee {
        Some(knee) if knee.reached => knee.population.to_string(),
        Some(_) => "not reached".into(),
        None => "-".into(),
    };
    let peak = |knee: Option<Knee>| knee.map_or("-".into(), |knee| whole(knee.peak));
    for pair in &pairs {
        // The ends and the middle say how it runs.
        let middle = pair.populations.len() / 2;
        let last = pair.populations.len().saturating_sub(1);
        let mut places = vec![0, middle, last];
        places.dedup();
        let at = places.iter().filter_map(|place| pair.populations.get(*place));
        let at: Vec<_> = at.map(|(population, ratio)| format!("{population}: {}", short(*ratio))).collect();
        table.add_row([
            pair.workload.clone(),
            population(pair.first),
            population(pair.second),
            peak(pair.first),
            peak(pair.second),
            pair.ratio.map_or("-".into(), short),
            at.join(", "),
        ]);
    }
    say!("\n{table}");
    Ok(())
}
