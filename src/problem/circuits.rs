//! Circuits of Morris-Lecar neurons that have to decide: stimulus integration and working memory.

use super::{Drawing, Posed};
use crate::config::{CIRCUIT, Config, PROBLEM};
use crate::gpu::Gpu;
use crate::metrics::{Measures, Scores, scores};
use crate::objective::circuit::{Circuit, Loss as Cost, MOST_TRIALS, Task, Traces};
use crate::objective::network::{Loss, Tensor};
use crate::population::{Objective, WORST};
use crate::{Error, Result};

/// Names and meanings of the settings of these problems.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    ("neurons", "neurons of the circuit, 1 to 256"),
    ("kind", "how a neuron begins to fire: snlc, hopf, homoclinic"),
    ("form", "what an open synapse does: current (weights of both signs) or conductance (Dale's law)"),
    ("receptors", "what the neurons' outgoing synapses are made of, in turn: a list of slow, ampa, nmda, gaba-a"),
    ("fresh", "whether every generation has trials of its own"),
    ("step", "length of a step in ms"),
    ("integrator", "how a step is made: euler or rk2"),
];

/// Trials that a circuit is scored on afterwards.
const TESTED: u32 = 400;
/// Neurons of which the voltage is drawn.
const DRAWN: usize = 3;

/// A circuit and its task.
pub struct Deciding {
    name: String,
    seed: u64,
    circuit: Circuit,
}

fn usual(generations: u32) -> Config {
    // Right and wrong alone tell something only where the noise changes answers: it takes much of it, and many members.
    let settings = [("sigma", 0.5), ("rate", 0.1)];
    let settings = settings.into_iter().map(|(key, value)| (key.to_string(), toml::Value::Float(value)));
    let plain = Circuit::default();
    let own = [
        ("neurons", toml::Value::Integer(plain.neurons.into())),
        ("kind", toml::Value::String(plain.kind.name().into())),
        ("form", toml::Value::String("current".into())),
        ("fresh", toml::Value::Boolean(plain.fresh)),
        ("step", toml::Value::Float(plain.step.into())),
        ("integrator", toml::Value::String("euler".into())),
    ];
    let own = own.into_iter().map(|(key, value)| (format!("{PROBLEM}{key}"), value));
    Config {
        model: CIRCUIT.into(),
        loss: Loss::Bce,
        optimizer: "openai-es".into(),
        settings: settings.chain(own).collect(),
        population: Some(96),
        generations: Some(generations),
        batch: Some(plain.trials),
        ..Config::default()
    }
}

/// 400 ms, a new value of the noisy stimulus every 10.
pub(super) fn integration() -> Config {
    usual(150)
}

/// 500 ms, of which a cue lasts 100.
pub(super) fn memory() -> Config {
    usual(250)
}

pub(super) fn pose(config: &Config, _: &Gpu) -> Result<Box<dyn Posed>> {
    if config.model != CIRCUIT {
        let remedy = format!("the model is {CIRCUIT}, its size {PROBLEM}neurons");
        return Err(Error::setting("model", &config.model, remedy));
    }
    let circuit: Circuit = config.problem_settings(SETTINGS)?;
    let loss = match config.loss {
        Loss::Bce => Cost::Logistic,
        Loss::Accuracy => Cost::Discrete,
        ref other => {
            let remedy = "circuits take bce (logistic) or accuracy (1 - accuracy: discrete)";
            return Err(Error::setting("loss", other, remedy));
        }
    };
    let task = if config.data == "memory" { Task::Memory } else { Task::Integration };
    let trials = config.batch.unwrap_or(circuit.trials);
    if trials > MOST_TRIALS {
        return Err(Error::setting("batch", trials, format!("give 1 to {MOST_TRIALS} trials")));
    }
    let circuit = Circuit { task, loss, trials, ..circuit };
    circuit.check()?;
    Ok(Box::new(Deciding { name: config.data.clone(), seed: config.seed, circuit }))
}

