//! Integration with the steps of the grid.

use std::time::Instant;

use super::unroll::unrolled;
use super::{Loss, Ode, PART_STRIDE, SUBMITTED, Solution, columns};
use crate::Result;
use crate::gpu::{Bindings, Gpu, Recording, Source, Threads};

/// Steps of a dispatch at most: their times are a uniform.
const TABLE: usize = 1024;
/// Steps after which states are looked at, whether they are finite.
const STRETCH: u32 = 32;
/// Trajectories of one thread at most.
const MOST_TOGETHER: usize = 16;
/// Numbers that a thread holds of all its trajectories at most.
const HELD: usize = 24;
/// Threads at least, before each has several trajectories.
const LEAST_THREADS: usize = 1024;

/// `Part` of `integrate.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Part {
    first: u32,
    count: u32,
    next: u32,
    every: u32,
    steps: u32,
    columns: u32,
}

/// The shader with so many trajectories in a thread, and steps in a round of its loop.
pub(super) fn source(ode: &Ode, together: u32, round: u32) -> Result<Source> {
    let places = (0..together).fold(ode.pieces()?, |source, j| source.constant(&format!("PLACE_{j}"), j));
    let text = include_str!("../../../shaders/objective/ode/integrate.wgsl");
    let text = unrolled(&unrolled(text, "COMPONENTS", ode.system.components.len() as u32), "ROUND", round);
    places
        .constant("TABLE", TABLE as u32)
        .constant("STRETCH", STRETCH)
        .constant("TOGETHER", together)
        .constant("ROUND", round)
        .piece("integrate", &for_each(&text, together))
}

/// The text with lines that have names in _0 once for each trajectory.
fn for_each(text: &str, together: u32) -> String {
    let copies = |line: &str| -> Vec<String> {
        let count = if line.trim_start().starts_with("//") || !line.contains("_0") { 1 } else { together };
        (0..count).map(|j| if count == 1 { line.into() } else { line.replace("_0", &format!("_{j}")) }).collect()
    };
    text.lines().flat_map(copies).collect::<Vec<_>>().join("\n")
}

/// How many trajectories a thread has: graphics processors fill waits with other threads.
fn together(ode: &Ode, gpu: &Gpu, trajectories: usize) -> usize {
    if !gpu.is_software() || ode.integrator.is_implicit() {
        return 1;
    }
    let held = ode.system.components.len() + ode.system.constants.len();
    (HELD / held).min(trajectories / LEAST_THREADS).clamp(1, MOST_TOGETHER)
}

