//! One workload at one population after another, until memory, time or a limit of the device ends it.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::row::Clocked;
use super::{Cost, Limits, Row, SUBMISSION, Workload, fitting};
use crate::gpu::{Gpu, Recording, bytes};
use crate::{Error, Result};

/// Seconds that one generation may take by estimate: it is a submission, and Windows resets a device after 2 s.
pub const LONGEST: f64 = 1.0;
/// Sizes that a sweep should have time for.
const SIZES: f64 = 12.0;
/// Shortest time of a run in seconds.
const SHORTEST: f64 = 0.002;
/// Bytes that are taken where an adapter does not say how many it has: half of the smallest cards in use.
const UNKNOWN: u64 = 2 << 30;

/// A sweep of one workload.
pub struct Sweep<'a> {
    /// The device.
    pub gpu: &'a Gpu,
    /// What is measured.
    pub workload: &'a Workload,
    /// Where, in ascending order.
    pub populations: &'a [u32],
    /// Runs of each population.
    pub runs: u32,
    /// Seconds that it may take; the first population is measured all the same.
    pub seconds: f64,
    /// Bytes of device memory that it may take.
    pub memory: u64,
    /// What shares are shares of.
    pub limits: Limits,
}

/// Why a sweep ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// In a word.
    pub reason: Reason,
    /// In a sentence.
    pub detail: String,
}

/// Why a sweep ended, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// All populations were measured.
    Populations,
    /// The next would take more memory than it may.
    Memory,
    /// The next would take longer than the time that is left.
    Time,
    /// A generation of the next would take too long for one submission.
    Limit,
    /// The user ended it.
    Interrupted,
}

impl Reason {
    /// As it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Populations => "populations",
            Self::Memory => "memory",
            Self::Time => "time",
            Self::Limit => "limit",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What a sweep tells of while it goes on.
pub enum Event<'a> {
    /// A run at this population is about to begin.
    Runs(u32),
    /// A population was measured.
    Measured(&'a Row),
}

/// How long a population took.
#[derive(Clone, Copy)]
struct Known {
    population: u32,
    generation: f64,
    setup: f64,
}

impl Known {
    /// Seconds of a generation of so many candidates, if more of them take longer in proportion.
    fn estimate(&self, population: u32) -> f64 {
        self.generation * f64::from(population) / f64::from(self.population)
    }
}

impl Sweep<'_> {
    /// Measures; `watch` sees every row, and ends the sweep by `false`. What was measured is kept whatever ends it.
    ///
    /// # Errors
    /// Those of the device, except for what does not fit into it.
    pub fn run(&self, watch: &mut dyn FnMut(Event) -> bool) -> Result<(Vec<Row>, End)> {
        let (began, cost) = (Instant::now(), self.workload.cost()?);
        let mut rows = Vec::new();
        let mut known: Option<Known> = None;
        for &population in self.populations {
            let left = self.seconds - began.elapsed().as_secs_f64();
            let step = self.step(population, &cost, &mut known, left, &mut |event| watch(event));
            match step {
                Ok(Ok(row)) => {
                    let goes_on = watch(Event::Measured(&row));
                    rows.push(row);
                    if !goes_on {
                        return Ok((rows, interrupted(population)));
                    }
                }
                Ok(Err(end)) => return Ok((rows, end)),
                Err(error @ Error::Limit { .. }) => {
                    return Ok((rows, End { reason: Reason::Memory, detail: format!("{population}: {error}") }));
                }
                Err(error) => return Err(error),
            }
        }
        let last = self.populations.last().map_or(0, |last| *last);
        Ok((rows, End { reason: Reason::Populations, detail: format!("{last} was the last one asked for") }))
    }

