//! One position of a circuit, outside of training: how well it does on trials of their own, and what its neurons do.

use super::backward::Backward;
use super::forward::{Forward, Part, quads};
use super::{BIN, Circuit, READOUT_SCALE, SYNAPSE_CURRENT};
use crate::Result;
use crate::gpu::{Gpu, Recording};
use crate::population::{Context, Gradient, Objective, Points, Slope, WORST};

/// The generation that trials outside of training are of: no run comes so far.
const OUTSIDE: u32 = u32::MAX;
/// Dispatches in one submission.
const SUBMITTED: usize = 256;

/// How well a circuit does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// Mean loss of its trials.
    pub loss: f64,
    /// Share of right answers.
    pub accuracy: f64,
}

/// A trial, step by step.
#[derive(Clone, Debug)]
pub struct Traces {
    /// The right answer: 1 or -1.
    pub side: f32,
    /// What the circuit said: right if of the same sign.
    pub answer: f32,
    /// The times of the samples in ms; the first is the start.
    pub times: Vec<f64>,
    /// The input at these times.
    pub input: Vec<f32>,
    /// What the readout says at these times; the answer is its mean over the last of them.
    pub readout: Vec<f32>,
    /// By time, one value a neuron: mV.
    pub voltages: Vec<Vec<f32>>,
    /// By time, one value a neuron: the share of its synapses that is open.
    pub synapses: Vec<Vec<f32>>,
}

impl Circuit {
    /// What a position says in so many trials, which no run of this seed has seen: the right side, 1 or -1, and the
    /// answer, right if of the same sign; [`WORST`] of a circuit that ceased to be finite.
    ///
    /// # Errors
    /// [`crate::Error::Setting`] for a position of another length or trials out of range; [`crate::Error::Limit`] and
    /// [`crate::Error::Device`] from the device.
    pub fn answers(&self, gpu: &Gpu, position: &[f32], seed: u64, trials: u32) -> Result<Vec<[f32; 2]>> {
        let circuit = Self { trials, fresh: true, ..self.clone() };
        let points = Points::alone(&Context::resting(gpu)?, position, circuit.dims())?;
        let mut forward = Forward::new(&outside(gpu, seed)?, &circuit, 0)?;
        let mut recording = Recording::new();
        forward.record(&points, &mut recording)?;
        let room = forward.room(1)?;
        let read = gpu.run(&recording, &[room.answers.view(), forward.sides.view()])?;
        let (answers, sides) = (read.values::<f32>(0), read.values::<f32>(1));
        Ok(sides.into_iter().zip(answers).map(|(side, answer)| [side, answer]).take(trials as usize).collect())
    }

    /// What one of the [`Circuit::answers`] costs, and whether it is right. A circuit that ceased to be finite said
    /// nothing, which costs the worst and is wrong.
    pub fn judged(&self, [side, answer]: [f32; 2]) -> (f64, bool) {
        if answer == WORST {
            (WORST.into(), false)
        } else {
            (self.loss.of((answer * side).into()), answer * side > 0.0)
        }
    }

    /// Loss and accuracy at this position on so many trials, which no run of this seed has seen.
    ///
    /// # Errors
    /// As [`Circuit::answers`].
    pub fn measure(&self, gpu: &Gpu, position: &[f32], seed: u64, trials: u32) -> Result<Measure> {
        let answers = self.answers(gpu, position, seed, trials)?;
        let all: Vec<(f64, bool)> = answers.into_iter().map(|answer| self.judged(answer)).collect();
        let count = all.len() as f64;
        Ok(Measure {
            loss: (all.iter().map(|(loss, _)| loss).sum::<f64>() / count).min(WORST.into()),
            accuracy: all.iter().filter(|(_, right)| *right).count() as f64 / count,
        })
    }

