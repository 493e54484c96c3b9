//! Backpropagation through time, to compare with: the forward pass keeps its states every so many steps, and each stretch
//! between two of them is made again and walked back, a dispatch a stretch. Of synapses that bring currents, under the
//! logistic loss, by Euler's method.

use super::forward::{Forward, Part, Room, operations, quads, staged};
use super::text::Text;
use super::{Circuit, Form, Integrator, Loss};
use crate::gpu::{Bindings, Buffer, Recording, Source, Threads};
use crate::population::{Context, Gradient, Points};
use crate::{Error, Result};

/// Bytes of what is kept of a part at most, a buffer each.
const SCRATCH: u64 = 64 << 20;

/// The way back, and the forward pass before it.
pub(super) struct Backward {
    forward: Forward,
    text: Text,
    /// Steps of a stretch: so many that its loops end, within 10 ms.
    stretch: u32,
    memory: Option<Memory>,
}

/// What the way back keeps of one part.
struct Memory {
    candidates: u32,
    kept: Buffer<f32>,
    tape: Buffer<f32>,
    slopes: Buffer<f32>,
    sums: Buffer<f32>,
}

impl Backward {
    /// The same trials as [`Forward::new`].
    ///
    /// # Errors
    /// [`Error::Setting`] where there is no gradient.
    pub(super) fn new(context: &Context, circuit: &Circuit) -> Result<Self> {
        if circuit.loss == Loss::Discrete {
            let remedy = "it has no slope: take logistic, or an optimizer that needs none, such as openai-es";
            return Err(Error::setting("loss", "discrete", remedy));
        }
        if circuit.form == Form::Conductance {
            let remedy = "there is a gradient for currents alone: take an optimizer that needs none, such as openai-es";
            return Err(Error::setting("form", "conductance", remedy));
        }
        if circuit.integrator != Integrator::Euler {
            return Err(Error::setting("integrator", "rk2", "the gradient is that of euler"));
        }
        let forward = Forward::new(&Context { descends: true, ..context.clone() }, circuit, 0)?;
        let text = Text::back(circuit);
        let most = (context.gpu.loop_limit() / text.loops_back()).max(1);
        let bin = circuit.bin_steps();
        let stretch = (1..=bin.min(most)).rev().find(|steps| bin.is_multiple_of(*steps)).unwrap_or(1);
        Ok(Self { forward, text, stretch, memory: None })
    }

    /// Records loss and gradient of all candidates.
    pub(super) fn record(&mut self, points: &Points, gradient: &Gradient, recording: &mut Recording) -> Result<()> {
        gradient.slope.must_be_exact("circuits have the slope of the loss itself: backprop")?;
        let circuit = self.forward.circuit.clone();
        self.forward.draw(recording);
        let per_part = self.part_candidates(points.candidates);
        for (chunk, into) in points.chunks.iter().zip(gradient.into) {
            recording.append(&chunk.fill);
            for candidate in (0..chunk.members).step_by(per_part as usize) {
                let candidates = per_part.min(chunk.members - candidate);
                let part = Part { candidate, candidates, ..self.forward.whole() };
                let room = self.forward.room(per_part)?;
                self.forward.stage(points, chunk, &room, part, recording)?;
                let stretches = circuit.steps() / self.stretch;
                self.remember(per_part, stretches)?;
                for index in 0..stretches {
                    let part = self.stretch(part, index);
                    self.forward.simulate(&room, part, recording)?;
                    if let Some(memory) = self.memory.as_ref().filter(|_| index + 1 < stretches) {
                        self.forward.keep(&room, &memory.kept, part, recording)?;
                    }
                }
                self.forward.answer(chunk, &room, part, gradient.moved == 0, recording)?;
                let bindings = chunk.bindings.clone().with("gradient", into.view());
                self.back(points, &bindings, &room, part, gradient, recording)?;
            }
        }
        Ok(())
    }

