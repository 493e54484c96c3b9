//! What this device can do at most, as two kernels of ours find it: copying between buffers well beyond its caches, and
//! multiplying and adding in registers.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{fitting, submitted};
use crate::gpu::{Bindings, Gpu, Kernel, Recording, Source, Threads, WORKGROUP};
use crate::statistics::median;
use crate::{Error, Result};

/// Bytes of each of the two buffers, where the adapter allows as many.
const COPIED: u64 = 128 << 20;
/// Threads that multiply and add: enough to fill the largest devices, and processors.
const THREADS: [u32; 2] = [1 << 18, 1 << 14];
/// Multiplications and additions of a thread in a round: 8 chains, 32 steps of 2.
const ROUND: u32 = 8 * 32 * 2;
/// Seconds of work that a submission aims at.
const SUBMISSION: f64 = 0.05;
/// Submissions that count at least.
const FEWEST: usize = 5;

/// `Line` of `multiply_add.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Line {
    factor: f32,
    term: f32,
    rounds: u32,
}

/// The device's limits, as measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes read and written in a second by a kernel that copies.
    pub copy: f64,
    /// The same by the driver's own copying between buffers. Software adapters copy whole pages at once, which no kernel
    /// can, so it is told beside and not measured against.
    pub driver_copy: f64,
    /// Multiplications and additions in a second, a fused one counted as two.
    pub multiply_add: f64,
}

impl Limits {
    /// Measures each limit for so many seconds, with no more than `memory` bytes.
    ///
    /// # Errors
    /// Those of the device.
    pub fn measure(gpu: &Gpu, seconds: f64, memory: u64) -> Result<Self> {
        let (copy, driver_copy) = copying(gpu, seconds, memory)?;
        Ok(Self { copy, driver_copy, multiply_add: multiplying(gpu, seconds)? })
    }
}

/// Bytes per second of a kernel's copying and of the driver's.
fn copying(gpu: &Gpu, seconds: f64, memory: u64) -> Result<(f64, f64)> {
    let bytes = COPIED.min(gpu.binding_limit()).min(memory / 2) / 16 * 16;
    let from = gpu.buffer::<[f32; 4]>("copied", bytes / 16)?;
    let to = gpu.buffer::<[f32; 4]>("copies", bytes / 16)?;
    let bindings = Bindings::new().with("copied", from.view()).with("copies", to.view());
    let mut recording = Recording::new();
    let kernel = copy_kernel(gpu, (bytes / 16) as u32)?;
    recording.dispatch(gpu, &kernel, &bindings, Threads::Line((bytes / 16) as u32))?;
    let moved = 2.0 * bytes as f64;
    let kernels = moved / median_seconds(seconds, |times| submitted(gpu, &recording, times))?;
    let drivers = median_seconds(0.5 * seconds, |times| {
        let began = Instant::now();
        gpu.copy(&from.view(), &to.view(), times)?;
        Ok(began.elapsed().as_secs_f64())
    })?;
    Ok((kernels, moved / drivers))
}

fn copy_kernel(gpu: &Gpu, vectors: u32) -> Result<Kernel> {
    let source = Source::new()
        .constant("WORKGROUP", WORKGROUP)
        .constant("VECTORS", vectors)
        .piece("copy", include_str!("../../shaders/bench/copy.wgsl"))?;
    gpu.kernel("copy", &source)
}

/// Multiplications and additions per second.
fn multiplying(gpu: &Gpu, seconds: f64) -> Result<f64> {
    let threads = THREADS[usize::from(gpu.is_software())];
    let source = Source::new()
        .constant("WORKGROUP", WORKGROUP)
        .constant("THREADS", threads)
        .piece("multiply_add", include_str!("../../shaders/bench/multiply_add.wgsl"))?;
    let kernel = gpu.kernel("multiply_add", &source)?;
    let mut line = Line { factor: 0.75, term: 0.25, rounds: 4 };
    let settings = gpu.uniform("settings", &line)?;
    let ends = gpu.buffer::<f32>("ends", threads.into())?;
    let bindings = Bindings::new().with("settings", settings.view()).with("ends", ends.view());
    let mut recording = Recording::new();
    recording.dispatch(gpu, &kernel, &bindings, Threads::Line(threads))?;
    // More rounds, until what a thread costs to start is lost in them; the first dispatch compiles.
    submitted(gpu, &recording, 1)?;
    while line.rounds < 4096 && submitted(gpu, &recording, 1)? < 0.1 * SUBMISSION {
        line.rounds *= 2;
        gpu.write(&settings.view(), &[line]);
    }
    let once = median_seconds(seconds, |times| submitted(gpu, &recording, times))?;
    let found: Vec<f32> = gpu.read(&ends.view())?;
    // Eight chains end at their limit, term / (1 - factor) = 1.
    if !found.iter().all(|sum| (sum - 8.0).abs() < 1e-3) {
        return Err(Error::Device("multiplying and adding came to nonsense: the driver is broken".into()));
    }
    Ok(f64::from(threads) * f64::from(ROUND) * f64::from(line.rounds) / once)
}

/// Median seconds of one repetition, over so many seconds of submissions; `run` says how long `times` repetitions took.
fn median_seconds(seconds: f64, run: impl Fn(u32) -> Result<f64>) -> Result<f64> {
    run(1)?;
    let mut times = 1;
    let mut once = run(1)?;
    // A single short repetition says little: it is looked at again once there are more.
    for _ in 0..2 {
        times = fitting(SUBMISSION, once);
        once = run(times)? / f64::from(times);
    }
    let (began, mut samples) = (Instant::now(), Vec::new());
    while samples.len() < FEWEST || began.elapsed().as_secs_f64() < seconds {
        samples.push(run(times)? / f64::from(times));
    }
    Ok(median(&samples).unwrap_or(once))
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::{Pick, same_layout};

    #[test]
    fn line_is_laid_out_as_in_the_shader() {
        let fields = [
            ("factor", offset_of!(Line, factor)),
            ("term", offset_of!(Line, term)),
            ("rounds", offset_of!(Line, rounds)),
        ];
        same_layout(include_str!("../../shaders/bench/multiply_add.wgsl"), "Line", size_of::<Line>(), &fields);
    }

    #[test]
    fn copies_are_whole() {
        let Ok(gpu) = Gpu::open(&Pick::Best) else { return };
        let values: Vec<[f32; 4]> = (0..1001u16).map(|i| [f32::from(i), 1.0, -2.0, 0.5]).collect();
        let from = gpu.upload("copied", &values).unwrap();
        let to = gpu.buffer::<[f32; 4]>("copies", 1001).unwrap();
        let bindings = Bindings::new().with("copied", from.view()).with("copies", to.view());
        let mut recording = Recording::new();
        let kernel = copy_kernel(&gpu, 1001).unwrap();
        recording.dispatch(&gpu, &kernel, &bindings, Threads::Line(1001)).unwrap();
        assert_eq!(gpu.run(&recording, &[to.view()]).unwrap().values::<[f32; 4]>(0), values);
    }
}
