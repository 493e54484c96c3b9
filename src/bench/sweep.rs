//! One workload at one population after another, until memory, time or a limit of the device ends it.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::row::Clocked;
use super::{Cost, Limits, Repeat, Row, SUBMISSION, Workload, fitting};
use crate::gpu::{Gpu, Recording, bytes};
use crate::{Error, Result};

/// Seconds that one generation may take by estimate: it is a submission, and Windows resets a device after 2 s.
pub const LONGEST: f64 = 1.0;
/// Sizes that a sweep should have time for.
const SIZES: f64 = 12.0;
/// Shortest time of a run in seconds.
const SHORTEST: f64 = 0.002;
/// How often the time of a sweep may be used up before runs that are still missing are left out: it takes a machine that
/// was disturbed to come there.
const LATE: f64 = 1.25;
/// How much of the time more runs than asked for may use, and how many times as many they may be.
const MORE: (f64, usize) = (0.9, 5);
/// How much longer than was aimed at a run may take whose population is run more often than asked for.
const SLOW: f64 = 3.0;
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
    /// Runs of each population; of those whose runs are short more while there is time.
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
    /// A population has had its first run; more follow.
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

/// A population that is measured, bound as long as runs are missing.
struct Size {
    bound: Option<Box<dyn Repeat>>,
    clocked: Clocked,
}

/// A sweep under way.
struct Way<'a> {
    began: Instant,
    cost: Cost,
    known: Option<Known>,
    sizes: Vec<Size>,
    watch: &'a mut dyn FnMut(Event) -> bool,
}

