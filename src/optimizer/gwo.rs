//! Grey wolf optimizer (Mirjalili, Mirjalili and Lewis 2014): every wolf moves to the mean of three random positions
//! around the three best seen so far.
//!
//! `C X_leader - X` is centred only at the origin, so GWO is drawn there: look at a shifted function beside the plain
//! one before believing a value.

use serde::{Deserialize, Serialize};

use super::{Entry, listed};
use crate::Result;
use crate::gpu::{Bindings, Kernel, Recording, Threads};
use crate::population::{Bound, Chunk, Context, Domain, Optimizer, Points, Shape, Start, Step, WORST};

/// Grey wolf optimizer; no coefficients of its own: `a` falls from 2 to 0 over the run (eqs. 3.3 to 3.7).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gwo {
    /// What happens to a beaten leader.
    pub leaders: Leaders,
}

/// What happens to a beaten leader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Leaders {
    /// It is dropped: the authors' code of 2014, and the only rule that gives the published means.
    #[default]
    #[serde(rename = "original")]
    Original,
    /// It moves down: the leaders are the three best ever seen.
    #[serde(rename = "best-3")]
    BestThree,
}

pub(super) const ENTRY: Entry = Entry {
    name: "gwo",
    about: "grey wolf optimizer (Mirjalili, Mirjalili and Lewis 2014)",
    settings: &[("leaders", "original: a beaten leader is dropped; best-3: it moves down")],
    build: |value| Ok(Box::new(serde_json::from_value::<Gwo>(value)?)),
};

#[repr(C)]
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
struct Settings {
    low: f32,
    high: f32,
    wall_low: f32,
    wall_high: f32,
    normal: u32,
}

impl Optimizer for Gwo {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn settings(&self) -> serde_json::Value {
        listed(self)
    }

    fn arrays(&self) -> u32 {
        1
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn bind(&self, context: &Context, shape: Shape, domain: &Domain) -> Result<Box<dyn Step>> {
        let gpu = &context.gpu;
        let fitness = Points::fitness_buffer(gpu, "fitness", shape)?;
        let points = Points::direct(context, "positions", shape, &fitness)?;
        // The three leaders are candidates like any other, so that they can be scored again.
        let three = Shape { members: 3, ..shape };
        let leader_fitness = Points::fitness_buffer(gpu, "leader fitness", three)?;
        let leaders = Points::direct(context, "leaders", three, &leader_fitness)?;
        let best = gpu.buffer::<f32>("best", shape.coordinates().into())?;
        let best_fitness = gpu.upload("best fitness", &vec![WORST; shape.blocks as usize])?;
        let sources = gpu.buffer::<[u32; 4]>("sources", shape.blocks.into())?;
        let (wall_low, wall_high) = domain.walls();
        let settings = Settings {
            low: domain.low,
            high: domain.high,
            wall_low,
            wall_high,
            normal: u32::from(domain.start == Start::Normal),
        };
        let shared = Bindings::new()
            .with("settings", gpu.uniform("settings", &settings)?.view())
            .with("leaders", leaders.chunks[0].positions.view())
            .with("leader_fitness", leader_fitness.view())
            .with("sources", sources.view())
            .with("best", best.view())
            .with("best_fitness", best_fitness.view())
            .with("fitness", fitness.view())
            .and(&context.clock);
        let source = points
            .constants(shape)
            .constant("REDUCE", gpu.reduction_width())
            .piece("gwo", include_str!("../../shaders/optimizer/gwo.wgsl"))?;
        let kernel = |entry: &str| gpu.kernel(entry, &source);
        let bound: Vec<_> = points.chunks.iter().map(|chunk: &Chunk| shared.clone().and(&chunk.bindings)).collect();
        let over_chunks = |recording: &mut Recording, kernel: &Kernel, threads: Threads| -> Result<()> {
            bound.iter().try_for_each(|bindings| recording.dispatch(gpu, kernel, bindings, threads))
        };
        let quads = Threads::Line(shape.coordinates() * (points.stride / 4));
        let coordinates = Threads::Line(shape.coordinates());
        let (mut start, mut ask, mut tell) = (Recording::new(), Recording::new(), Recording::new());
        over_chunks(&mut start, &kernel("start")?, quads)?;
        if let Some(begin) = &context.begin {
            begin.first(&points, &mut start)?;
        }
        over_chunks(&mut ask, &kernel("ask")?, quads)?;
        match self.leaders {
            Leaders::Original => {
                tell.dispatch(gpu, &kernel("lead_original")?, &shared, Threads::Groups(shape.blocks))?;
            }
            Leaders::BestThree => {
                tell.dispatch(gpu, &kernel("lead_best_3")?, &shared, Threads::Groups(shape.blocks))?;
                tell.dispatch(gpu, &kernel("reseat")?, &shared, coordinates)?;
            }
        }
        over_chunks(&mut tell, &kernel("follow")?, coordinates)?;
        let mut state = points.state("positions");
        state.extend(leaders.state("leaders"));
        state.extend([
            ("leader_fitness".into(), leaders.fitness.view()),
            ("best".into(), best.view()),
            ("best_fitness".into(), best_fitness.view()),
        ]);
        let bound = Bound::new(points, best, best_fitness, state);
        Ok(Box::new(Bound { remembered: Some(leaders), start, ask, tell, ..bound }))
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::gpu::same_layout;

    #[test]
    fn settings_are_laid_out_as_in_the_shader() {
        let fields = [
            ("low", offset_of!(Settings, low)),
            ("high", offset_of!(Settings, high)),
            ("wall_low", offset_of!(Settings, wall_low)),
            ("wall_high", offset_of!(Settings, wall_high)),
            ("normal", offset_of!(Settings, normal)),
        ];
        same_layout(include_str!("../../shaders/optimizer/gwo.wgsl"), "Gwo", size_of::<Settings>(), &fields);
    }
}
