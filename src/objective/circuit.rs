//! Recurrent circuits of Morris-Lecar neurons that have to decide something: biophysics as a model to train. Evolution
//! strategies need nothing of it but its answers; a gradient through time is there to compare with.
//!
//! `C V' = I0 + b + u+ w+ + u- w- + (what the synapses bring) - (the neuron's own currents)`; what is said in the end is
//! the mean of a weighted sum of open synapses over the last 100 ms. Trials are drawn on the device.

mod backward;
mod forward;
mod receptor;
#[cfg(not(target_arch = "wasm32"))]
mod single;
mod task;
mod text;

use serde::{Deserialize, Serialize};

use self::backward::Backward;
use self::forward::Forward;
pub use self::receptor::{Form, Receptor};
#[cfg(not(target_arch = "wasm32"))]
pub use self::single::{Measure, Traces};
pub use self::task::{BIN, EVIDENCE, Loss, Task, Timing};
use super::morris_lecar::Kind;
use crate::gpu::Recording;
use crate::population::{Context, Domain, Evaluation, Gradient, Group, Objective, Points, Start};
use crate::{Error, Result};

/// Neurons at most: as many as a workgroup has threads.
pub const MOST_NEURONS: u32 = 256;
/// Trials at most: one thread adds them up.
pub const MOST_TRIALS: u32 = 16_384;
/// Voltage at the start, mV; everything else starts closed.
pub const START: f32 = -60.0;
/// Steps of 10 ms at most.
const MOST_BIN_STEPS: u32 = 10_000;

/// Standard deviation of a first weight from an input; also of a bias.
pub const INPUT_SCALE: f32 = 1.0;
/// Of a first weight of a synapse.
pub const SYNAPSE_SCALE: f32 = 0.5;
/// Of a first weight of the readout.
pub const READOUT_SCALE: f32 = 0.3;
/// Current of a bias of 1, uA/cm2.
pub const BIAS_CURRENT: f32 = 2.0;
/// Current of an input of 1 by a weight of 1, uA/cm2.
pub const INPUT_CURRENT: f32 = 10.0;
/// Current of open synapses, uA/cm2, and what the readout makes of them: a weight of 1, times this, over the root of
/// the number of neurons.
pub const SYNAPSE_CURRENT: f32 = 20.0;
/// Conductance of an open synapse, mS/cm2: the softplus of a weight, times this, over the same root.
pub const SYNAPSE_CONDUCTANCE: f32 = 0.25;

/// How a step is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Integrator {
    /// Euler's method: good enough to train with.
    #[default]
    Euler,
    /// The midpoint method.
    Rk2,
}

/// What a thread computes. Results agree up to rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// A trial of a candidate, all its neurons: no barrier. For software adapters.
    Trial,
    /// A neuron; a workgroup is a trial of a candidate.
    Neuron,
}

/// A circuit and what it has to learn. Coordinates are, for each neuron, weights of the inputs "for" and "against" and a
/// bias; for each neuron, weights from all neurons; then the readout's weights and its bias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Circuit {
    /// Number of neurons, 1 to 256.
    pub neurons: u32,
    /// Their constants.
    pub kind: Kind,
    /// What an open synapse does.
    pub form: Form,
    /// What a neuron's outgoing synapses are made of, in turn; none for what is usual with the form.
    pub receptors: Vec<Receptor>,
    /// What has to be decided.
    pub task: Task,
    /// When; none for what is usual with the task.
    pub timing: Option<Timing>,
    /// What an answer costs.
    pub loss: Loss,
    /// Trials of a generation, the same for all candidates.
    pub trials: u32,
    /// Whether every generation has trials of its own.
    pub fresh: bool,
    /// Length of a step in ms; 10 ms are a whole number of them.
    pub step: f32,
    /// How a step is made.
    pub integrator: Integrator,
    /// What a thread computes; none to choose by adapter.
    #[serde(skip)]
    pub mapping: Option<Mapping>,
}

impl Default for Circuit {
    fn default() -> Self {
        Self {
            neurons: 20,
            kind: Kind::Snlc,
            form: Form::Current,
            receptors: Vec::new(),
            task: Task::Integration,
            timing: None,
            loss: Loss::Logistic,
            trials: 24,
            fresh: true,
            step: 0.5,
            integrator: Integrator::Euler,
            mapping: None,
        }
    }
}