impl Sweep<'_> {
    /// Measures; `watch` sees every population after its first run, and ends the sweep by `false`. What was measured is
    /// kept whatever ends it.
    ///
    /// One run of each population comes before the second of any, as far as all of them fit into memory: what slows the
    /// machine for a while then slows all of them, and the median of none.
    ///
    /// # Errors
    /// Those of the device, except for what does not fit into it.
    pub fn run(&self, watch: &mut dyn FnMut(Event) -> bool) -> Result<(Vec<Row>, End)> {
        let cost = self.workload.cost()?;
        let mut way = Way { began: Instant::now(), cost, known: None, sizes: Vec::new(), watch };
        let last = self.populations.last().map_or(0, |last| *last);
        let mut end = End { reason: Reason::Populations, detail: format!("{last} was the last one asked for") };
        for &population in self.populations {
            let ended = match self.begin(population, &mut way) {
                Ok(ended) => ended,
                Err(error @ Error::Limit { .. }) => {
                    Some(End { reason: Reason::Memory, detail: format!("{population}: {error}") })
                }
                Err(error) => return Err(error),
            };
            if let Some(ended) = ended {
                end = ended;
                break;
            }
        }
        if end.reason != Reason::Interrupted && !(self.finish(&mut way)? && self.more(&mut way)?) {
            end = interrupted("before all runs were done");
        }
        way.sizes.iter_mut().for_each(|size| size.bound = None);
        let rows = way.sizes.into_iter().filter_map(|size| self.row(&size.clocked, &cost)).collect();
        self.settle()?;
        Ok((rows, end))
    }

    /// The first run of a population, or all where it does not fit beside the others; otherwise why not.
    fn begin(&self, population: u32, way: &mut Way) -> Result<Option<End>> {
        let needed = way.cost.memory_of(population);
        if needed > self.memory {
            let detail = format!("{population} would take {}, {} may be taken", bytes(needed), bytes(self.memory));
            return Ok(Some(End { reason: Reason::Memory, detail }));
        }
        if !(way.watch)(Event::Runs(population)) {
            return Ok(Some(interrupted(population)));
        }
        let held: u64 = way.bound().map(|size| way.cost.memory_of(size.clocked.population)).sum();
        let alone = held + needed > self.memory;
        if alone && !self.finish_and_free(way)? {
            return Ok(Some(interrupted(population)));
        }
        if let Some(end) = self.refused(population, way)? {
            return Ok(Some(end));
        }
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
            let times = fitting(self.sample(), once);
            if times > 1 {
                // The quicker one was disturbed less.
                once = once.min(bound.repeat(times)? / f64::from(times));
            }
        }
        let generations = fitting(self.sample(), once);
        let clocked = Clocked { population, runs: Vec::new(), generations, setup_seconds, memory };
        let mut size = Size { bound: Some(bound), clocked };
        size.run()?;
        let generation = once.min(size.clocked.generation());
        way.known = Some(Known { population, generation, setup: setup_seconds });
        let row = self.row(&size.clocked, &way.cost);
        way.sizes.push(size);
        if row.is_some_and(|row| !(way.watch)(Event::Measured(&row))) || (alone && !self.finish_and_free(way)?) {
            return Ok(Some(interrupted(population)));
        }
        Ok(None)
    }

    /// Why a population is not to be measured: a generation, or all runs, would take too long.
    fn refused(&self, population: u32, way: &mut Way) -> Result<Option<End>> {
        // Far from what is known, or with nothing known, it is felt for.
        let first = self.workload.first;
        if way.known.is_none() && population > first {
            way.known = Some(self.probe(first)?);
        }
        while let Some(known) = way.known
            && known.estimate(population) > 0.5 * LONGEST
            && known.generation < LONGEST
            && known.population < population / 8
        {
            way.known = Some(self.probe(known.population * 8)?);
        }
        let estimate = way.known.map_or(0.0, |known| known.estimate(population));
        if estimate > LONGEST {
            let detail =
                format!("a generation of {population} would take about {estimate:.1} s, which is one submission");
            return Ok(Some(End { reason: Reason::Limit, detail }));
        }
        if way.sizes.is_empty() {
            return Ok(None);
        }
        let run = |generation: f64| generation.max(self.sample());
        let missing = |size: &Size| f64::from(self.runs) - size.clocked.runs.len() as f64;
        let before: f64 = way.bound().map(|size| missing(size) * run(size.clocked.generation())).sum();
        let setup = way.known.map_or(0.0, |known| known.setup);
        let needed = setup + 3.0 * estimate + f64::from(self.runs) * run(estimate);
        let left = self.seconds - way.began.elapsed().as_secs_f64() - before;
        if needed > left {
            let detail = format!("{population} would take about {needed:.1} s, {:.1} s are left", left.max(0.0));
            return Ok(Some(End { reason: Reason::Time, detail }));
        }
        Ok(None)
    }

    /// [`Sweep::finish`], after which nothing is bound.
    fn finish_and_free(&self, way: &mut Way) -> Result<bool> {
        let done = self.finish(way)?;
        way.sizes.iter_mut().for_each(|size| size.bound = None);
        self.settle()?;
        Ok(done)
    }

    /// More runs of the populations whose runs are short, by turns, while there is time: the knee is among them. Whether the
    /// user let them all be done.
    fn more(&self, way: &mut Way) -> Result<bool> {
        let most = MORE.1 * self.runs as usize;
        let seconds = |size: &Size| size.clocked.generation() * f64::from(size.clocked.generations);
        let goes_on = |size: &Size| size.bound.is_some() && seconds(size) <= SLOW * self.sample();
        for _ in self.runs as usize..most {
            let turn: f64 = way.sizes.iter().filter(|size| goes_on(size)).map(seconds).sum();
            if turn == 0.0 || way.began.elapsed().as_secs_f64() + turn > MORE.0 * self.seconds {
                break;
            }
            for size in way.sizes.iter_mut().filter(|size| goes_on(size)) {
                if !(way.watch)(Event::Runs(size.clocked.population)) {
                    return Ok(false);
                }
                size.run()?;
            }
        }
        Ok(true)
    }

    /// The runs that are missing, by turns; whether the user let them all be done.
    fn finish(&self, way: &mut Way) -> Result<bool> {
        for count in 1..=self.runs as usize {
            if way.began.elapsed().as_secs_f64() > LATE * self.seconds {
                break;
            }
            for size in way.sizes.iter_mut().filter(|size| size.bound.is_some()) {
                if size.clocked.runs.len() < count {
                    if !(way.watch)(Event::Runs(size.clocked.population)) {
                        return Ok(false);
                    }
                    size.run()?;
                }
            }
        }
        Ok(true)
    }

    /// Seconds of a run.
    fn sample(&self) -> f64 {
        (self.seconds / f64::from(self.runs) / SIZES).clamp(SHORTEST, SUBMISSION)
    }

    fn row(&self, clocked: &Clocked, cost: &Cost) -> Option<Row> {
        Row::new(self.workload.name, clocked, cost, &self.limits)
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

    /// Lets the device give back the memory of buffers that are no longer there.
    fn settle(&self) -> Result<()> {
        self.gpu.run(&Recording::new(), &[])?;
        Ok(())
    }
}

impl Way<'_> {
    fn bound(&self) -> impl Iterator<Item = &Size> {
        self.sizes.iter().filter(|size| size.bound.is_some())
    }
}

impl Size {
    /// One more run, where it is bound.
    fn run(&mut self) -> Result<()> {
        let times = self.clocked.generations;
        if let Some(bound) = &mut self.bound {
            self.clocked.runs.push(bound.repeat(times)? / f64::from(times));
        }
        Ok(())
    }
}

fn interrupted(at: impl std::fmt::Display) -> End {
    End { reason: Reason::Interrupted, detail: format!("interrupted, {at}") }
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