    /// Records the way back of a part, and the sums over trials.
    fn back(
        &self,
        points: &Points,
        chunk: &Bindings,
        room: &Room,
        part: Part,
        gradient: &Gradient,
        recording: &mut Recording,
    ) -> Result<()> {
        let (gpu, circuit) = (&self.forward.context.gpu, &self.forward.circuit);
        let slots = part.candidates * circuit.trials;
        let start = self
            .forward
            .constants
            .clone()
            .piece("loss", circuit.loss.wgsl())?
            .piece("back_start", include_str!("../../../shaders/objective/circuit/back_start.wgsl"))?;
        let kernel = gpu.kernel("start_back", &start)?;
        recording.dispatch(gpu, &kernel, &self.bindings(room, part)?, Threads::Line(slots))?;
        let kernel = gpu.kernel("walk_back", &self.source()?)?;
        for index in (0..circuit.steps() / self.stretch).rev() {
            let bindings = self.bindings(room, self.stretch(part, index))?;
            recording.dispatch(gpu, &kernel, &bindings, Threads::Line(slots))?;
        }
        let from = circuit.groups().get(gradient.from).map_or(0, |group| group.offset);
        let pull = Source::new()
            .constant("STRIDE", points.stride)
            .constant("FROM", from)
            .join(&self.forward.constants)
            .piece("pull", include_str!("../../../shaders/objective/circuit/pull.wgsl"))?;
        let kernel = gpu.kernel("pull_trials", &pull)?;
        let bindings = chunk.clone().and(&self.bindings(room, part)?);
        recording.dispatch(gpu, &kernel, &bindings, Threads::Line((points.dims - from) * part.candidates))
    }

    fn source(&self) -> Result<Source> {
        self.forward
            .by_trial(self.text)?
            .piece("every quad, back", &self.text.backward())?
            .piece("backward", include_str!("../../../shaders/objective/circuit/backward.wgsl"))
    }

    fn stretch(&self, part: Part, index: u32) -> Part {
        Part { first: index * self.stretch, count: self.stretch, index, ..part }
    }

    fn bindings(&self, room: &Room, part: Part) -> Result<Bindings> {
        let bindings = self.forward.bindings(room, part)?;
        let Some(memory) = &self.memory else { return Ok(bindings) };
        Ok(bindings
            .with("kept", memory.kept.view())
            .with("tape", memory.tape.view())
            .with("slopes", memory.slopes.view())
            .with("sums", memory.sums.view()))
    }

    /// Numbers of one trial of a candidate in each buffer.
    fn sizes(&self) -> [u64; 4] {
        let circuit = &self.forward.circuit;
        let quad_row = 4 * u64::from(quads(circuit));
        let state = 3 * quad_row;
        let slopes = quad_row * u64::from(self.text.rows().1);
        let stretches = u64::from(circuit.steps() / self.stretch);
        [state * (stretches - 1).max(1), state * u64::from(self.stretch), slopes, staged(circuit).into()]
    }

    /// Candidates of a part: as many as memory and the time of a stretch allow.
    fn part_candidates(&self, candidates: u32) -> u32 {
        let (gpu, circuit) = (&self.forward.context.gpu, &self.forward.circuit);
        let largest = self.sizes().into_iter().max().unwrap_or(1);
        let budget = SCRATCH.min(gpu.binding_limit()) / 4;
        let by_memory = budget / (largest * u64::from(circuit.trials));
        let stretch = 3.0 * operations(circuit) * f64::from(self.stretch) * f64::from(circuit.trials);
        let by_time = gpu.work_limit() / stretch;
        candidates.min(by_memory.min(1 << 20) as u32).min(by_time.min(1e6) as u32).max(1)
    }

    /// Memory for so many candidates; parts share it.
    fn remember(&mut self, candidates: u32, stretches: u32) -> Result<()> {
        if stretches == 0 || self.memory.as_ref().is_some_and(|memory| memory.candidates >= candidates) {
            return Ok(());
        }
        let gpu = &self.forward.context.gpu;
        let slots = u64::from(candidates) * u64::from(self.forward.circuit.trials);
        let [kept, tape, slopes, sums] = self.sizes().map(|size| size * slots);
        self.memory = Some(Memory {
            candidates,
            kept: gpu.buffer("kept states", kept)?,
            tape: gpu.buffer("states of a stretch", tape)?,
            slopes: gpu.buffer("slopes", slopes)?,
            sums: gpu.buffer("slopes in weights", sums)?,
        });
        Ok(())
    }
}