impl Circuit {
    /// Refuses numbers that make no circuit.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the setting, its value and what is allowed.
    pub fn check(&self) -> Result<()> {
        if !(1..=MOST_NEURONS).contains(&self.neurons) {
            return Err(Error::setting("neurons", self.neurons, format!("give 1 to {MOST_NEURONS}")));
        }
        if !(1..=MOST_TRIALS).contains(&self.trials) {
            return Err(Error::setting("trials", self.trials, format!("give 1 to {MOST_TRIALS}")));
        }
        let steps = BIN as f32 / self.step;
        let whole = steps >= 1.0 && steps <= MOST_BIN_STEPS as f32 && (steps - steps.round()).abs() < 1e-3 * steps;
        if !whole {
            let remedy = format!("{BIN} ms must be a whole number of steps, such as 0.1, 0.25, 0.5 or 1");
            return Err(Error::setting("step", self.step, remedy));
        }
        self.timing().check()
    }

    /// When what happens.
    pub fn timing(&self) -> Timing {
        self.timing.unwrap_or_else(|| self.task.timing())
    }

    /// Current of a neuron without input and bias, uA/cm2: a little below that at which it fires.
    pub fn resting(&self) -> f32 {
        match self.kind {
            Kind::Hopf => 84.0,
            Kind::Snlc | Kind::Homoclinic => 36.0,
        }
    }

    /// What the synapses of this neuron are made of.
    pub fn receptor(&self, neuron: u32) -> Receptor {
        let usual = self.form.receptors();
        let all = if self.receptors.is_empty() { usual } else { &self.receptors };
        all[neuron as usize % all.len()]
    }

    /// Steps of 10 ms.
    pub fn bin_steps(&self) -> u32 {
        (BIN as f32 / self.step).round() as u32
    }

    /// Steps of a trial.
    pub fn steps(&self) -> u32 {
        self.timing().total() / BIN * self.bin_steps()
    }

    /// Steps at the end that the answer is read from.
    pub fn read_steps(&self) -> u32 {
        self.timing().read / BIN * self.bin_steps()
    }

    /// Length of a step in ms.
    pub fn step_length(&self) -> f32 {
        BIN as f32 / self.bin_steps() as f32
    }

    /// What a weight between two neurons, or onto the readout, is multiplied with.
    pub fn share(&self) -> f32 {
        1.0 / (self.neurons as f32).sqrt()
    }

    /// Inputs and biases, synapses, readout.
    pub fn groups(&self) -> [Group; 3] {
        let n = self.neurons;
        [
            Group { offset: 0, blocks: n, width: 3, bias: true, scale: INPUT_SCALE },
            Group { offset: 3 * n, blocks: n, width: n, bias: false, scale: SYNAPSE_SCALE },
            Group { offset: 3 * n + n * n, blocks: 1, width: n + 1, bias: true, scale: READOUT_SCALE },
        ]
    }
}

impl Objective for Circuit {
    fn dims(&self) -> u32 {
        self.neurons * (self.neurons + 4) + 1
    }

    /// Coordinates are scaled by group, so they start standard normal; the walls are far out and a step is at most 1.
    fn domain(&self) -> Domain {
        let groups = self.groups().to_vec();
        Domain { low: -10.0, high: 10.0, start: Start::Normal, bounded: true, step: Some(1.0), groups }
    }

    fn bind(&self, context: &Context) -> Result<Box<dyn Evaluation>> {
        let forward = Forward::new(context, self, 0)?;
        Ok(Box::new(CircuitEvaluation { forward, backward: None, fresh: self.fresh }))
    }
}

struct CircuitEvaluation {
    forward: Forward,
    backward: Option<Backward>,
    fresh: bool,
}

impl Evaluation for CircuitEvaluation {
    fn score(&mut self, points: &Points, recording: &mut Recording) -> Result<()> {
        self.forward.record(points, recording)
    }

    fn differentiate(&mut self, points: &Points, gradient: &Gradient, recording: &mut Recording) -> Result<()> {
        let backward = match &mut self.backward {
            Some(backward) => backward,
            none => none.insert(Backward::new(&self.forward.context, &self.forward.circuit)?),
        };
        backward.record(points, gradient, recording)
    }

    fn changes(&self) -> bool {
        self.fresh
    }
}
