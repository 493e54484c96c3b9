//! The files of a benchmark: numbers as JSON and CSV after every row, at the end a picture and a page to pass on.

use std::fmt::Write as _;

use anyhow::Result;
use gradless::bench::{Report, Row, Swept, Workload};
use gradless::folder::{self, Folder};
use gradless::plot::{Curve, Series, scaling_curve};

use super::tables;

/// The numbers alone.
pub(super) fn numbers(report: &Report, folder: &Folder) -> Result<()> {
    folder::write(&folder.file("bench.json"), serde_json::to_string_pretty(report)?.as_bytes())?;
    Ok(folder::write(&folder.file("bench.csv"), &csv(report)?)?)
}

/// All files.
pub(super) fn all(report: &Report, folder: &Folder) -> Result<()> {
    numbers(report, folder)?;
    picture(report, folder)?;
    Ok(folder::write(&folder.file("report.md"), page(report)?.as_bytes())?)
}

/// The rows, one a line.
pub(super) fn csv(report: &Report) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "workload",
        "population",
        "candidates_per_second",
        "spread",
        "generations_per_second",
        "gigabytes_per_second",
        "copy_share",
        "gigaflops",
        "multiply_add_share",
        "memory",
        "setup_seconds",
        "generations",
        "runs",
    ])?;
    for row in &report.rows {
        let Row { candidates_per_second: rate, .. } = row;
        table.write_record([
            row.workload.clone(),
            row.population.to_string(),
            rate.median.to_string(),
            rate.spread.to_string(),
            row.generations_per_second.to_string(),
            row.gigabytes_per_second.to_string(),
            row.copy_share.to_string(),
            row.gigaflops.to_string(),
            row.multiply_add_share.to_string(),
            row.memory.to_string(),
            row.setup_seconds.to_string(),
            row.generations.to_string(),
            row.runs.len().to_string(),
        ])?;
    }
    Ok(table.into_inner()?)
}

/// Throughput against population.
fn picture(report: &Report, folder: &Folder) -> Result<()> {
    let points = |swept: &Swept| -> Vec<(f64, f64)> {
        let rows = report.rows_of(&swept.workload);
        rows.map(|row| (f64::from(row.population), row.candidates_per_second.median)).collect()
    };
    let lines: Vec<_> = report.workloads.iter().map(|swept| (swept, points(swept))).collect();
    let series: Vec<_> = lines.iter().map(|(swept, points)| Series { name: &swept.workload, points }).collect();
    let knees: Vec<_> = lines
        .iter()
        .map(|(swept, points)| {
            let knee = swept.knee.filter(|knee| knee.reached)?;
            points.iter().copied().find(|point| point.0 == f64::from(knee.population))
        })
        .collect();
    let title = format!("{}, knees marked", report.machine.device.name);
    let curve = Curve { title: &title, x_label: "population", y_label: "candidates/s", series: &series };
    Ok(scaling_curve(&curve, &knees, &folder.file("bench"))?)
}

/// A page of Markdown.
fn page(report: &Report) -> Result<String> {
    let (machine, device) = (&report.machine, &report.machine.device);
    let mut text = String::from("# gradless bench\n\n| | |\n|---|---|\n");
    let subgroup = match device.subgroup {
        (0, 0) => "none".into(),
        (low, high) if low == high => low.to_string(),
        (low, high) => format!("{low} to {high}"),
    };
    let facts = [
        ("adapter", format!("{} ({})", device.name, device.kind)),
        ("backend", device.backend.clone()),
        ("driver", device.driver.clone()),
        ("limits", {
            let [binding, buffer] = [device.max_binding, device.max_buffer].map(|bytes| bytes >> 20);
            format!("binding {binding} MiB, buffer {buffer} MiB, subgroup {subgroup}")
        }),
        ("gradless", format!("{}, commit {}", machine.version, machine.commit.as_deref().unwrap_or("unknown"))),
        ("clock", machine.clock.clone()),
        ("processors", {
            let load = machine.load.map_or("unknown".into(), |load| format!("{load:.1}"));
            format!("{}, load {load} when it began", machine.processors)
        }),
        ("took", format!("{:.0} s", report.seconds)),
    ];
    for (name, fact) in facts {
        writeln!(text, "| {name} | {} |", fact.replace('|', "\\|"))?;
    }
    text.push('\n');
    for line in tables::machine(report).iter().skip(2) {
        writeln!(text, "- {line}")?;
    }
    text.push_str(
        "\n## Knees\n\nThe smallest population with 90 % of the highest throughput, by a saturating curve fitted to all \
         populations; ≤ where it was the first.\n\n",
    );
    line(&mut text, &["workload", "knee", "highest candidates/s", "at", "largest", "set-up s", "ended by", "s"])?;
    line(&mut text, &["---"; 8])?;
    for swept in &report.workloads {
        line(&mut text, &tables::summary(report, swept))?;
    }
    text.push_str("\n![throughput against population](bench.png)\n");
    for swept in report.workloads.iter().filter(|swept| swept.knee.is_some()) {
        writeln!(text, "\n## {}\n", tables::heading(swept)?)?;
        let (unit, name) = tables::unit(swept.knee.map_or(1.0, |knee| knee.peak));
        // The mark is part of the population here.
        line(&mut text, &tables::header(&format!("{name}candidates/s"))[1..])?;
        line(&mut text, &["---"; 9])?;
        for row in report.rows_of(&swept.workload) {
            let mut cells = tables::cells(row, "", unit);
            if swept.knee.is_some_and(|knee| knee.population == row.population) {
                cells[1].push_str(" \\*");
            }
            line(&mut text, &cells[1..])?;
        }
        writeln!(text, "\n{}", tables::verdict(report, swept).replace('*', "\\*"))?;
        let counted = Workload::find(&swept.workload).map_or("", |workload| workload.counted);
        let [bytes, operations] = [swept.bytes, swept.operations].map(tables::whole);
        writeln!(text, "\nA candidate: {bytes} bytes, {operations} operations; {counted}.")?;
    }
    text.push_str(
        "\nMedians; ± is half the distance between the quartiles of the runs. Shares are of what this device was found to \
         do in the same run; above 100 % data lie in caches.\n",
    );
    Ok(text)
}

/// A line of a table.
fn line(text: &mut String, cells: &[impl AsRef<str>]) -> Result<()> {
    let cells: Vec<_> = cells.iter().map(AsRef::as_ref).collect();
    Ok(writeln!(text, "| {} |", cells.join(" | "))?)
}
