//! Commands as plain data, and their submission: any number of repetitions in one go, a few values read back.

use std::ops::Range;
use std::sync::PoisonError;

use super::arrival::Arrival;
use super::{Bindings, Gpu, Kernel, View};
use crate::{Error, Result};

/// Dispatches in order. Recorded once, submitted any number of times.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    commands: Vec<Command>,
}

#[derive(Debug, Clone)]
struct Command {
    kernel: Kernel,
    groups: Vec<Option<wgpu::BindGroup>>,
    grid: [u32; 3],
}

/// How many threads a dispatch has.
#[derive(Debug, Clone, Copy)]
pub enum Threads {
    /// At least so many, in a row; folded into two dimensions past 65,535 workgroups (`grid.wgsl` unfolds them).
    Line(u32),
    /// So many workgroups, in a row, folded likewise.
    Groups(u32),
    /// A line of threads, repeated along y.
    Plane(u32, u32),
    /// So many workgroups along x, y and z.
    Grid([u32; 3]),
}

/// A submission under way.
#[derive(Debug)]
pub struct Ticket {
    #[cfg(not(target_arch = "wasm32"))]
    index: wgpu::SubmissionIndex,
    staging: Option<wgpu::Buffer>,
    /// Until what was read can be taken; in a browser also where nothing is read.
    arrival: Arrival,
    ranges: Vec<Range<usize>>,
    clocked: bool,
    /// Kernel of every timed dispatch, while profiling.
    timed: Vec<String>,
}

/// What a submission brought back.
#[derive(Debug, Clone)]
pub struct Readback {
    bytes: Vec<u8>,
    ranges: Vec<Range<usize>>,
    /// Seconds between its first and its last command on the device, where the adapter has timestamps.
    pub device_seconds: Option<f64>,
}

impl Readback {
    /// The values of the `index`-th view.
    pub fn values<T: bytemuck::Pod>(&self, index: usize) -> Vec<T> {
        bytemuck::pod_collect_to_vec(&self.bytes[self.ranges[index].clone()])
    }
}

/// Workgroups along x and y for `count` in a row.
fn fold(count: u32) -> [u32; 2] {
    let rows = count.div_ceil(65_535).max(1);
    [count.div_ceil(rows), rows]
}

impl Recording {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records one dispatch of `kernel` over `threads`.
    ///
    /// # Errors
    /// [`Error::Device`] when `bindings` lacks a buffer that the kernel uses.
    pub fn dispatch(&mut self, gpu: &Gpu, kernel: &Kernel, bindings: &Bindings, threads: Threads) -> Result<()> {
        let workgroup = kernel.workgroup();
        let grid = match threads {
            Threads::Line(threads) => {
                let [x, y] = fold(threads.div_ceil(workgroup));
                [x, y, 1]
            }
            Threads::Groups(count) => {
                let [x, y] = fold(count);
                [x, y, 1]
            }
            Threads::Plane(x, y) => [x.div_ceil(workgroup), y, 1],
            Threads::Grid(grid) => grid,
        };
        if grid.iter().any(|&n| n > 65_535) {
            return Err(Error::Limit {
                what: format!("kernel {:?}", kernel.name()),
                needed: format!("{grid:?} workgroups"),
                allowed: "65535 in each dimension".into(),
                remedy: "use a smaller population".into(),
            });
        }
        if gpu.is_planned() {
            return Ok(());
        }
        self.commands.push(Command { kernel: kernel.clone(), groups: kernel.bind(&gpu.device, bindings)?, grid });
        Ok(())
    }

    /// Appends what `other` holds.
    pub fn append(&mut self, other: &Self) {
        self.commands.extend(other.commands.iter().cloned());
    }

    /// Number of dispatches.
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }
}