impl Deciding {
    /// Scores on trials of a seed.
    fn scored(&self, gpu: &Gpu, position: &[f32], seed: u64, trials: u32) -> Result<Scores> {
        let answers = self.circuit.answers(gpu, position, seed, trials)?;
        let (losses, right): (Vec<f64>, Vec<bool>) = answers.iter().map(|answer| self.circuit.judged(*answer)).unzip();
        let loss = losses.iter().sum::<f64>() / answers.len().max(1) as f64;
        let labels: Vec<u32> = answers.iter().map(|[side, _]| u32::from(*side > 0.0)).collect();
        let said = |(label, right): (&u32, &bool)| if *right { *label } else { 1 - label };
        let predicted: Vec<u32> = labels.iter().zip(&right).map(said).collect();
        let found = scores(&predicted, &labels, 2, loss.min(WORST.into()));
        Ok(Scores { agreement: found.accuracy, ..found })
    }

    fn voltages(&self, traces: &Traces) -> Vec<(String, Vec<(f64, f64)>)> {
        let course = |neuron: usize| {
            traces.times.iter().zip(&traces.voltages).map(|(t, row)| (*t, f64::from(row[neuron]))).collect()
        };
        (0..DRAWN.min(self.circuit.neurons as usize)).map(|n| (format!("neuron {n}"), course(n))).collect()
    }
}

impl Posed for Deciding {
    fn objective(&self) -> &dyn Objective {
        &self.circuit
    }

    /// On other trials than those it learned from, both times: every generation has its own.
    fn scores(&self, gpu: &Gpu, position: &[f32]) -> Result<(Measures, Option<Measures>)> {
        let train = self.scored(gpu, position, self.seed ^ 1 << 63, self.circuit.trials.max(100))?;
        let test = self.scored(gpu, position, self.seed, TESTED)?;
        Ok((Measures::Classes(train), Some(Measures::Classes(test))))
    }

    fn sizes(&self) -> [usize; 4] {
        [self.circuit.trials as usize, TESTED as usize, 1, 2]
    }

    fn tensors(&self, position: &[f32]) -> Vec<Tensor> {
        let n = self.circuit.neurons as usize;
        let shapes = [("input", vec![n, 3]), ("synapses", vec![n, n]), ("readout", vec![n + 1])];
        let groups = self.circuit.groups();
        let tensor = |((name, shape), group): ((&str, Vec<usize>), &crate::population::Group)| {
            let values = &position[group.offset as usize..][..(group.blocks * group.width) as usize];
            (name.to_string(), shape, values.iter().map(|value| value * group.scale).collect())
        };
        shapes.into_iter().zip(&groups).map(tensor).collect()
    }

    fn drawings(&self, gpu: &Gpu, position: &[f32]) -> Result<Vec<Drawing>> {
        let traces = self.circuit.traces(gpu, position, self.seed, 0)?;
        let title = format!("{}: a trial of side {:+}, answer {:+.2}", self.name, traces.side, traces.answer);
        let t = "t in ms".to_string();
        let spikes: Vec<(f64, f64)> = (0..self.circuit.neurons as usize)
            .flat_map(|neuron| traces.spikes(neuron).into_iter().map(move |t| (t, neuron as f64)))
            .collect();
        let course = |values: &[f32]| traces.times.iter().zip(values).map(|(t, y)| (*t, f64::from(*y))).collect();
        let phase: Vec<(f64, f64)> =
            traces.voltages.iter().zip(&traces.synapses).map(|(v, s)| (f64::from(v[0]), f64::from(s[0]))).collect();
        let drawing = |stem, x: &str, y: &str, curves, points| Drawing {
            stem,
            title: title.clone(),
            x_label: x.into(),
            y_label: y.into(),
            curves,
            points,
        };
        let readout = vec![("readout".into(), course(&traces.readout)), ("input".into(), course(&traces.input))];
        let mut all = vec![
            drawing("voltages", &t, "V in mV", self.voltages(&traces), false),
            drawing("readout", &t, "readout, input", readout, false),
            drawing("phase-plane", "V of neuron 0 in mV", "its open synapses", vec![("trial".into(), phase)], false),
        ];
        if !spikes.is_empty() {
            all.push(drawing("spikes", &t, "neuron", vec![("spikes".into(), spikes)], true));
        }
        Ok(all)
    }
}
