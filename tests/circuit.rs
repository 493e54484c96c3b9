//! Circuits of neurons on the device: against the twin, form against form, and what they learn.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;

use gradless::objective::circuit::{Circuit, Form, Integrator, Loss, Mapping, Task, Timing};
use gradless::objective::morris_lecar::Kind;
use gradless::population::Objective;
use gradless::reference;
use numbers::numbers;

/// A circuit small enough to be compiled in a moment, and short: chaos has no time.
fn small() -> Circuit {
    let timing = Timing { before: 10, stimulus: 40, silence: 10, read: 20 };
    Circuit { neurons: 6, timing: Some(timing), trials: 5, ..Circuit::default() }
}

/// Weights with which neurons fire.
fn position(circuit: &Circuit, seed: u32) -> Vec<f32> {
    let mut position: Vec<f32> = numbers(circuit.dims() as usize, seed).iter().map(|x| 1.7 * x).collect();
    for neuron in 0..circuit.neurons as usize {
        position[3 * neuron + 2] += 4.0;
    }
    position
}

/// The variants that differ in what a kernel computes.
fn variants() -> Vec<Circuit> {
    let conductance = Circuit { form: Form::Conductance, ..small() };
    vec![
        small(),
        Circuit { integrator: Integrator::Rk2, task: Task::Memory, kind: Kind::Hopf, ..small() },
        conductance.clone(),
        Circuit { integrator: Integrator::Rk2, neurons: 5, ..conductance },
        Circuit { neurons: 1, kind: Kind::Homoclinic, ..small() },
        Circuit { neurons: 35, step: 0.25, ..small() },
    ]
}

#[test]
fn neurons_do_as_their_twins_in_all_forms() {
    let Some(gpu) = common::gpu() else { return };
    for circuit in variants() {
        let position = position(&circuit, 7);
        let exact: Vec<f64> = position.iter().map(|x| f64::from(*x)).collect();
        for mapping in [Mapping::Trial, Mapping::Neuron] {
            let circuit = Circuit { mapping: Some(mapping), ..circuit.clone() };
            let traces = circuit.traces(&gpu, &position, 11, 3).unwrap();
            let trial = reference::circuit::trial(&circuit, 11, u32::MAX, 3);
            let states = reference::circuit::states(&circuit, &exact, &trial);
            assert_eq!((f64::from(traces.side), traces.times.len()), (trial.side, states.len()));
            let mut worst = [0f64; 2];
            for (step, neurons) in states.iter().enumerate() {
                for (i, neuron) in neurons.iter().enumerate() {
                    worst[0] = worst[0].max((f64::from(traces.voltages[step][i]) - neuron.v).abs());
                    worst[1] = worst[1].max((f64::from(traces.synapses[step][i]) - neuron.s).abs());
                }
            }
            let answer = reference::circuit::answer(&circuit, &exact, &states);
            let said = (f64::from(traces.answer) - answer).abs();
            let spikes: usize = (0..circuit.neurons as usize).map(|i| traces.spikes(i).len()).sum();
            println!("{mapping:?}, {} neurons: {worst:?}, {said:e} of {answer}, {spikes} spikes", circuit.neurons);
            // Roundings of 1e-7, of voltages up to 100 mV, that 60 ms with a spike or two make grow.
            assert!(worst[0] < 0.02 && worst[1] < 2e-4 && said < 2e-4, "{circuit:?}");
            assert!(spikes > 0 && answer != 0.0, "nothing happened: {circuit:?}");
        }
    }
}

#[test]
fn losses_are_those_of_the_twin_whatever_a_thread_is() {
    let Some(gpu) = common::gpu() else { return };
    for (loss, trials) in [(Loss::Logistic, 30), (Loss::Discrete, 30)] {
        let circuit = Circuit { loss, ..small() };
        let position = position(&circuit, 3);
        let exact: Vec<f64> = position.iter().map(|x| f64::from(*x)).collect();
        let wanted = reference::circuit::mean_loss(&Circuit { trials, ..circuit.clone() }, &exact, 5, u32::MAX);
        for mapping in [Mapping::Trial, Mapping::Neuron] {
            let found =
                Circuit { mapping: Some(mapping), ..circuit.clone() }.measure(&gpu, &position, 5, trials).unwrap();
            println!("{loss:?}, {mapping:?}: {found:?} for {wanted}");
            assert!((found.loss - wanted).abs() < 1e-4, "{loss:?}, {mapping:?}: {found:?} for {wanted}");
            if loss == Loss::Discrete {
                assert!((found.accuracy - (1.0 - wanted)).abs() < 1e-9);
            }
        }
    }
}

/// Against central differences of the twin, coordinate by coordinate, relative to the largest of the group.
#[test]
fn gradients_through_time_are_those_of_differences() {
    let Some(gpu) = common::gpu() else { return };
    // Spelt out; in loops; steps so short that 10 ms are many.
    for circuit in [small(), Circuit { neurons: 22, trials: 2, ..small() }, Circuit { step: 0.1, trials: 2, ..small() }]
    {
        let position = position(&circuit, 5);
        let exact: Vec<f64> = position.iter().map(|x| f64::from(*x)).collect();
        let (loss, gradient) = circuit.gradient(&gpu, &position, 4).unwrap();
        let wanted = reference::circuit::mean_loss(&circuit, &exact, 4, u32::MAX);
        assert!((f64::from(loss) - wanted).abs() < 1e-4, "{loss} for {wanted}");
        assert_eq!(gradient.len(), position.len());
        for (number, group) in circuit.groups().iter().enumerate() {
            let coordinates = group.offset as usize..(group.offset + group.blocks * group.width) as usize;
            let most = coordinates.len().div_ceil(40);
            let slopes: Vec<(f64, f64)> = coordinates
                .step_by(most)
                .map(|i| {
                    let loss = |by: f64| {
                        let mut moved = exact.clone();
                        moved[i] += by;
                        reference::circuit::mean_loss(&circuit, &moved, 4, u32::MAX)
                    };
                    (f64::from(gradient[i]), (loss(1e-4) - loss(-1e-4)) / 2e-4 / f64::from(group.scale))
                })
                .collect();
            let size = slopes.iter().map(|(_, exact)| exact.abs()).fold(0.0, f64::max);
            let worst = slopes.iter().map(|(found, exact)| (found - exact).abs()).fold(0.0, f64::max) / size;
            println!("{} neurons, group {number}: {worst:e} of {size:e}", circuit.neurons);
            assert!(size > 1e-5 && worst < 2e-3, "{} neurons, group {number}: {worst} of {size}", circuit.neurons);
        }
    }
}