impl Gpu {
    /// Submits `recordings` one after the other, then copies `reads` for [`Gpu::wait`]. Returns at once.
    ///
    /// # Errors
    /// [`Error::Device`] when an earlier operation failed.
    pub fn submit(&self, recordings: &[&Recording], reads: &[View]) -> Result<Ticket> {
        self.check()?;
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let profiling = self.profile.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let clocked = self.features.contains(wgpu::Features::TIMESTAMP_QUERY);
        let commands = || recordings.iter().flat_map(|recording| &recording.commands);
        let runs = commands().count();
        // While profiling every dispatch is a pass of its own; a query set holds 4,096 stamps.
        let timed = if profiling { runs.min(2048) } else { usize::from(clocked) };
        let queries = (timed > 0).then(|| {
            self.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count: 2 * timed as u32,
            })
        });
        let mut names = Vec::new();
        if profiling {
            for (number, command) in commands().enumerate() {
                let stamps = queries.as_ref().filter(|_| number < timed);
                if stamps.is_some() {
                    names.push(command.kernel.name().to_string());
                }
                let mut pass = begin(&mut encoder, stamps, number as u32);
                command.encode(&mut pass);
            }
        } else if runs > 0 {
            let mut pass = begin(&mut encoder, queries.as_ref(), 0);
            for command in commands() {
                command.encode(&mut pass);
            }
        }
        let clocked = queries.is_some() && runs > 0;
        let mut ranges = Vec::with_capacity(reads.len());
        let mut size = if clocked { 16 * timed as u64 } else { 0 };
        let stamps = size;
        for view in reads {
            ranges.push(size as usize..(size + view.size) as usize);
            size += view.size.next_multiple_of(8);
        }
        let staging = (size > 0).then(|| {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("readback"),
                size,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        });
        if let Some(staging) = &staging {
            for (view, range) in reads.iter().zip(&ranges) {
                encoder.copy_buffer_to_buffer(&view.raw, view.offset, staging, range.start as u64, view.size);
            }
            if let Some(queries) = queries.as_ref().filter(|_| clocked) {
                let resolved = self.device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("timestamps"),
                    size: stamps,
                    usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                    mapped_at_creation: false,
                });
                encoder.resolve_query_set(queries, 0..2 * timed as u32, &resolved, 0);
                encoder.copy_buffer_to_buffer(&resolved, 0, staging, 0, stamps);
            }
        }
        let index = self.queue.submit([encoder.finish()]);
        let arrival = Arrival::default();
        if let Some(staging) = &staging {
            let mapped = arrival.clone();
            // Whether it could be mapped shows when it is read.
            staging.map_async(wgpu::MapMode::Read, .., move |_| mapped.announce());
        }
        #[cfg(target_arch = "wasm32")]
        let _ = index;
        Ok(Ticket {
            #[cfg(not(target_arch = "wasm32"))]
            index,
            staging,
            arrival,
            ranges,
            clocked,
            timed: names,
        })
    }

    /// Waits for a submission and takes what it read.
    ///
    /// # Errors
    /// [`Error::Device`] when the device was lost or an operation failed.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn wait(&self, ticket: Ticket) -> Result<Readback> {
        pollster::block_on(self.wait_async(ticket))
    }

    /// [`Gpu::wait`] for callers that may not block: in a browser it gives way until the device is done. Elsewhere nothing
    /// would ever call back by itself, so there it waits for the device before it returns.
    ///
    /// # Errors
    /// As [`Gpu::wait`].
    pub async fn wait_async(&self, ticket: Ticket) -> Result<Readback> {
        #[cfg(not(target_arch = "wasm32"))]
        {
            let wait = wgpu::PollType::Wait { submission_index: Some(ticket.index.clone()), timeout: None };
            self.device.poll(wait).map_err(|e| Error::Device(format!("waiting for the device failed: {e}")))?;
        }
        if cfg!(target_arch = "wasm32") {
            if ticket.staging.is_none() {
                let done = ticket.arrival.clone();
                self.queue.on_submitted_work_done(move || done.announce());
            }
            ticket.arrival.clone().await;
        }
        self.check()?;
        let Some(staging) = &ticket.staging else {
            return Ok(Readback { bytes: Vec::new(), ranges: ticket.ranges, device_seconds: None });
        };
        let bytes = {
            let view = staging
                .get_mapped_range(..)
                .map_err(|e| Error::Device(format!("reading results back failed: {e}; was the device lost?")))?;
            view.to_vec()
        };
        staging.unmap();
        // A browser would keep it until it collects its garbage.
        #[cfg(target_arch = "wasm32")]
        staging.destroy();
        let device_seconds = ticket.clocked.then(|| self.stamps(&ticket, &bytes));
        Ok(Readback { bytes, ranges: ticket.ranges, device_seconds })
    }

    /// Seconds from the first stamp to the last; adds to the profile what was timed dispatch by dispatch.
    fn stamps(&self, ticket: &Ticket, bytes: &[u8]) -> f64 {
        let count = 2 * ticket.timed.len().max(1);
        let stamps: Vec<u64> = bytemuck::pod_collect_to_vec(&bytes[..8 * count]);
        let period = f64::from(self.queue.get_timestamp_period());
        let mut profile = self.profile.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(profile) = profile.as_mut() {
            for (name, pair) in ticket.timed.iter().zip(stamps.chunks_exact(2)) {
                let spent = (pair[1].saturating_sub(pair[0]) as f64 * period) as u64;
                match profile.kernels.iter_mut().find(|(known, ..)| known == name) {
                    Some((_, count, total)) => {
                        *count += 1;
                        *total += spent;
                    }
                    None => profile.kernels.push((name.clone(), 1, spent)),
                }
            }
        }
        stamps[count - 1].saturating_sub(stamps[0]) as f64 * period * 1e-9
    }

    /// Submits, waits and reads in one call.
    ///
    /// # Errors
    /// As [`Gpu::submit`] and [`Gpu::wait`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn run(&self, recording: &Recording, reads: &[View]) -> Result<Readback> {
        pollster::block_on(self.run_async(recording, reads))
    }

    /// [`Gpu::run`] for callers that may not block.
    ///
    /// # Errors
    /// As [`Gpu::run`].
    pub async fn run_async(&self, recording: &Recording, reads: &[View]) -> Result<Readback> {
        let ticket = self.submit(&[recording], reads)?;
        self.wait_async(ticket).await
    }

    /// Copies what `from` holds to `to`, so many times over, and waits: the yardstick of kernels bound by memory.
    ///
    /// # Errors
    /// As [`Gpu::run`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn copy(&self, from: &View, to: &View, times: u32) -> Result<()> {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for _ in 0..times {
            encoder.copy_buffer_to_buffer(&from.raw, from.offset, &to.raw, to.offset, from.size.min(to.size));
        }
        let index = self.queue.submit([encoder.finish()]);
        let wait = wgpu::PollType::Wait { submission_index: Some(index), timeout: None };
        self.device.poll(wait).map_err(|e| Error::Device(format!("waiting for the device failed: {e}")))?;
        self.check()
    }

    /// The values of one view, after everything submitted so far.
    ///
    /// # Errors
    /// As [`Gpu::run`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn read<T: bytemuck::Pod>(&self, view: &View) -> Result<Vec<T>> {
        pollster::block_on(self.read_async(view))
    }

    /// [`Gpu::read`] for callers that may not block.
    ///
    /// # Errors
    /// As [`Gpu::run`].
    pub async fn read_async<T: bytemuck::Pod>(&self, view: &View) -> Result<Vec<T>> {
        Ok(self.run_async(&Recording::new(), std::slice::from_ref(view)).await?.values(0))
    }
}

impl Command {
    fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(self.kernel.pipeline());
        for (index, group) in self.groups.iter().enumerate() {
            if group.is_some() {
                pass.set_bind_group(index as u32, group, &[]);
            }
        }
        pass.dispatch_workgroups(self.grid[0], self.grid[1], self.grid[2]);
    }
}

/// A compute pass, with stamps `2 * number` and `2 * number + 1` around it.
fn begin<'e>(
    encoder: &'e mut wgpu::CommandEncoder,
    queries: Option<&wgpu::QuerySet>,
    number: u32,
) -> wgpu::ComputePass<'e> {
    encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
        label: None,
        timestamp_writes: queries.map(|query_set| wgpu::ComputePassTimestampWrites {
            query_set,
            beginning_of_pass_write_index: Some(2 * number),
            end_of_pass_write_index: Some(2 * number + 1),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_fold_into_two_dimensions() {
        for count in [1, 65_535, 65_536, 1_000_000, 4_000_000_000] {
            let [x, y] = fold(count);
            assert!(x <= 65_535 && y <= 65_535 && u64::from(x) * u64::from(y) >= u64::from(count), "{count}");
        }
        assert_eq!(fold(65_536), [32_768, 2]);
    }
}
