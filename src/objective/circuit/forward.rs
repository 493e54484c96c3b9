//! A population of circuits, run on the device: trials are drawn, weights staged, steps made in as many dispatches as the
//! limits ask for, answers read and tallied.

use super::receptor::Form;
use super::task::{BIN, EVIDENCE};
use super::text::Text;
use super::{
    BIAS_CURRENT, Circuit, INPUT_CURRENT, INPUT_SCALE, Integrator, Mapping, READOUT_SCALE, SYNAPSE_CONDUCTANCE,
};
use super::{SYNAPSE_CURRENT, SYNAPSE_SCALE};
use crate::gpu::{Bindings, Buffer, Recording, Source, Threads, WORKGROUP};
use crate::population::{Chunk, Context, Objective, Points};
use crate::{Error, Result};

/// Bytes of the states, or of the weights, of a part at most.
const SCRATCH: u64 = 64 << 20;
/// Synapses that are held in workgroup memory at most.
const MOST_HELD: u32 = 3072;

/// `Part` of `part.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Part {
    pub(super) candidate: u32,
    pub(super) candidates: u32,
    pub(super) trials: u32,
    pub(super) quads: u32,
    pub(super) first: u32,
    pub(super) count: u32,
    pub(super) index: u32,
}

/// Kernels and buffers of the forward pass.
pub(super) struct Forward {
    pub(super) context: Context,
    pub(super) circuit: Circuit,
    pub(super) mapping: Mapping,
    /// Sizes, scales and the constants of the neuron.
    pub(super) constants: Source,
    pub(super) inputs: Buffer<f32>,
    pub(super) sides: Buffer<f32>,
    kinetics: Buffer<f32>,
    draw: Recording,
    room: Option<Room>,
}

/// The memory of one part.
#[derive(Clone)]
pub(super) struct Room {
    pub(super) candidates: u32,
    pub(super) staged: Buffer<f32>,
    pub(super) states: Buffer<f32>,
    pub(super) answers: Buffer<f32>,
    costs: Buffer<f32>,
}

impl Forward {
    /// `first_trial`: the number of the first trial that is drawn.
    pub(super) fn new(context: &Context, circuit: &Circuit, first_trial: u32) -> Result<Self> {
        circuit.check()?;
        let gpu = &context.gpu;
        let mapping = circuit.mapping.unwrap_or(if gpu.is_software() { Mapping::Trial } else { Mapping::Neuron });
        let timing = circuit.timing();
        let bins = timing.total() / BIN;
        let inputs = gpu.buffer::<f32>("inputs", u64::from(bins) * u64::from(circuit.trials))?;
        let sides = gpu.buffer::<f32>("sides", circuit.trials.into())?;
        let trials = Source::new()
            .constant("WORKGROUP", WORKGROUP)
            .constant("TRIALS", circuit.trials)
            .constant("FIRST_TRIAL", first_trial)
            .constant("FRESH", circuit.fresh.into())
            .constant("BINS", bins)
            .constant("BEFORE", timing.before / BIN)
            .constant("STIMULUS", timing.stimulus / BIN)
            .constant_f32("EVIDENCE", EVIDENCE)
            .piece("stimulus", circuit.task.wgsl())?
            .piece("trials", include_str!("../../../shaders/objective/circuit/trials.wgsl"))?;
        let bindings = Bindings::new().with("inputs", inputs.view()).with("sides", sides.view()).and(&context.clock);
        let mut draw = Recording::new();
        draw.dispatch(gpu, &gpu.kernel("draw_trials", &trials)?, &bindings, Threads::Line(bins * circuit.trials))?;
        let kinetics = gpu.upload("kinetics", &kinetics(circuit))?;
        let (context, circuit, constants) = (context.clone(), circuit.clone(), constants(circuit)?);
        Ok(Self { context, circuit, mapping, constants, inputs, sides, kinetics, draw, room: None })
    }