    /// Measures one population, or says why not.
    fn step(
        &self,
        population: u32,
        cost: &Cost,
        known: &mut Option<Known>,
        left: f64,
        watch: &mut dyn FnMut(Event) -> bool,
    ) -> Result<std::result::Result<Row, End>> {
        let needed = cost.memory_of(population);
        if needed > self.memory {
            let detail = format!("{population} would take {}, {} may be taken", bytes(needed), bytes(self.memory));
            return Ok(Err(End { reason: Reason::Memory, detail }));
        }
        if !watch(Event::Runs(population)) {
            return Ok(Err(interrupted(population)));
        }
        // Far from what is known, or with nothing known, it is felt for.
        let first = self.workload.first;
        if known.is_none() && population > first {
            *known = Some(self.probe(first)?);
        }
        while let Some(Known { population: before, .. }) =
            known.filter(|known| known.estimate(population) > 0.5 * LONGEST && known.population < population / 8)
        {
            let probed = self.probe(before * 8)?;
            *known = Some(probed);
            if probed.generation > LONGEST {
                break;
            }
        }
        let estimate = known.map_or(0.0, |known| known.estimate(population));
        if estimate > LONGEST {
            let detail =
                format!("a generation of {population} would take about {estimate:.1} s, which is one submission");
            return Ok(Err(End { reason: Reason::Limit, detail }));
        }
        let sample = (self.seconds / f64::from(self.runs) / SIZES).clamp(SHORTEST, SUBMISSION);
        let setup = known.map_or(0.0, |known| known.setup);
        let needed = setup + 3.0 * estimate + f64::from(self.runs) * estimate.max(sample);
        if needed > left && known.is_some() && population > self.populations[0] {
            let detail = format!("{population} would take about {needed:.1} s, {:.1} s are left", left.max(0.0));
            return Ok(Err(End { reason: Reason::Time, detail }));
        }
        let Some(clocked) = self.clock(population, sample, watch)? else {
            return Ok(Err(interrupted(population)));
        };
        let row = Row::new(self.workload.name, clocked, cost, &self.limits);
        let row = row.ok_or_else(|| Error::setting("runs", self.runs, "there must be at least one"))?;
        *known = Some(Known { population, generation: row.seconds(), setup: row.setup_seconds });
        Ok(Ok(row))
    }

    /// A generation of a population that is not reported.
    fn probe(&self, population: u32) -> Result<Known> {
        let mut bound = (self.workload.bind)(self.gpu, population)?;
        bound.repeat(1)?;
        let generation = bound.repeat(1)?;
        drop(bound);
        self.settle()?;
        Ok(Known { population, generation, setup: 0.0 })
    }

    /// The runs of a population, each of about `sample` seconds; none when the user ended it.
    fn clock(&self, population: u32, sample: f64, watch: &mut dyn FnMut(Event) -> bool) -> Result<Option<Clocked>> {
        let (held, began) = (self.gpu.allocated(), Instant::now());
        let mut bound = (self.workload.bind)(self.gpu, population)?;
        // Drivers compile when a kernel is first dispatched.
        bound.repeat(1)?;
        let first = began.elapsed().as_secs_f64();
        let memory = self.gpu.allocated() - held;
        let began = Instant::now();
        let mut once = bound.repeat(1)?;
        let setup_seconds = (first - began.elapsed().as_secs_f64()).max(0.0);
        // A short generation is looked at again with more of them in a submission, which warms up as well.
        for _ in 0..2 {
            let times = fitting(sample, once);
            if times > 1 {
                once = bound.repeat(times)? / f64::from(times);
            }
        }
        let generations = fitting(sample, once);
        let mut runs = Vec::new();
        for _ in 0..self.runs {
            if !watch(Event::Runs(population)) {
                return Ok(None);
            }
            runs.push(bound.repeat(generations)? / f64::from(generations));
        }
        drop(bound);
        self.settle()?;
        Ok(Some(Clocked { population, runs, generations, setup_seconds, memory }))
    }

    /// Lets the device give back the memory of buffers that are no longer there.
    fn settle(&self) -> Result<()> {
        self.gpu.run(&Recording::new(), &[])?;
        Ok(())
    }
}

fn interrupted(population: u32) -> End {
    End { reason: Reason::Interrupted, detail: format!("interrupted at {population}") }
}

/// Memory that a benchmark may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Bytes.
    pub bytes: u64,
    /// Where the number comes from.
    pub why: String,
}

/// Half of the memory that is free where it is the machine's own (software and integrated adapters), half of `given` where
/// the user says how much there is. wgpu does not tell how much memory a card has: without `given` it is 2 GiB, and an
/// allocation that fails ends the sweep.
pub fn memory_allowed(gpu: &Gpu, given: Option<u64>) -> Allowance {
    let half = |all: u64, what: &str| Allowance { bytes: all / 2, why: format!("half of the {} {what}", bytes(all)) };
    match (given, gpu.memory_free()) {
        (Some(given), None) => half(given, "given"),
        (Some(given), Some(free)) => half(given.min(free), "given, or free"),
        (None, Some(free)) => half(free, "that are free"),
        (None, None) => {
            Allowance { bytes: UNKNOWN, why: "the adapter does not say how much it has: --memory does".into() }
        }
    }
}
