//! Circuits of neurons on the device: against the twin, form against form, and what they learn.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;
#[path = "common/placed.rs"]
mod placed;

use gradless::gpu::{Gpu, Recording};
use gradless::objective::circuit::{Circuit, Form, Integrator, Loss, Mapping, Receptor, Task, Timing};
use gradless::objective::morris_lecar::Kind;
use gradless::optimizer::{ByBlocks, Descent, Eggroll, Name, OpenAiEs, Partition, Pso, Rule, Subspace, Update};
use gradless::population::{Context, Objective, Optimizer, Points, Shape, WORST};
use gradless::reference;
use gradless::run::Run;
use numbers::numbers;
use placed::place;

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
        Circuit { neurons: 1, kind: Kind::Homoclinic, form: Form::Conductance, ..small() },
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
            let highest = traces.voltages.iter().flatten().copied().fold(-120.0, f32::max);
            println!("{mapping:?}, {} neurons: {worst:?}, {said:e} of {answer}, up to {highest} mV", circuit.neurons);
            // Roundings of 1e-7, of voltages up to 100 mV, that 60 ms with a spike or two make grow.
            assert!(worst[0] < 0.02 && worst[1] < 2e-4 && said < 2e-4, "{circuit:?}");
            assert!(highest > -20.0 && answer != 0.0, "nothing happened: {circuit:?}");
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

/// The fitness of candidates at these positions, in generation 3 of seed 8.
fn scored(gpu: &Gpu, circuit: &Circuit, positions: &[f32], largest_chunk: u32) -> Vec<f32> {
    let clock = gpu.upload("clock", &[8u32, 0, 3, 9, 9, 0, 0, 0]).unwrap();
    let context = Context { largest_chunk, ..Context::new(gpu, clock.view()) };
    let members = positions.len() as u32 / circuit.dims();
    let shape = Shape { blocks: 1, members, width: circuit.dims() };
    let fitness = Points::fitness_buffer(gpu, "fitness", shape).unwrap();
    let points = Points::direct(&context, "positions", shape, &fitness).unwrap();
    place(gpu, &points, positions);
    let mut recording = Recording::new();
    circuit.bind(&context).unwrap().score(&points, &mut recording).unwrap();
    gpu.run(&recording, &[fitness.view()]).unwrap().values(0)[..members as usize].to_vec()
}

#[test]
fn candidates_share_their_trials_and_a_lost_one_harms_no_other() {
    let Some(gpu) = common::gpu() else { return };
    for mapping in [Mapping::Trial, Mapping::Neuron] {
        let circuit = Circuit { mapping: Some(mapping), ..small() };
        let dims = circuit.dims() as usize;
        let mut positions: Vec<f32> = (0..7).flat_map(|member| position(&circuit, member)).collect();
        let (head, tail) = positions.split_at_mut(6 * dims);
        tail.copy_from_slice(&head[..dims]);
        // A current, a readout and a synapse without a number; a current that overflows.
        positions[dims + 4] = f32::NAN;
        positions[3 * dims - 3] = f32::INFINITY;
        positions[3 * dims + 20] = f32::NAN;
        positions[4 * dims + 2] = 3e38;
        let fitness = scored(&gpu, &circuit, &positions, u32::MAX);
        assert_eq!(fitness[1..5], [WORST; 4]);
        assert_eq!(fitness[0].to_bits(), fitness[6].to_bits());
        for member in [0, 5] {
            let exact: Vec<f64> = positions[member * dims..][..dims].iter().map(|x| f64::from(*x)).collect();
            let wanted = reference::circuit::mean_loss(&circuit, &exact, 8, 3);
            assert!((f64::from(fitness[member]) - wanted).abs() < 1e-4, "{} for {wanted}", fitness[member]);
        }
        assert_eq!(scored(&gpu, &circuit, &positions, 4), fitness, "in chunks");
        let lost = circuit.measure(&gpu, &positions[dims..2 * dims], 1, 5).unwrap();
        assert_eq!((lost.loss, lost.accuracy), (f64::from(WORST), 0.0));
    }
}