    /// Records loss of all candidates.
    pub(super) fn record(&mut self, points: &Points, recording: &mut Recording) -> Result<()> {
        recording.append(&self.draw);
        let per_part = self.part_candidates(points.candidates)?;
        let most = self.most_steps(per_part);
        for chunk in &points.chunks {
            recording.append(&chunk.fill);
            for candidate in (0..chunk.members).step_by(per_part as usize) {
                let candidates = per_part.min(chunk.members - candidate);
                let part = Part { candidate, candidates, ..self.whole() };
                let room = self.room(per_part)?;
                self.stage(points, chunk, &room, part, recording)?;
                for first in (0..self.circuit.steps()).step_by(most as usize) {
                    let count = most.min(self.circuit.steps() - first);
                    self.simulate(&room, Part { first, count, ..part }, recording)?;
                }
                self.answer(chunk, &room, part, true, recording)?;
            }
        }
        Ok(())
    }

    /// A part, but for its candidates and steps.
    pub(super) fn whole(&self) -> Part {
        Part { trials: self.circuit.trials, quads: quads(&self.circuit), ..Part::default() }
    }

    /// Records the trials of the generation.
    pub(super) fn draw(&self, recording: &mut Recording) {
        recording.append(&self.draw);
    }

    /// Records the weights of the candidates of a part.
    pub(super) fn stage(
        &self,
        points: &Points,
        chunk: &Chunk,
        room: &Room,
        part: Part,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = &self.context.gpu;
        let source = points
            .source
            .clone()
            .join(&self.constants)
            .piece("stage", include_str!("../../../shaders/objective/circuit/stage.wgsl"))?;
        let bindings = chunk.bindings.clone().and(&self.bindings(room, part)?);
        let threads = Threads::Line(part.candidates * staged(&self.circuit));
        recording.dispatch(gpu, &gpu.kernel("stage", &source)?, &bindings, threads)
    }

    /// Records some steps of the candidates of a part.
    pub(super) fn simulate(&self, room: &Room, part: Part, recording: &mut Recording) -> Result<()> {
        let gpu = &self.context.gpu;
        let kernel = gpu.kernel("simulate", &self.source()?)?;
        let slots = part.candidates * self.circuit.trials;
        let threads = match self.mapping {
            Mapping::Trial => Threads::Line(slots),
            Mapping::Neuron => Threads::Groups(slots),
        };
        recording.dispatch(gpu, &kernel, &self.bindings(room, part)?, threads)
    }

    /// Records what the candidates of a part say and, if wanted, their loss.
    pub(super) fn answer(
        &self,
        chunk: &Chunk,
        room: &Room,
        part: Part,
        tallied: bool,
        recording: &mut Recording,
    ) -> Result<()> {
        let gpu = &self.context.gpu;
        let source = self
            .constants
            .clone()
            .piece("loss", self.circuit.loss.wgsl())?
            .piece("answers", include_str!("../../../shaders/objective/circuit/answers.wgsl"))?;
        let bindings = chunk.bindings.clone().and(&self.bindings(room, part)?);
        let threads = Threads::Line(part.candidates * self.circuit.trials);
        recording.dispatch(gpu, &gpu.kernel("answer", &source)?, &bindings, threads)?;
        if tallied {
            recording.dispatch(gpu, &gpu.kernel("tally", &source)?, &bindings, Threads::Line(part.candidates))?;
        }
        Ok(())
    }

    /// Records that the states of a part are set aside, as the `part.index`-th.
    pub(super) fn keep(&self, room: &Room, kept: &Buffer<f32>, part: Part, recording: &mut Recording) -> Result<()> {
        let gpu = &self.context.gpu;
        let source =
            self.constants.clone().piece("keep", include_str!("../../../shaders/objective/circuit/keep.wgsl"))?;
        let bindings = self.bindings(room, part)?.with("kept", kept.view());
        let values = 3 * quads(&self.circuit) * part.candidates * self.circuit.trials;
        recording.dispatch(gpu, &gpu.kernel("keep_states", &source)?, &bindings, Threads::Line(values))
    }

    /// The shader that makes steps.
    fn source(&self) -> Result<Source> {
        if self.mapping == Mapping::Trial {
            return self.by_trial(Text::steps(&self.circuit));
        }
        let padded = 4 * quads(&self.circuit);
        let held = if padded * padded <= MOST_HELD { padded * padded } else { 1 };
        self.constants
            .clone()
            .piece("real", "alias Real = f32;")?
            .piece("neuron", include_str!("../../../shaders/objective/circuit/neuron.wgsl"))?
            .constant("THREADS", padded.next_multiple_of(32))
            .constant("HELD", held)
            .constant("FIRST_STAGE", 2 - stages(&self.circuit))
            .piece("by_neuron", include_str!("../../../shaders/objective/circuit/by_neuron.wgsl"))
    }