    /// Loss and gradient at this position on the first trials that [`Circuit::measure`] takes, in the units of the
    /// weights: a coordinate times the scale of its group. Its length is what training by it would have to cope with.
    ///
    /// # Errors
    /// As [`Circuit::answers`]; [`crate::Error::Setting`] where there is no gradient.
    pub fn gradient(&self, gpu: &Gpu, position: &[f32], seed: u64) -> Result<(f32, Vec<f32>)> {
        let circuit = Self { fresh: true, ..self.clone() };
        let points = Points::alone(&Context::resting(gpu)?, position, circuit.dims())?;
        let into = [gpu.buffer::<f32>("gradient", u64::from(points.dims) * u64::from(points.stride))?];
        let gradient = Gradient { slope: &Slope::Exact, into: &into, from: 0, moved: 0, keep: false };
        let mut recording = Recording::new();
        Backward::new(&outside(gpu, seed)?, &circuit)?.record(&points, &gradient, &mut recording)?;
        let read = gpu.run(&recording, &[points.fitness.view(), into[0].view()])?;
        Ok((read.values(0)[0], read.values::<f32>(1).into_iter().step_by(points.stride as usize).collect()))
    }

    /// The trial of this number, of those that [`Circuit::measure`] takes.
    ///
    /// # Errors
    /// As [`Circuit::answers`].
    pub fn traces(&self, gpu: &Gpu, position: &[f32], seed: u64, trial: u32) -> Result<Traces> {
        let circuit = Self { trials: 1, fresh: true, ..self.clone() };
        let points = Points::alone(&Context::resting(gpu)?, position, circuit.dims())?;
        let mut forward = Forward::new(&outside(gpu, seed)?, &circuit, trial)?;
        let (steps, room) = (circuit.steps(), forward.room(1)?);
        let padded = 4 * quads(&circuit) as usize;
        let kept = gpu.buffer::<f32>("traces", u64::from(steps) * 3 * padded as u64)?;
        let part = Part { candidates: 1, count: 1, ..forward.whole() };
        let chunk = &points.chunks[0];
        let mut recording = Recording::new();
        forward.draw(&mut recording);
        forward.stage(&points, chunk, &room, part, &mut recording)?;
        for step in 0..steps {
            let part = Part { first: step, index: step, ..part };
            forward.simulate(&room, part, &mut recording)?;
            forward.keep(&room, &kept, part, &mut recording)?;
            if recording.len() >= SUBMITTED {
                gpu.run(&recording, &[])?;
                recording = Recording::new();
            }
        }
        forward.answer(chunk, &room, part, true, &mut recording)?;
        let views = [kept.view(), forward.inputs.view(), forward.sides.view(), room.answers.view()];
        let read = gpu.run(&recording, &views)?;
        let (rows, inputs): (Vec<f32>, Vec<f32>) = (read.values(0), read.values(1));
        let neurons = circuit.neurons as usize;
        let of_row = |row: usize, first: f32| {
            let start = std::iter::once(vec![first; neurons]);
            start.chain(rows.chunks(3 * padded).map(|rows| rows[row * padded..][..neurons].to_vec())).collect()
        };
        let (voltages, synapses): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (of_row(0, super::START), of_row(2, 0.0));
        let weights = &position[position.len() - neurons - 1..];
        let scale = SYNAPSE_CURRENT * circuit.share();
        let said = |open: &Vec<f32>| {
            let sum: f32 = open.iter().zip(weights).map(|(open, weight)| open * weight).sum();
            READOUT_SCALE * (scale * sum + weights[neurons])
        };
        Ok(Traces {
            side: read.values(2)[0],
            answer: read.values(3)[0],
            times: (0..=steps).map(|step| f64::from(step) * f64::from(BIN) / f64::from(circuit.bin_steps())).collect(),
            input: (0..=steps).map(|step| inputs[(step.min(steps - 1) / circuit.bin_steps()) as usize]).collect(),
            readout: synapses.iter().map(said).collect(),
            voltages,
            synapses,
        })
    }
}

impl Traces {
    /// When a neuron fired: upward crossings of 0 mV.
    pub fn spikes(&self, neuron: usize) -> Vec<f64> {
        let crossing = |step: usize| {
            let [before, after] = [step - 1, step].map(|step| f64::from(self.voltages[step][neuron]));
            let [from, to] = [step - 1, step].map(|step| self.times[step]);
            (before < 0.0 && after >= 0.0).then(|| from + before / (before - after) * (to - from))
        };
        (1..self.times.len()).filter_map(crossing).collect()
    }
}

/// A clock that stands where no run comes.
fn outside(gpu: &Gpu, seed: u64) -> Result<Context> {
    let clock = gpu.upload("clock", &[seed as u32, (seed >> 32) as u32, OUTSIDE, 1, 1, 0, 0, 0])?;
    Ok(Context::new(gpu, clock.view()))
}
