//! What a benchmark found, as it is written and read again.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sweep::Event;
use super::{Allowance, End, Knee, Limits, Populations, Row, Sweep, Workload, knee, levels};
use crate::gpu::{AdapterReport, Gpu};
use crate::{Error, Result};

/// Seconds for each of the limits, and the share of the whole that they may take at most.
const LIMIT_SECONDS: (f64, f64) = (1.0, 0.05);

/// What was measured where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// `bench`.
    pub command: String,
    /// The machine and the program.
    #[serde(flatten)]
    pub machine: Machine,
    /// What the device can do at most.
    pub limits: Limits,
    /// Memory that could be taken.
    pub memory: Allowance,
    /// Seconds in all.
    pub seconds: f64,
    /// Every population of every workload, in order.
    pub rows: Vec<Row>,
    /// What each workload came to.
    pub workloads: Vec<Swept>,
}

/// Where it was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Version of the program.
    pub version: String,
    /// Commit of the program, where it is known.
    pub commit: Option<String>,
    /// The adapter.
    pub device: AdapterReport,
    /// Whose seconds these are: `device`, or `wall` where the device has no timestamps.
    pub clock: String,
    /// Processors of the machine.
    pub processors: usize,
    /// Programs that were running on them when it began, in the mean of a minute, where the system says so.
    pub load: Option<f64>,
}

/// What a workload came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Swept {
    /// The workload.
    pub workload: String,
    /// Bytes that a candidate moves in a generation.
    pub bytes: f64,
    /// Multiplications and additions of a candidate in a generation.
    pub operations: f64,
    /// From where on more candidates are no faster; none without a row.
    pub knee: Option<Knee>,
    /// Why there are no more rows.
    pub end: End,
    /// Seconds that it took.
    pub seconds: f64,
}

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Workloads, in order.
    pub workloads: Vec<&'static Workload>,
    /// Populations of each.
    pub populations: Populations,
    /// Seconds for all together. What one workload leaves the later ones have.
    pub seconds: f64,
    /// Runs of each population.
    pub runs: u32,
    /// Bytes of memory that the adapter has, where the user says so.
    pub memory: Option<u64>,
}

impl Plan {
    /// Refuses numbers that make no sense, before a device is opened.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the number.
    pub fn check(&self) -> Result<()> {
        if !(self.seconds > 0.0 && self.seconds < 1e6) {
            return Err(Error::setting("seconds", self.seconds, "give a number above 0"));
        }
        if !(1..=1000).contains(&self.runs) {
            return Err(Error::setting("runs", self.runs, "give 1 to 1000"));
        }
        self.workloads.iter().try_for_each(|workload| self.populations.of(workload).map(drop))
    }

    /// Measures what the plan says. `watch` sees the report after every row and every workload, and what happens in
    /// between; by `false` it ends the measuring, and the report has what was measured till then.
    ///
    /// # Errors
    /// Those of [`Plan::check`] and of the device.
    pub fn measure(
        &self,
        gpu: &Gpu,
        commit: Option<String>,
        watch: &mut dyn FnMut(&Report, Told) -> bool,
    ) -> Result<Report> {
        self.check()?;
        let began = std::time::Instant::now();
        let memory = super::memory_allowed(gpu, self.memory);
        let machine = Machine::of(gpu, commit);
        let limits = Limits::measure(gpu, LIMIT_SECONDS.0.min(LIMIT_SECONDS.1 * self.seconds), memory.bytes)?;
        let (seconds, rows, workloads) = (began.elapsed().as_secs_f64(), Vec::new(), Vec::new());
        let mut report = Report { command: "bench".into(), machine, limits, memory, seconds, rows, workloads };
        let mut goes_on = watch(&report, Told::Limits);
        for (index, workload) in self.workloads.iter().enumerate() {
            if !goes_on {
                break;
            }
            let left = (self.seconds - began.elapsed().as_secs_f64()).max(0.0);
            let sweep = Sweep {
                gpu,
                workload,
                populations: &self.populations.of(workload)?,
                runs: self.runs,
                seconds: left / (self.workloads.len() - index) as f64,
                memory: report.memory.bytes,
                limits,
            };
            let start = began.elapsed().as_secs_f64();
            let (rows, end) = sweep.run(&mut |event| {
                goes_on = match event {
                    Event::Runs(population) => watch(&report, Told::Runs(workload, population)),
                    Event::Measured(row) => {
                        report.rows.push(row.clone());
                        report.seconds = began.elapsed().as_secs_f64();
                        watch(&report, Told::Row(row))
                    }
                };
                goes_on
            })?;
            report.seconds = began.elapsed().as_secs_f64();
            // With all their runs.
            report.rows.retain(|row| row.workload != workload.name);
            report.rows.extend(rows.iter().cloned());
            let (cost, curve) = (workload.cost()?, curve(&rows));
            report.workloads.push(Swept {
                workload: workload.name.into(),
                bytes: cost.bytes,
                operations: cost.operations,
                knee: knee(&curve),
                end,
                seconds: report.seconds - start,
            });
            goes_on &= report.workloads.last().is_none_or(|swept| watch(&report, Told::Swept(swept)));
        }
        Ok(report)
    }
}

/// What happens while it is measured.
pub enum Told<'a> {
    /// The limits are known.
    Limits,
    /// A run of this workload and population is about to begin.
    Runs(&'a Workload, u32),
    /// A population has had its first run; more follow.
    Row(&'a Row),
    /// A workload is done.
    Swept(&'a Swept),
}

/// (population, candidates per second) of these rows, less what slowed all of them at once.
fn curve(rows: &[Row]) -> Vec<(u32, f64)> {
    let rates: Vec<_> = rows.iter().map(Row::rates).collect();
    rows.iter().map(|row| row.population).zip(levels(&rates)).collect()
}

impl Machine {
    fn of(gpu: &Gpu, commit: Option<String>) -> Self {
        let load = std::fs::read_to_string("/proc/loadavg").ok();
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            commit,
            device: gpu.report().clone(),
            clock: if gpu.report().timestamps { "device" } else { "wall" }.into(),
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            load: load.and_then(|text| text.split_whitespace().next()?.parse().ok()),
        }
    }

    /// Whether other programs kept the processors busy, where that matters: on adapters that compute on them.
    pub fn is_busy(&self) -> bool {
        self.device.kind == "cpu" && self.load.is_some_and(|load| load > 0.25 * self.processors as f64)
    }
}

impl Report {
    /// Reads a report that was written as JSON.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, or is no report of a benchmark.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|cause| Error::file(path, cause))?;
        let report: Self = serde_json::from_str(&text)
            .map_err(|cause| Error::file(path, format!("no bench.json of gradless bench: {cause}")))?;
        if report.command == "bench" {
            return Ok(report);
        }
        Err(Error::file(path, format!("a report of gradless {}, not of gradless bench", report.command)))
    }

    /// The rows of a workload.
    pub fn rows_of<'a>(&'a self, workload: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.workload == workload)
    }
}