    /// The same, a thread a trial.
    pub(super) fn by_trial(&self, text: Text) -> Result<Source> {
        self.constants
            .clone()
            .piece("real", "alias Real = vec4f;")?
            .piece("neuron", include_str!("../../../shaders/objective/circuit/neuron.wgsl"))?
            .piece("every quad", &text.forward())?
            .piece("by_trial", include_str!("../../../shaders/objective/circuit/by_trial.wgsl"))
    }

    /// Everything of a part but its candidates.
    pub(super) fn bindings(&self, room: &Room, part: Part) -> Result<Bindings> {
        Ok(Bindings::new()
            .with("part", self.context.gpu.uniform("part", &part)?.view())
            .with("staged", room.staged.view())
            .with("states", room.states.view())
            .with("inputs", self.inputs.view())
            .with("sides", self.sides.view())
            .with("kinetics", self.kinetics.view())
            .with("answers", room.answers.view())
            .with("costs", room.costs.view())
            .and(&self.context.clock))
    }

    /// Memory for so many candidates; parts share it.
    pub(super) fn room(&mut self, candidates: u32) -> Result<Room> {
        if let Some(room) = self.room.as_ref().filter(|room| room.candidates >= candidates) {
            return Ok(room.clone());
        }
        let gpu = &self.context.gpu;
        let slots = u64::from(candidates) * u64::from(self.circuit.trials);
        let room = Room {
            candidates,
            staged: gpu.buffer("staged weights", u64::from(candidates) * u64::from(staged(&self.circuit)))?,
            states: gpu.buffer("states", slots * u64::from(self.state()))?,
            answers: gpu.buffer("answers", slots)?,
            costs: gpu.buffer("costs", slots)?,
        };
        Ok(self.room.insert(room).clone())
    }

    /// Numbers of a slot in the states, with those that a thread has no registers for.
    fn state(&self) -> u32 {
        let steps = if self.mapping == Mapping::Trial { Text::steps(&self.circuit).rows().0 } else { 4 };
        let back = if self.context.descends { Text::back(&self.circuit).rows().0 } else { 4 };
        4 * quads(&self.circuit) * steps.max(back)
    }

    /// Candidates of a part: as many as memory and the time of a step allow.
    pub(super) fn part_candidates(&self, candidates: u32) -> Result<u32> {
        let gpu = &self.context.gpu;
        let trials = u64::from(self.circuit.trials);
        let states = u64::from(self.state()) * trials;
        let budget = SCRATCH.min(gpu.binding_limit()) / 4;
        let by_memory = budget / states.max(staged(&self.circuit).into());
        if by_memory == 0 {
            return Err(Error::Limit {
                what: format!("a candidate of {} neurons by {trials} trials", self.circuit.neurons),
                needed: crate::gpu::bytes(4 * states),
                allowed: crate::gpu::bytes(4 * budget),
                remedy: "use fewer trials".into(),
            });
        }
        let by_time = gpu.work_limit() / (operations(&self.circuit) * trials as f64);
        Ok(candidates.min(by_memory.min(1 << 20) as u32).min(by_time.min(1e6) as u32).max(1))
    }

    /// Steps of a dispatch over so many candidates that stay below the adapter's limits of loops and of time.
    pub(super) fn most_steps(&self, candidates: u32) -> u32 {
        let gpu = &self.context.gpu;
        let padded = 4 * quads(&self.circuit);
        let stages = stages(&self.circuit);
        let by_loops = match self.mapping {
            Mapping::Trial => gpu.loop_limit() / Text::steps(&self.circuit).loops(),
            // The synapses that are held are loaded first.
            Mapping::Neuron => gpu.loop_limit().saturating_sub(MOST_HELD) / (1 + stages * (1 + padded)),
        };
        let slots = f64::from(candidates) * f64::from(self.circuit.trials);
        let by_time = gpu.work_limit() / (operations(&self.circuit) * slots);
        by_loops.min(by_time.min(1e9) as u32).clamp(1, self.circuit.steps())
    }
}

/// Evaluations of the slopes in a step.
fn stages(circuit: &Circuit) -> u32 {
    if circuit.integrator == Integrator::Rk2 { 2 } else { 1 }
}