pub(super) fn integrate(
    ode: &Ode,
    gpu: &Gpu,
    times: &[f64],
    trajectories: usize,
    initial: &[f32],
    constants: &[f32],
) -> Result<Solution> {
    let (components, wide) = (ode.system.components.len(), ode.system.constants.len());
    let together = together(ode, gpu, trajectories);
    // Two steps in a round halve what the loop itself costs, where every stretch is even.
    let round = if together > 1 && ode.steps.is_multiple_of(2) && ode.every.is_multiple_of(2) { 2 } else { 1 };
    let kernel = gpu.kernel("integrate", &source(ode, together as u32, round)?)?;
    let width = trajectories.next_multiple_of(together);
    let slots = ode.steps.div_ceil(ode.every);
    let states = gpu.upload("states", &columns(initial, components, width))?;
    let samples = gpu.buffer::<f32>("samples of trajectories", u64::from(slots) * (width * components) as u64)?;
    let lost = gpu.buffer::<u32>("lost trajectories", width as u64)?;
    let parts = parts(
        ode,
        gpu,
        Part { first: 0, count: 0, next: 0, every: ode.every, steps: ode.steps, columns: width as u32 },
        together as u32,
        round,
    );
    let batch = parts.len().min(SUBMITTED);
    let part_rows = gpu.buffer::<u32>("parts", (batch * PART_STRIDE) as u64)?;
    let step_rows = gpu.buffer::<[f32; 4]>("steps", (batch * TABLE) as u64)?;
    let bindings = Bindings::new()
        .with("constant_rows", gpu.upload("constants", &columns(constants, wide, width))?.view())
        .with("states", states.view())
        .with("samples", samples.view())
        .with("lost", lost.view());
    let mut seconds = 0.0;
    for batch in parts.chunks(SUBMITTED) {
        let mut words = vec![0u32; batch.len() * PART_STRIDE];
        let mut table = vec![[0.0f32; 4]; batch.len() * TABLE];
        let mut recording = Recording::new();
        for (index, part) in batch.iter().enumerate() {
            let row: &[u32] = bytemuck::cast_slice(std::slice::from_ref(part));
            words[index * PART_STRIDE..][..row.len()].copy_from_slice(row);
            let steps = times[part.first as usize..].windows(2).take(part.count as usize);
            for (row, pair) in table[index * TABLE..].iter_mut().zip(steps) {
                *row = [pair[0] as f32, (pair[1] - pair[0]) as f32, 0.0, 0.0];
            }
            let bindings = bindings
                .clone()
                .with("part", part_rows.part((index * PART_STRIDE) as u64, (size_of::<Part>() / 4) as u64))
                .with("steps", step_rows.part((index * TABLE) as u64, TABLE as u64));
            recording.dispatch(gpu, &kernel, &bindings, Threads::Line((width / together) as u32))?;
        }
        gpu.write(&part_rows.view(), &words);
        gpu.write(&step_rows.view(), &table);
        let began = Instant::now();
        seconds += gpu.run(&recording, &[])?.device_seconds.unwrap_or_else(|| began.elapsed().as_secs_f64());
    }
    let read = gpu.run(&Recording::new(), &[samples.view(), lost.view()])?;
    let lost: Vec<u32> = read.values(1);
    let mut all = columns(initial, components, width);
    all.extend(read.values::<f32>(0));
    let loss = |step: &u32| (*step != 0).then(|| (Loss::NotFinite, times[*step as usize]));
    let lost = &lost[..trajectories];
    Ok(Solution {
        seconds,
        tries: u64::from(ode.steps) * trajectories as u64,
        components,
        columns: width,
        samples: all,
        whole: lost.iter().map(|step| if *step == 0 { ode.steps } else { step - 1 }).collect(),
        losses: lost.iter().map(loss).collect(),
        ..ode.unsolved(times)
    })
}

/// The steps cut into dispatches that stay below the adapter's limits of loops and of time.
fn parts(ode: &Ode, gpu: &Gpu, whole: Part, together: u32, round: u32) -> Vec<Part> {
    let loops = ode.integrator.loops(ode.system.components.len() as u32);
    let by_loops = gpu.loop_limit() / (loops * together);
    // About five operations in each round of a loop.
    let by_time = gpu.work_limit() / (5.0 * f64::from(loops) * f64::from(whole.columns));
    let most = by_loops.min(by_time as u32).clamp(round, TABLE as u32) / round * round;
    let part = |first: u32| Part {
        first,
        count: most.min(ode.steps - first),
        next: (first / ode.every + 1).saturating_mul(ode.every).min(ode.steps),
        ..whole
    };
    (0..ode.steps).step_by(most as usize).map(part).collect()
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn parts_lie_as_the_shader_reads_them() {
        let fields = [
            ("first", offset_of!(Part, first)),
            ("count", offset_of!(Part, count)),
            ("next", offset_of!(Part, next)),
            ("every", offset_of!(Part, every)),
            ("steps", offset_of!(Part, steps)),
            ("columns", offset_of!(Part, columns)),
        ];
        let text = include_str!("../../../shaders/objective/ode/integrate.wgsl");
        crate::gpu::same_layout(text, "Part", size_of::<Part>(), &fields);
    }

    #[test]
    fn lines_stand_once_for_each_trajectory() {
        assert_eq!(
            for_each("// y_0\n a;\n y_0 = f(y_0, PLACE_0);", 2),
            "// y_0\n a;\n y_0 = f(y_0, PLACE_0);\n y_1 = f(y_1, PLACE_1);"
        );
        assert_eq!(for_each("y_0", 1), "y_0");
    }
}