#[test]
fn trials_are_balanced_and_change_with_the_generation_unless_fixed() {
    for (fresh, same) in [(true, false), (false, true)] {
        let circuit = Circuit { fresh, ..Circuit::default() };
        let trials = |generation| -> Vec<_> {
            (0..1000).map(|number| reference::circuit::trial(&circuit, 5, generation, number)).collect()
        };
        let (first, second) = (trials(0), trials(1));
        assert_eq!(first.iter().map(|trial| trial.side).sum::<f64>(), 0.0);
        assert_eq!(first.iter().zip(&second).all(|(a, b)| a.inputs == b.inputs), same);
        // Half a standard deviation every 10 ms: 35,000 draws have a mean within 5 standard errors.
        let evidence = first.iter().flat_map(|trial| trial.inputs[5..].iter().map(|input| input * trial.side));
        let mean = evidence.sum::<f64>() / 35_000.0;
        assert!((mean - 0.5).abs() < 5.0 / 35_000f64.sqrt(), "{mean}");
        assert!(first.iter().all(|trial| trial.inputs.len() == 40 && trial.inputs[..5] == [0.0; 5]));
    }
}

/// More steps than one dispatch of a software adapter may make.
#[test]
fn long_trials_are_cut_and_lose_no_step() {
    let Some(gpu) = common::gpu() else { return };
    let timing = Timing { before: 10, stimulus: 10, silence: 690, read: 10 };
    let circuit = Circuit { neurons: 2, step: 0.01, trials: 1, timing: Some(timing), ..Circuit::default() };
    assert_eq!(circuit.steps(), 71_000);
    // Two that fire, each for itself: nothing is chaotic, and where they are tells how many steps were made.
    let mut position = vec![0.0; circuit.dims() as usize];
    for (coordinate, value) in [(2, 4.5), (5, 7.0), (10, 1.0), (11, -1.5)] {
        position[coordinate] = value;
    }
    let found = scored(&gpu, &circuit, &position, u32::MAX)[0];
    let exact: Vec<f64> = position.iter().map(|x| f64::from(*x)).collect();
    let wanted = reference::circuit::mean_loss(&circuit, &exact, 8, 3);
    // So many roundings of 4e-6 mV each move a spike by some microseconds.
    assert!((f64::from(found) - wanted).abs() < 1e-3, "{found} for {wanted}");
    let trial = reference::circuit::trial(&circuit, 8, 3, 0);
    let states = reference::circuit::states(&circuit, &exact, &trial);
    let said = reference::circuit::answer(&circuit, &exact, &states);
    let early = reference::circuit::answer(&circuit, &exact, &states[..60_001]);
    assert!((said - early).abs() > 0.1, "the end is no different from what a cut would leave: {said}, {early}");
}

#[test]
fn descriptions_are_written_and_read() {
    let receptors = vec![Receptor::GabaA, Receptor::Slow];
    let circuit = Circuit { form: Form::Conductance, receptors, kind: Kind::Hopf, loss: Loss::Discrete, ..small() };
    let text = toml::to_string(&circuit).unwrap();
    assert!(text.contains("receptors = [\"gaba-a\", \"slow\"]"), "{text}");
    assert_eq!(toml::from_str::<Circuit>(&text).unwrap(), circuit);
    assert_eq!(toml::from_str::<Circuit>("").unwrap(), Circuit::default());
    assert!(toml::from_str::<Circuit>("neuron = 3").is_err());
}

#[test]
fn what_makes_no_circuit_is_refused() {
    let Some(gpu) = common::gpu() else { return };
    let refused = |circuit: Circuit| circuit.check().unwrap_err().to_string();
    assert!(refused(Circuit { neurons: 0, ..small() }).contains("neurons = 0"));
    assert!(refused(Circuit { neurons: 257, ..small() }).contains("1 to 256"));
    assert!(refused(Circuit { trials: 0, ..small() }).contains("trials = 0"));
    for step in [0.3, 0.0, -1.0, f32::NAN, 11.0] {
        assert!(refused(Circuit { step, ..small() }).contains("whole number of steps"), "{step}");
    }
    let timing = Timing { before: 15, ..Task::Memory.timing() };
    assert!(refused(Circuit { timing: Some(timing), ..small() }).contains("before = 15"));
    let timing = Timing { read: 510, ..Task::Memory.timing() };
    assert!(refused(Circuit { timing: Some(timing), ..small() }).contains("read = 510"));
    assert!(small().measure(&gpu, &[0.0; 3], 1, 5).unwrap_err().to_string().contains("61 coordinates"));
    let position = position(&small(), 1);
    let no_gradient = |circuit: Circuit| circuit.gradient(&gpu, &position, 1).unwrap_err().to_string();
    assert!(no_gradient(Circuit { loss: Loss::Discrete, ..small() }).contains("loss = discrete"));
    assert!(no_gradient(Circuit { form: Form::Conductance, ..small() }).contains("form = conductance"));
    assert!(no_gradient(Circuit { integrator: Integrator::Rk2, ..small() }).contains("integrator = rk2"));
    let mut run = Run::new(&gpu, &small(), &OpenAiEs::default()).members(4).generations(2).start().unwrap();
    run.advance(2).unwrap();
    assert!(run.report().best.is_finite());
}