/// Quads of neurons, the last one padded.
pub(super) fn quads(circuit: &Circuit) -> u32 {
    circuit.neurons.div_ceil(4)
}

/// Numbers of a candidate, in the order in which neurons take them.
pub(super) fn staged(circuit: &Circuit) -> u32 {
    let padded = 4 * quads(circuit);
    padded * (padded + 4) + 4
}

/// Floating-point operations of a step of one circuit, about.
pub(super) fn operations(circuit: &Circuit) -> f64 {
    let padded = f64::from(4 * quads(circuit));
    let coupling = if circuit.form == Form::Conductance { 4.0 } else { 2.0 };
    f64::from(stages(circuit)) * padded * (coupling * padded + 60.0)
}

/// Opening, closing and reversal of the synapses of each neuron.
fn kinetics(circuit: &Circuit) -> Vec<f32> {
    let padded = 4 * quads(circuit);
    let of = |value: fn(super::Receptor) -> f32, padding: f32| {
        (0..padded).map(move |i| if i < circuit.neurons { value(circuit.receptor(i)) } else { padding })
    };
    let opening = of(super::Receptor::opening, 0.0);
    opening.chain(of(super::Receptor::closing, 1.0)).chain(of(super::Receptor::reversal, 0.0)).collect()
}

/// What every kernel of a circuit may want to know.
fn constants(circuit: &Circuit) -> Result<Source> {
    let neuron = circuit.kind.constants();
    let share = circuit.share();
    let conductance = circuit.form == Form::Conductance;
    let coupling = if conductance { SYNAPSE_CONDUCTANCE } else { SYNAPSE_CURRENT };
    let part = include_str!("../../../shaders/objective/circuit/part.wgsl");
    let counts = [
        ("WORKGROUP", WORKGROUP),
        ("DIMS", circuit.dims()),
        ("NEURONS", circuit.neurons),
        ("QUADS", quads(circuit)),
        ("PADDED", 4 * quads(circuit)),
        ("STAGED", staged(circuit)),
        ("BIN_STEPS", circuit.bin_steps()),
        ("FIRST_READ", circuit.steps() - circuit.read_steps()),
        ("CONDUCTANCE", conductance.into()),
    ];
    let numbers = [
        ("STEP", circuit.step_length()),
        ("START_VOLTAGE", super::START),
        ("RESTING", circuit.resting()),
        ("BIAS_CURRENT", BIAS_CURRENT),
        ("INPUT_CURRENT", INPUT_CURRENT),
        ("INPUT_SCALE", INPUT_SCALE),
        ("SYNAPSE_SCALE", SYNAPSE_SCALE),
        ("READOUT_SCALE", READOUT_SCALE),
        ("COUPLING", coupling * share),
        ("READOUT", SYNAPSE_CURRENT * share / circuit.read_steps() as f32),
        ("CAPACITY", neuron.capacity),
        ("LEAK", neuron.leak),
        ("CALCIUM", neuron.calcium),
        ("POTASSIUM", neuron.potassium),
        ("LEAK_REVERSAL", neuron.leak_reversal),
        ("CALCIUM_REVERSAL", neuron.calcium_reversal),
        ("POTASSIUM_REVERSAL", neuron.potassium_reversal),
        ("CALCIUM_MIDDLE", neuron.calcium_middle),
        ("CALCIUM_WIDTH", neuron.calcium_width),
        ("POTASSIUM_MIDDLE", neuron.potassium_middle),
        ("POTASSIUM_WIDTH", neuron.potassium_width),
        ("PHI", neuron.phi),
    ];
    let source = counts.into_iter().fold(Source::new(), |source, (name, value)| source.constant(name, value));
    let source = numbers.into_iter().fold(source, |source, (name, value)| source.constant_f32(name, value));
    source.piece("part", part)
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn a_part_is_laid_out_as_in_the_shader() {
        let fields = [
            ("candidate", offset_of!(Part, candidate)),
            ("candidates", offset_of!(Part, candidates)),
            ("trials", offset_of!(Part, trials)),
            ("quads", offset_of!(Part, quads)),
            ("first", offset_of!(Part, first)),
            ("count", offset_of!(Part, count)),
            ("index", offset_of!(Part, index)),
        ];
        let text = include_str!("../../../shaders/objective/circuit/part.wgsl");
        crate::gpu::same_layout(text, "Part", size_of::<Part>(), &fields);
    }
}
