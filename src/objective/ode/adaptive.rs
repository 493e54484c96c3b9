//! Integration with steps whose lengths follow an estimate of the error; states at the times of the grid.

use std::time::Instant;

use super::unroll::unrolled;
use super::{Grid, Loss, Ode, PART_STRIDE, SUBMITTED, Solution, columns};
use crate::gpu::{Bindings, Gpu, Recording, Source, Threads};
use crate::{Error, Result};

/// What has become of a trajectory, as `adapt.wgsl` says it.
const FATES: [(&str, Option<Loss>); 5] = [
    ("UNDER_WAY", None),
    ("DONE", None),
    ("NOT_FINITE", Some(Loss::NotFinite)),
    ("STEP_TOO_SMALL", Some(Loss::StepTooSmall)),
    ("TOO_MANY_STEPS", Some(Loss::TooManySteps)),
];
/// The first step, as a share of the first interval.
const FIRST_SHARE: f32 = 1e-3;
/// Tolerances that an `f32` can keep: below, what is measured is rounding.
const RELATIVE: std::ops::RangeInclusive<f32> = 1e-6..=0.1;
/// Steps that a trajectory may try, at least and for every interval of the grid.
const TRIES: (u32, u32) = (100_000, 100);

/// The error that a step may make in each component.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// As a share of the component's size, 1e-6 to 0.1.
    pub relative: f32,
    /// As a share of the largest size that the component has had in this trajectory, 0 or more: it counts where a
    /// component comes near zero, each on its own scale.
    pub absolute: f32,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { relative: 1e-5, absolute: 1e-8 }
    }
}

/// `Part` of `adapt.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Part {
    tries: u32,
    most: u32,
    counts: u32,
    intervals: u32,
    every: u32,
    trajectories: u32,
    relative: f32,
    absolute: f32,
    longest: f32,
}

/// `Course` of `adapt.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Course {
    interval: u32,
    tries: u32,
    fate: u32,
    since: f32,
    h: f32,
    error: f32,
}

/// The shader.
pub(super) fn source(ode: &Ode) -> Result<Source> {
    let fates = FATES.iter().zip(0..);
    let source = fates.fold(ode.pieces()?, |source, ((name, _), fate)| source.constant(name, fate));
    let text = include_str!("../../../shaders/objective/ode/adapt.wgsl");
    source.piece("adapt", &unrolled(text, "COMPONENTS", ode.system.components.len() as u32))
}