#[test]
fn whatever_moves_positions_moves_circuits() {
    let Some(gpu) = common::gpu() else { return };
    let circuit = Circuit { fresh: false, ..small() };
    let movers: [Box<dyn Optimizer>; 4] = [
        Box::new(Pso::default()),
        Box::new(Eggroll::default()),
        Box::new(ByBlocks::new(Partition::Neurons, Box::new(Pso::default()))),
        Box::new(Subspace::new(10, Box::new(OpenAiEs::default()))),
    ];
    for mover in movers {
        let mut run = Run::new(&gpu, &circuit, mover.as_ref()).members(16).generations(20).seed(6).start().unwrap();
        let first = run.advance(1).unwrap().best;
        let best = run.advance(19).unwrap().best;
        let exact: Vec<f64> = run.best().unwrap().iter().map(|x| f64::from(*x)).collect();
        let wanted = reference::circuit::mean_loss(&circuit, &exact, 6, 0);
        println!("{}: {first} to {best}", mover.name());
        assert!((f64::from(best) - wanted).abs() < 1e-3, "{}: {best} for {wanted}", mover.name());
        assert!(best < first, "{}: {first} to {best}", mover.name());
    }
}

/// Position-wise too: the last group, the last two, all.
#[test]
fn a_descent_lowers_the_loss_of_fixed_trials() {
    let Some(gpu) = common::gpu() else { return };
    let circuit = Circuit { fresh: false, trials: 8, ..small() };
    for update in [Update::All, Update::PositionWise] {
        let descent = Descent { rate: 0.05.into(), update, ..Descent::new(Name::Adam) };
        let mut run = Run::new(&gpu, &circuit, &descent).members(4).generations(30).seed(2).start().unwrap();
        let first = run.advance(1).unwrap().best;
        let last = run.advance(29).unwrap().best;
        assert!(last < 0.7 * first, "{update:?}: {first} to {last}");
    }
}

/// Generations of an evolution strategy until a centre is right in 95 of 100 of 200 trials that no run saw, checked every
/// so many; the test fails where it takes longer than it may.
fn learned(task: Task, loss: Loss, (sigma, rate, members, seed): (f32, f32, u32, u64), generations: u32) {
    let Some(gpu) = common::gpu() else { return };
    let circuit = Circuit { task, loss, ..Circuit::default() };
    let rule = Rule { rate, ..Rule::default() };
    let strategy = OpenAiEs { sigma, rule, ..OpenAiEs::default() };
    let mut run =
        Run::new(&gpu, &circuit, &strategy).members(members).generations(generations).seed(seed).start().unwrap();
    loop {
        run.advance(10).unwrap();
        let position = run.best().unwrap();
        let measure = circuit.measure(&gpu, &position, seed, 200).unwrap();
        let report = run.report();
        println!("{} {loss:?}, {}: {measure:?}, {:.1} s", task.name(), report.generation, report.seconds);
        if measure.accuracy >= 0.95 {
            return;
        }
        assert!(report.stop.is_none(), "{} {loss:?}: {measure:?}", task.name());
    }
}

#[test]
fn a_strategy_learns_to_integrate() {
    learned(Task::Integration, Loss::Logistic, (0.1, 0.05, 24, 1), 150);
}

#[test]
fn a_strategy_learns_to_integrate_from_right_and_wrong_alone() {
    learned(Task::Integration, Loss::Discrete, (0.5, 0.1, 48, 2), 150);
}

#[test]
fn a_strategy_learns_to_remember() {
    learned(Task::Memory, Loss::Logistic, (0.1, 0.05, 24, 1), 250);
}

#[test]
fn a_strategy_learns_to_remember_from_right_and_wrong_alone() {
    learned(Task::Memory, Loss::Discrete, (0.5, 0.1, 48, 2), 250);
}
