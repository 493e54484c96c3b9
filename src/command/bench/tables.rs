//! The tables and lines that tell what a benchmark found, on a terminal and in the report.

use anyhow::Result;
use comfy_table::{CellAlignment, Table};
use gradless::bench::{Report, Row, Swept, Workload};
use gradless::gpu::bytes;

/// The machine, its limits and the memory that may be taken, a line each.
pub(super) fn machine(report: &Report) -> Vec<String> {
    let (machine, device) = (&report.machine, &report.machine.device);
    let commit = machine.commit.as_ref().map_or(String::new(), |commit| format!(" ({commit})"));
    let mut lines = vec![
        format!("{}, {}, {}, {}", device.name, device.kind, device.backend, device.driver),
        format!("gradless {}{commit}, time by the {} clock", machine.version, machine.clock),
        format!(
            "limits: {} GB/s copied by a kernel ({} by the driver), {} GFLOP/s multiplied and added",
            short(1e-9 * report.limits.copy),
            short(1e-9 * report.limits.driver_copy),
            short(1e-9 * report.limits.multiply_add),
        ),
        format!("memory: {} may be taken, {}", bytes(report.memory.bytes), report.memory.why),
    ];
    if let Some(load) = machine.load.filter(|_| machine.is_busy()) {
        let count = machine.processors;
        lines.push(format!(
            "note: other programs are at work (load {load:.1} on {count} processors), which this adapter computes on: \
             figures will be low and uneven"
        ));
    }
    lines
}

/// What the workload is.
pub(super) fn heading(swept: &Swept) -> Result<String> {
    Ok(format!("{}: {}", swept.workload, Workload::find(&swept.workload).map_or("", |workload| workload.about)))
}

/// The rows of a workload, that of the knee marked.
pub(super) fn rows(report: &Report, swept: &Swept) -> Table {
    let peak = swept.knee.map_or(1.0, |knee| knee.peak);
    let (unit, name) = unit(peak);
    let rate = format!("{name}candidates/s");
    let mut table = super::super::table(&header(&rate));
    for row in report.rows_of(&swept.workload) {
        let mark = if swept.knee.is_some_and(|knee| knee.population == row.population) { "*" } else { "" };
        table.add_row(cells(row, mark, unit));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Names of the columns of [`cells`].
pub(super) fn header(rate: &str) -> [&str; 10] {
    ["", "population", rate, "±", "generations/s", "GB/s", "of copying", "GFLOP/s", "of multiply-add", "memory"]
}

/// One row, its throughput in `unit`.
pub(super) fn cells(row: &Row, mark: &str, unit: f64) -> [String; 10] {
    let rate = row.candidates_per_second;
    let digits = decimals(rate.median / unit);
    [
        mark.into(),
        row.population.to_string(),
        format!("{:.digits$}", rate.median / unit),
        format!("{:.digits$}", rate.spread / unit),
        short(row.generations_per_second),
        short(row.gigabytes_per_second),
        percent(row.copy_share),
        short(row.gigaflops),
        percent(row.multiply_add_share),
        bytes(row.memory),
    ]
}

/// The knee, and why there are no more rows.
pub(super) fn verdict(report: &Report, swept: &Swept) -> String {
    let knee = match swept.knee {
        Some(knee) if knee.reached => format!("knee * at {}, by a curve fitted to all", population(report, swept)),
        Some(_) => "knee not reached: the last population still brings more than 10 %".into(),
        None => "nothing measured".into(),
    };
    format!("{knee} · ended by {}: {}", swept.end.reason.name(), swept.end.detail)
}

/// The population of the knee. With the first that was measured it may lie lower still.
fn population(report: &Report, swept: &Swept) -> String {
    let first = report.rows_of(&swept.workload).next().map(|row| row.population);
    match swept.knee {
        None => "-".into(),
        Some(knee) if !knee.reached => "not reached".into(),
        Some(knee) if knee.population > 1 && first == Some(knee.population) => format!("≤ {}", knee.population),
        Some(knee) => knee.population.to_string(),
    }
}

/// A line for each workload.
pub(super) fn knees(report: &Report) -> Table {
    let mut table =
        super::super::table(&["", "knee", "highest candidates/s", "at", "largest", "set-up s", "ended by", "seconds"]);
    for swept in &report.workloads {
        table.add_row(summary(report, swept));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Workload, knee, highest throughput and where, largest population, seconds of setting up, why it ended, seconds.
pub(super) fn summary(report: &Report, swept: &Swept) -> [String; 8] {
    let rows = || report.rows_of(&swept.workload);
    let known = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    [
        swept.workload.clone(),
        population(report, swept),
        known(swept.knee.map(|knee| whole(knee.peak))),
        known(swept.knee.map(|knee| knee.peak_population.to_string())),
        known(rows().last().map(|row| row.population.to_string())),
        format!("{:.1}", rows().map(|row| row.setup_seconds).sum::<f64>()),
        swept.end.reason.name().into(),
        format!("{:.1}", swept.seconds),
    ]
}

/// The unit of rates up to `peak`, and its name.
pub(super) fn unit(peak: f64) -> (f64, &'static str) {
    match peak {
        p if p >= 2e6 => (1e6, "M "),
        p if p >= 2e3 => (1e3, "k "),
        _ => (1.0, ""),
    }
}

/// Decimals that leave three digits.
fn decimals(value: f64) -> usize {
    match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 || v == 0.0 => 2,
        _ => 3,
    }
}

/// Three digits.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        v if v != 0.0 && v < 0.01 => format!("{value:.1e}"),
        _ => format!("{value:.0$}", decimals(value)),
    }
}

/// A large number, rounded to three digits, in groups of three.
pub(super) fn whole(value: f64) -> String {
    let digit = 10f64.powf(value.abs().max(1.0).log10().floor() - 2.0);
    let rounded = if digit > 1.0 { (value / digit).round() * digit } else { value };
    if rounded.abs() < 100.0 {
        return short(rounded);
    }
    let text = format!("{rounded:.0}");
    let groups: Vec<&str> =
        text.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

fn percent(share: f64) -> String {
    format!("{} %", short(100.0 * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!(["1,230,000", "12,300", "999", "1.50"], [1_234_567.0, 12_345.0, 999.4, 1.5].map(whole)[..]);
        assert_eq!(["123", "12.3", "1.23", "0.012", "1.2e-3"], [123.4, 12.34, 1.234, 0.0123, 0.00123].map(short)[..]);
    }
}
