//! Twin of `shaders/objective/circuit`: trials, neurons and synapses one by one, by the formulas as they are published.

use super::random::{TRIAL, draw_normal, words};
use crate::objective::circuit::{
    BIAS_CURRENT, BIN, Circuit, EVIDENCE, Form, INPUT_CURRENT, INPUT_SCALE, Integrator, READOUT_SCALE, START,
    SYNAPSE_CONDUCTANCE, SYNAPSE_CURRENT, SYNAPSE_SCALE, Task,
};

/// What a circuit is shown.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The right answer: 1 or -1.
    pub side: f64,
    /// The input of every 10 ms.
    pub inputs: Vec<f64>,
}

/// Voltage (mV), share of open potassium channels, share of open synapses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neuron {
    /// V
    pub v: f64,
    /// w
    pub w: f64,
    /// s
    pub s: f64,
}

/// The trial of this number.
pub fn trial(circuit: &Circuit, seed: u64, generation: u32, number: u32) -> Trial {
    let (timing, generation) = (circuit.timing(), if circuit.fresh { generation } else { 0 });
    let even = words(seed, generation, number / 2, 0, TRIAL)[0] % 2;
    let side = if even == number % 2 { 1.0 } else { -1.0 };
    let input = |bin: u32| {
        let time = BIN * bin;
        let noise = draw_normal(seed, generation, number, 1 + bin / 4, TRIAL)[bin as usize % 4];
        match circuit.task {
            _ if time < timing.before || time >= timing.before + timing.stimulus => 0.0,
            Task::Integration => f64::from(EVIDENCE) * side + noise,
            Task::Memory => side,
        }
    };
    Trial { side, inputs: (0..timing.total() / BIN).map(input).collect() }
}

/// The neurons before the first step and after each.
pub fn states(circuit: &Circuit, position: &[f64], trial: &Trial) -> Vec<Vec<Neuron>> {
    let h = f64::from(BIN) / f64::from(circuit.bin_steps());
    let start = Neuron { v: START.into(), w: 0.0, s: 0.0 };
    let mut all = vec![vec![start; circuit.neurons as usize]];
    for step in 0..circuit.steps() {
        let input = trial.inputs[(step / circuit.bin_steps()) as usize];
        let from = &all[step as usize];
        let at = match circuit.integrator {
            Integrator::Euler => from.clone(),
            Integrator::Rk2 => moved(circuit, position, (from, from), input, 0.5 * h),
        };
        let next = moved(circuit, position, (from, &at), input, h);
        all.push(next);
    }
    all
}

/// What the circuit says.
pub fn answer(circuit: &Circuit, position: &[f64], states: &[Vec<Neuron>]) -> f64 {
    let neurons = circuit.neurons as usize;
    let (weights, scale) = (&position[position.len() - neurons - 1..], f64::from(READOUT_SCALE));
    let read = &states[states.len() - circuit.read_steps() as usize..];
    let mean = |i: usize| read.iter().map(|neurons| neurons[i].s).sum::<f64>() / read.len() as f64;
    let sum: f64 = (0..neurons).map(|i| scale * weights[i] * mean(i)).sum();
    f64::from(SYNAPSE_CURRENT) / (neurons as f64).sqrt() * sum + scale * weights[neurons]
}

/// Mean loss over the trials of a generation.
pub fn mean_loss(circuit: &Circuit, position: &[f64], seed: u64, generation: u32) -> f64 {
    let loss = |number: u32| {
        let trial = trial(circuit, seed, generation, number);
        circuit.loss.of(trial.side * answer(circuit, position, &states(circuit, position, &trial)))
    };
    (0..circuit.trials).map(loss).sum::<f64>() / f64::from(circuit.trials)
}

/// A step h from the first of the two states with the slopes of the second.
fn moved(circuit: &Circuit, position: &[f64], (from, at): (&[Neuron], &[Neuron]), input: f64, h: f64) -> Vec<Neuron> {
    let (constants, neurons) = (circuit.kind.constants(), circuit.neurons as usize);
    let [c, phi, v3, v4] =
        [constants.capacity, constants.phi, constants.potassium_middle, constants.potassium_width].map(f64::from);
    let share = 1.0 / (neurons as f64).sqrt();
    let one = |i: usize| {
        let inputs = [0, 1, 2].map(|k| f64::from(INPUT_SCALE) * position[3 * i + k]);
        let outer = f64::from(circuit.resting())
            + f64::from(BIAS_CURRENT) * inputs[2]
            + f64::from(INPUT_CURRENT) * (input.max(0.0) * inputs[0] + (-input).max(0.0) * inputs[1]);
        let Neuron { v, w, .. } = at[i];
        let through = |j: usize| {
            let weight = f64::from(SYNAPSE_SCALE) * position[3 * neurons + i * neurons + j];
            match circuit.form {
                Form::Current => f64::from(SYNAPSE_CURRENT) * share * weight * at[j].s,
                Form::Conductance => {
                    let softplus = weight.max(0.0) + (-weight.abs()).exp().ln_1p();
                    let reversal = f64::from(circuit.receptor(j as u32).reversal());
                    f64::from(SYNAPSE_CONDUCTANCE) * share * softplus * at[j].s * (reversal - v)
                }
            }
        };
        let synapses: f64 = (0..neurons).map(through).sum();
        let open = |v1: f32, v2: f32| 0.5 * (1.0 + ((v - f64::from(v1)) / f64::from(v2)).tanh());
        let leak = f64::from(constants.leak) * (v - f64::from(constants.leak_reversal));
        let calcium = f64::from(constants.calcium)
            * open(constants.calcium_middle, constants.calcium_width)
            * (v - f64::from(constants.calcium_reversal));
        let potassium = f64::from(constants.potassium) * w * (v - f64::from(constants.potassium_reversal));
        let pace = phi * ((v - v3) / (2.0 * v4)).cosh();
        let goal = open(constants.potassium_middle, constants.potassium_width);
        Neuron {
            v: (from[i].v + h / c * (outer + synapses - leak - calcium - potassium)).clamp(-120.0, 120.0),
            w: from[i].w + h * pace * (goal - w),
            s: gated(circuit, i, (from[i].s, at[i].s), v, h),
        }
    };
    (0..neurons).map(one).collect()
}

/// The share of a neuron's synapses that is open, a step later.
fn gated(circuit: &Circuit, neuron: usize, (from, at): (f64, f64), v: f64, h: f64) -> f64 {
    let receptor = circuit.receptor(neuron as u32);
    let opening = f64::from(receptor.opening()) / (1.0 + (-(v - 2.0) / 5.0).exp());
    let closing = f64::from(receptor.closing());
    match circuit.form {
        Form::Current => from + h * (opening * (1.0 - at) - closing * at),
        Form::Conductance => {
            let goal = opening / (opening + closing);
            goal + (from - goal) * (-h * (opening + closing)).exp()
        }
    }
}