pub(super) fn integrate(
    ode: &Ode,
    gpu: &Gpu,
    times: &[f64],
    trajectories: usize,
    initial: &[f32],
    constants: &[f32],
    tolerance: Tolerance,
) -> Result<Solution> {
    if !RELATIVE.contains(&tolerance.relative) || !(0.0..=0.1).contains(&tolerance.absolute) {
        let value = format!("{:e}, {:e}", tolerance.relative, tolerance.absolute);
        return Err(Error::setting(
            "tolerance",
            value,
            "give 1e-6 to 0.1; f32 cannot tell smaller errors from rounding",
        ));
    }
    let (components, wide) = (ode.system.components.len(), ode.system.constants.len());
    let kernel = gpu.kernel("adapt", &source(ode)?)?;
    let slots = ode.steps.div_ceil(ode.every);
    let table: Vec<[f32; 2]> = times.windows(2).map(|pair| [pair[0] as f32, (pair[1] - pair[0]) as f32]).collect();
    // Below the states: the largest that every component was.
    let mut rows = columns(initial, components, trajectories);
    rows.resize(2 * rows.len(), 0.0);
    let states = gpu.upload("states", &rows)?;
    let samples = gpu.buffer::<f32>("samples of trajectories", u64::from(slots) * initial.len() as u64)?;
    let start = Course { interval: 0, tries: 0, fate: 0, since: 0.0, h: FIRST_SHARE * table[0][1], error: 1e-4 };
    let courses = gpu.upload("courses", &vec![start; trajectories])?;
    let under_way = gpu.buffer::<u32>("trajectories under way", 1)?;
    // A step as long as all of a uniform grid would only have to be refused.
    let longest = if ode.grid == Grid::Uniform { table[0][1] } else { (ode.end - ode.system.start) as f32 };
    let part = Part {
        tries: tries(ode, gpu, trajectories),
        most: TRIES.0.max(TRIES.1.saturating_mul(ode.steps)),
        counts: 0,
        intervals: ode.steps,
        every: ode.every,
        trajectories: trajectories as u32,
        relative: tolerance.relative,
        absolute: tolerance.absolute,
        longest,
    };
    let mut words = vec![0u32; 2 * PART_STRIDE];
    for (index, part) in [part, Part { counts: 1, ..part }].iter().enumerate() {
        let row: &[u32] = bytemuck::cast_slice(std::slice::from_ref(part));
        words[index * PART_STRIDE..][..row.len()].copy_from_slice(row);
    }
    let parts = gpu.upload("parts", &words)?;
    let bindings = Bindings::new()
        .with("intervals", gpu.upload("intervals", &table)?.view())
        .with("constant_rows", gpu.upload("constants", &columns(constants, wide, trajectories))?.view())
        .with("states", states.view())
        .with("samples", samples.view())
        .with("courses", courses.view())
        .with("under_way", under_way.view());
    let dispatch = |counts: usize| -> Result<Recording> {
        let view = parts.part((counts * PART_STRIDE) as u64, (size_of::<Part>() / 4) as u64);
        let mut recording = Recording::new();
        recording.dispatch(gpu, &kernel, &bindings.clone().with("part", view), Threads::Line(trajectories as u32))?;
        Ok(recording)
    };
    let (silent, counting) = (dispatch(0)?, dispatch(1)?);
    let mut seconds = 0.0;
    // So few submissions that asking costs nothing, and so short a first one that easy systems are soon done. Each
    // dispatch takes every trajectory further, and their steps are numbered: it ends.
    let mut length = 1;
    loop {
        let mut recording = Recording::new();
        (1..length).for_each(|_| recording.append(&silent));
        recording.append(&counting);
        gpu.write(&under_way.view(), &[0u32]);
        let began = Instant::now();
        let read = gpu.run(&recording, &[under_way.view()])?;
        seconds += read.device_seconds.unwrap_or_else(|| began.elapsed().as_secs_f64());
        if read.values::<u32>(0)[0] == 0 {
            break;
        }
        length = (2 * length).min(SUBMITTED);
    }
    let read = gpu.run(&Recording::new(), &[samples.view(), courses.view()])?;
    let courses: Vec<Course> = read.values(1);
    let mut all = columns(initial, components, trajectories);
    all.extend(read.values::<f32>(0));
    let loss = |course: &Course| {
        let (_, loss) = FATES[course.fate as usize];
        loss.map(|loss| (loss, times[course.interval as usize] + f64::from(course.since)))
    };
    Ok(Solution {
        seconds,
        tries: courses.iter().map(|course| u64::from(course.tries)).sum(),
        components,
        columns: trajectories,
        samples: all,
        whole: courses.iter().map(|course| course.interval).collect(),
        losses: courses.iter().map(loss).collect(),
        ..ode.unsolved(times)
    })
}

/// Steps that a trajectory tries in a dispatch, so that it stays below the adapter's limits of loops and of time.
fn tries(ode: &Ode, gpu: &Gpu, trajectories: usize) -> u32 {
    let loops = ode.integrator.loops(ode.system.components.len() as u32);
    let by_time = gpu.work_limit() / (5.0 * f64::from(loops) * trajectories as f64);
    (gpu.loop_limit() / loops).min(by_time as u32).max(1)
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn parts_and_courses_lie_as_the_shader_reads_them() {
        let text = include_str!("../../../shaders/objective/ode/adapt.wgsl");
        let fields = [
            ("tries", offset_of!(Part, tries)),
            ("most", offset_of!(Part, most)),
            ("counts", offset_of!(Part, counts)),
            ("intervals", offset_of!(Part, intervals)),
            ("every", offset_of!(Part, every)),
            ("trajectories", offset_of!(Part, trajectories)),
            ("relative", offset_of!(Part, relative)),
            ("absolute", offset_of!(Part, absolute)),
            ("longest", offset_of!(Part, longest)),
        ];
        crate::gpu::same_layout(text, "Part", size_of::<Part>(), &fields);
        let fields = [
            ("interval", offset_of!(Course, interval)),
            ("tries", offset_of!(Course, tries)),
            ("fate", offset_of!(Course, fate)),
            ("since", offset_of!(Course, since)),
            ("h", offset_of!(Course, h)),
            ("error", offset_of!(Course, error)),
        ];
        crate::gpu::same_layout(text, "Course", size_of::<Course>(), &fields);
    }
}
