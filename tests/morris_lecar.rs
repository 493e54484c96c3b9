//! The Morris-Lecar neuron against firing rates and spike times that a solver with a tolerance of 1e-9 found.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::gpu::Gpu;
use gradless::objective::morris_lecar::{HOMOCLINIC, HOPF, MorrisLecar, SNLC};
use gradless::objective::ode::{Ode, find};

/// When each of these neurons fires in so many milliseconds from V = -60, w = 0: upward crossings of 0 mV, steps of
/// `step` ms by the method of Runge and Kutta, all currents at once.
fn spikes(gpu: &Gpu, neuron: MorrisLecar, currents: &[f32], end: f64, step: f64) -> Vec<Vec<f64>> {
    let ode = Ode { end, steps: (end / step) as u32, ..Ode::new(find("morris-lecar").unwrap()) };
    let constants: Vec<f32> =
        currents.iter().flat_map(|current| neuron.named(*current).map(|(_, value)| value)).collect();
    let solution = ode.integrate(gpu, &[-60.0, 0.0].repeat(currents.len()), &constants).unwrap();
    let voltage = |sample: usize, neuron| f64::from(solution.state(sample, neuron).unwrap()[0]);
    let crossed = |neuron: usize, sample: usize| {
        let (before, after) = (voltage(sample - 1, neuron), voltage(sample, neuron));
        let share = before / (before - after);
        let [from, to] = [solution.times[sample - 1], solution.times[sample]];
        (before < 0.0 && after >= 0.0).then_some(from + share * (to - from))
    };
    let samples = solution.times.len();
    (0..currents.len()).map(|neuron| (1..samples).filter_map(|sample| crossed(neuron, sample)).collect()).collect()
}

/// Spikes in a second, from the intervals between those in the second half of 4 s.
fn rate(spikes: &[f64]) -> f64 {
    let late: Vec<f64> = spikes.iter().copied().filter(|time| *time >= 2000.0).collect();
    if late.len() < 2 { 0.0 } else { 1000.0 * (late.len() as f64 - 1.0) / (late[late.len() - 1] - late[0]) }
}

fn check(neuron: MorrisLecar, table: &[(f32, f64)]) {
    let Some(gpu) = common::gpu() else { return };
    let currents: Vec<f32> = table.iter().map(|(current, _)| *current).collect();
    for ((current, wanted), spikes) in table.iter().zip(spikes(&gpu, neuron, &currents, 4000.0, 0.25)) {
        let found = rate(&spikes);
        println!("I = {current}: {found:.3} Hz for {wanted}");
        assert!((found - wanted).abs() < 0.05, "I = {current}: {found} Hz for {wanted}");
    }
}

#[test]
fn a_neuron_on_an_invariant_circle_fires_as_slowly_as_one_likes() {
    check(
        SNLC,
        &[
            (39.9, 0.0),
            (40.0, 1.060),
            (41.0, 5.106),
            (45.0, 10.070),
            (50.0, 13.237),
            (60.0, 17.059),
            (80.0, 21.322),
            (100.0, 23.768),
        ],
    );
}

#[test]
fn a_neuron_beyond_a_hopf_bifurcation_fires_at_once_and_falls_silent_at_high_currents() {
    check(
        HOPF,
        &[
            (88.0, 0.0),
            (90.0, 9.735),
            (94.0, 10.781),
            (100.0, 11.725),
            (120.0, 13.608),
            (150.0, 15.114),
            (200.0, 15.239),
            (220.0, 0.0),
        ],
    );
}

#[test]
fn a_neuron_at_a_homoclinic_orbit_fires_fast_in_a_narrow_range() {
    check(HOMOCLINIC, &[(38.0, 0.0), (40.0, 41.60), (45.0, 0.0)]);
}

#[test]
fn the_thirteenth_spike_is_on_time() {
    let Some(gpu) = common::gpu() else { return };
    let spikes = &spikes(&gpu, SNLC, &[50.0], 1000.0, 0.1)[0];
    assert_eq!(spikes.len(), 13);
    println!("{spikes:?}");
    for (number, wanted) in [(0, 48.1007), (1, 123.644), (2, 199.188), (12, 954.623)] {
        assert!((spikes[number] - wanted).abs() < 0.1, "spike {}: {} for {wanted}", number + 1, spikes[number]);
    }
}

#[test]
fn the_systems_usual_constants_are_those_of_the_table() {
    let system = find("morris-lecar").unwrap();
    let named: Vec<(&str, f32)> = system.constants.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(named, SNLC.named(50.0));
}
