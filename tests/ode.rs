//! Differential equations on the device: against the twin, against known answers, and from the command line.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::objective::ode::{Grid, Integrator, Loss, Ode, SYSTEMS, System, Tolerance, find, spread};
use gradless::reference;

/// The same in `f64`, over the same times.
fn twin(ode: &Ode) -> Vec<f64> {
    let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
    let constants: Vec<f64> = ode.system.constants.iter().map(|(_, value)| f64::from(*value)).collect();
    let rhs = |t: f64, y: &[f64]| ode.system.twin.unwrap()(t, y, &constants);
    reference::ode::integrate(ode.integrator, rhs, &ode.times().unwrap(), &wide(&ode.system.initial))
}

/// The largest difference of a component, relative to its size or to the floor.
fn apart(found: &[f32], wanted: &[f64], floor: f64) -> f64 {
    let part = |(found, wanted): (&f32, &f64)| (f64::from(*found) - wanted).abs() / wanted.abs().max(floor);
    found.iter().zip(wanted).map(part).fold(0.0, f64::max)
}

/// y' = -2 (t - 1) y, which is exp(-(t - 1)²): the end at t = 1 is 1.
fn bell() -> System {
    let text = "//! source a function of the time as well
//! state y = 0.36787944
//! constants width = 2
//! time 0 1
//! steps 10
fn rhs(t: f32, s: State) -> State { return State(-constants[width] * (t - 1.0) * s[y]); }";
    let twin = |t: f64, y: &[f64], constants: &[f64]| vec![-constants[0] * (t - 1.0) * y[0]];
    System { twin: Some(twin), ..System::own("bell.wgsl", text).unwrap() }
}

#[test]
fn errors_on_the_device_fall_with_the_order_of_the_integrator() {
    let Some(gpu) = common::gpu() else { return };
    let system = bell();
    for integrator in Integrator::ALL {
        // Few enough steps that rounding to f32, 1e-7, is not what is measured, and enough for the order to show.
        let (steps, end) = [(40, 1.0), (20, 1.0), (20, 1.5), (6, 1.0), (3, 1.5)][integrator.order() as usize - 1];
        let error = |steps| {
            let ode = Ode { integrator, steps, end, ..Ode::new(&system) };
            (f64::from(ode.solve(&gpu).unwrap().end(0).unwrap()[0]) - (-(end - 1.0).powi(2)).exp()).abs()
        };
        let measured = (error(steps) / error(2 * steps)).log2();
        let order = f64::from(integrator.order());
        assert!((measured - order).abs() < 0.35, "{}: order {measured}", integrator.name());
    }
}

#[test]
fn every_system_goes_as_its_twin_under_every_integrator() {
    let Some(gpu) = common::gpu() else { return };
    for system in SYSTEMS.iter() {
        for integrator in Integrator::ALL {
            // Short enough for chaos not to matter; explicit integrators need tiny steps on stiff systems.
            let span = match (system.first.is_some(), integrator.is_implicit()) {
                (true, true) => 1e-3,
                (true, false) => 1e-10,
                (false, _) => 0.1 * (system.end - system.start),
            };
            let ode = Ode { integrator, grid: Grid::Uniform, steps: 400, end: system.start + span, ..Ode::new(system) };
            let end = ode.solve(&gpu).unwrap().end(0).unwrap();
            let apart = apart(&end, &twin(&ode), 1e-6);
            assert!(apart < 1e-4, "{}, {}: {apart:e}", system.name, integrator.name());
        }
    }
}

/// Robertson's reaction at t = 1e5, by Radau with a tolerance of 1e-12.
const ROBER: [f64; 3] = [1.786592114210e-2, 7.274751468437e-8, 9.821340061104e-1];

#[test]
fn robertsons_reaction_is_right_after_100_steps_to_1e5() {
    let Some(gpu) = common::gpu() else { return };
    let system = find("rober").unwrap();
    // What each method leaves at this grid, in f64 or in f32, with some room.
    for (integrator, bound) in [
        (Integrator::Rodas3, 5e-4),
        (Integrator::Rosenbrock23, 8e-3),
        (Integrator::Ros2, 3e-2),
        (Integrator::ImplicitEuler, 4e-1),
    ] {
        let ode = Ode { integrator, ..Ode::new(system) };
        assert_eq!((ode.steps, ode.end, ode.grid), (100, 1e5, Grid::Geometric(1e-5)));
        let end = ode.solve(&gpu).unwrap().end(0).unwrap();
        let wrong = apart(&end, &ROBER, 0.0);
        let (name, twins) = (integrator.name(), twin(&ode));
        println!(
            "{name}: {wrong:e} off, twin {:e} off",
            apart(&twins.iter().map(|y| *y as f32).collect::<Vec<_>>(), &ROBER, 0.0)
        );
        assert!(wrong < bound, "{name}: {wrong:e}");
        assert!((end.iter().sum::<f32>() - 1.0).abs() < 5e-6, "{name}: mass {}", end.iter().sum::<f32>());
        assert!(apart(&end, &twins, 0.0) < 2e-4, "{name}: {:e} from its twin", apart(&end, &twins, 0.0));
    }
    let fine = Ode { steps: 400, ..Ode::new(system) };
    let wrong = apart(&fine.solve(&gpu).unwrap().end(0).unwrap(), &ROBER, 0.0);
    assert!(wrong < 3e-5, "400 steps: {wrong:e}");
}

/// The pollution problem at t = 60, likewise.
const POLLU: [f64; 20] = [
    5.646255480023e-2,
    1.342484130422e-1,
    4.139734331099e-9,
    5.523140207484e-3,
    2.018977262302e-7,
    1.464541863494e-7,
    7.784249118998e-2,
    3.245075353396e-1,
    7.494013383880e-3,
    1.622293157302e-8,
    1.135863833257e-8,
    2.230505975721e-3,
    2.087162882799e-4,
    1.396921016840e-5,
    8.964884856898e-3,
    4.352846369330e-18,
    6.899219696263e-3,
    1.007803037366e-4,
    1.772146513970e-6,
    5.682943292316e-5,
];

#[test]
fn the_pollution_problem_is_right_after_100_steps() {
    let Some(gpu) = common::gpu() else { return };
    let end = Ode::new(find("pollu").unwrap()).solve(&gpu).unwrap().end(0).unwrap();
    let wrong = apart(&end, &POLLU, 0.0);
    println!("{wrong:e} off");
    assert!(wrong < 1e-3, "{wrong:e}");
}

#[test]
fn prey_and_predators_keep_their_constant_of_motion() {
    let Some(gpu) = common::gpu() else { return };
    let system = find("lotka-volterra").unwrap();
    let solution = Ode::new(system).solve(&gpu).unwrap();
    let [birth, eaten, growth, death] = [0, 1, 2, 3].map(|k| f64::from(system.constants[k].1));
    let motion = |sample| {
        let y: Vec<f64> = solution.state(sample, 0).unwrap().into_iter().map(f64::from).collect();
        growth * y[0] - death * y[0].ln() + eaten * y[1] - birth * y[1].ln()
    };
    for sample in 0..solution.times.len() {
        assert!((motion(sample) - motion(0)).abs() < 1e-5, "{} at {}", motion(sample), solution.times[sample]);
    }
}

#[test]
fn long_integrations_are_cut_and_lose_no_step() {
    let Some(gpu) = common::gpu() else { return };
    let system = find("van-der-pol").unwrap();
    let ode = Ode { integrator: Integrator::Rk2, steps: 200_000, every: 60_000, ..Ode::new(system) };
    let solution = ode.solve(&gpu).unwrap();
    assert_eq!(solution.times, [0.0, 6.0, 12.0, 18.0, 20.0]);
    // So many roundings of 6e-8 each: their sum, not the method, is the error.
    let apart = apart(&solution.end(0).unwrap(), &twin(&ode), 1.0);
    assert!(apart < 1e-3, "{apart:e}");
}

#[test]
fn every_trajectory_has_its_own_start_and_constants() {
    let Some(gpu) = common::gpu() else { return };
    let system = find("van-der-pol").unwrap();
    let ode = Ode { steps: 300, end: 3.0, every: 300, ..Ode::new(system) };
    let count = 1000;
    let initial: Vec<f32> = (0..count).flat_map(|n| [n as f32 * 0.002, 1.0 - n as f32 * 0.001]).collect();
    let constants: Vec<f32> = (0..count).map(|n| 0.001 * n as f32).collect();
    let solution = ode.integrate(&gpu, &initial, &constants).unwrap();
    assert_eq!(solution.trajectories(), count);
    for n in [0, 1, 499, 999] {
        let start = [f64::from(initial[2 * n]), f64::from(initial[2 * n + 1])];
        let rhs = |t: f64, y: &[f64]| system.twin.unwrap()(t, y, &[f64::from(constants[n])]);
        let wanted = reference::ode::integrate(ode.integrator, rhs, &ode.times().unwrap(), &start);
        assert!(apart(&solution.end(n).unwrap(), &wanted, 0.1) < 1e-4, "trajectory {n}");
    }
}

#[test]
fn a_trajectory_that_blows_up_is_known_by_its_time_and_harms_no_other() {
    let Some(gpu) = common::gpu() else { return };
    // y' = y²: from 1 it is 1 / (1 - t); from -1 it goes to zero.
    let text = "//! state x = 1\n//! time 0 2\nfn rhs(t: f32, y: State) -> State { return State(y[x] * y[x]); }";
    let system = System::own("square.wgsl", text).unwrap();
    let ode = Ode { steps: 200, ..Ode::new(&system) };
    let solution = ode.integrate(&gpu, &[1.0, -1.0], &[]).unwrap();
    let lost = solution.lost(0).unwrap();
    assert!((1.0..1.2).contains(&lost), "lost at {lost}");
    assert!(solution.end(0).is_none() && solution.state(50, 0).is_some() && solution.lost(1).is_none());
    assert!((solution.end(1).unwrap()[0] + 1.0 / 3.0).abs() < 1e-5);
}

#[test]
fn an_ensemble_goes_as_its_trajectories_do_alone() {
    let Some(gpu) = common::gpu() else { return };
    let system = find("van-der-pol").unwrap();
    // Enough that a thread has several on processors, and a number that does not fill the last thread; then a number of
    // steps that is odd.
    let sets = 5_003;
    let mu = spread(&[(0.1, 8.0)], sets, 1).unwrap();
    for (steps, every) in [(1_000, 1_000), (333, 100)] {
        let ode = Ode { steps, every, end: 10.0, ..Ode::new(system) };
        let all = ode.integrate(&gpu, &[2.0, 0.0].repeat(sets), &mu).unwrap();
        assert_eq!(all.trajectories(), sets);
        for one in [0, 1, 7, 8, 2_500, sets - 1] {
            let alone = ode.integrate(&gpu, &[2.0, 0.0], &mu[one..=one]).unwrap();
            for sample in 0..alone.times.len() {
                let wanted: Vec<f64> = alone.state(sample, 0).unwrap().into_iter().map(f64::from).collect();
                assert!(apart(&all.state(sample, one).unwrap(), &wanted, 0.1) < 1e-4, "{one} at {sample}");
            }
        }
    }
}

#[test]
fn the_error_follows_the_tolerance() {
    let Some(gpu) = common::gpu() else { return };
    // Lorenz' butterfly before its chaos shows, and an oscillation with steep turns; both against fine steps in f64.
    for (name, end) in [("lorenz", 3.0), ("van-der-pol", 20.0), ("lotka-volterra", 10.0)] {
        let system = find(name).unwrap();
        let fine = twin(&Ode { integrator: Integrator::Rk4, steps: 100_000, end, ..Ode::new(system) });
        let mut before = f64::INFINITY;
        for (relative, bound) in [(1e-2, 0.3), (1e-4, 1e-2), (1e-6, 2e-4)] {
            let tolerance = Some(Tolerance { relative, absolute: 1e-3 * relative });
            let integrator = Integrator::DormandPrince;
            let ode = Ode { integrator, tolerance, steps: 20, end, ..Ode::new(system) };
            let solution = ode.solve(&gpu).unwrap();
            let error = apart(&solution.end(0).unwrap(), &fine, 1.0);
            let constants: Vec<f64> = system.constants.iter().map(|(_, value)| f64::from(*value)).collect();
            let rhs = |t: f64, y: &[f64]| system.twin.unwrap()(t, y, &constants);
            let start: Vec<f64> = system.initial.iter().map(|y| f64::from(*y)).collect();
            let allowed = (f64::from(relative), 1e-3 * f64::from(relative));
            let (twin, tries) = reference::ode::adapted(rhs, &ode.times().unwrap(), &start, allowed);
            let twin_apart = twin.iter().zip(&fine).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f64::max);
            println!(
                "{name} {relative:e}: {error:e} after {} tries, twin {twin_apart:e} after {tries}",
                solution.tries
            );
            assert!(error < bound && error < before, "{name} at {relative:e}: {error:e}");
            // The same control: about the same number of steps.
            let ratio = solution.tries as f64 / f64::from(tries);
            assert!((0.9..1.1).contains(&ratio), "{name} at {relative:e}: {} tries, twin {tries}", solution.tries);
            before = error;
        }
    }
}

#[test]
fn steps_that_follow_the_error_end_at_the_times_of_the_grid() {
    let Some(gpu) = common::gpu() else { return };
    let system = find("lotka-volterra").unwrap();
    let tolerance = Some(Tolerance { relative: 1e-6, absolute: 1e-9 });
    let adapted = Ode { integrator: Integrator::DormandPrince, tolerance, steps: 17, every: 3, ..Ode::new(system) };
    let solution = adapted.solve(&gpu).unwrap();
    assert_eq!(solution.times.len(), 7);
    let fine = Ode { steps: 1700, every: 300, ..Ode::new(system) }.solve(&gpu).unwrap();
    for (sample, time) in solution.times.iter().enumerate() {
        assert!((time - fine.times[sample]).abs() < 1e-12);
        let wanted: Vec<f64> = fine.state(sample, 0).unwrap().into_iter().map(f64::from).collect();
        assert!(apart(&solution.state(sample, 0).unwrap(), &wanted, 0.1) < 3e-5, "at {time}");
    }
}

#[test]
fn what_an_explicit_method_cannot_do_ends_with_its_reason() {
    let Some(gpu) = common::gpu() else { return };
    let tolerance = Some(Tolerance::default());
    let ode =
        Ode { integrator: Integrator::DormandPrince, tolerance, steps: 200, ..Ode::new(find("van-der-pol").unwrap()) };
    // Stiff for the second one; the first is done long before.
    let stiff = Ode { end: 2000.0, ..ode.clone() };
    let solution = stiff.integrate(&gpu, &[2.0, 0.0, 2.0, 0.0], &[1.0, 1000.0]).unwrap();
    assert_eq!((solution.loss(0), solution.loss(1)), (None, Some(Loss::TooManySteps)));
    let time = solution.lost(1).unwrap();
    assert!((20.0..1000.0).contains(&time) && solution.end(1).is_none() && solution.state(0, 1).is_some(), "{time}");
    // A pole at t = 1.
    let pole = System::own(
        "pole.wgsl",
        "//! state x = 1\n//! time 0 2\nfn rhs(t: f32, y: State) -> State { return State(y[x] * y[x]); }",
    );
    let pole = pole.unwrap();
    let solution = Ode { end: 2.0, system: &pole, ..ode.clone() }.integrate(&gpu, &[1.0, -1.0], &[]).unwrap();
    assert!(matches!(solution.loss(0), Some(Loss::StepTooSmall | Loss::NotFinite)), "{:?}", solution.loss(0));
    assert!((solution.lost(0).unwrap() - 1.0).abs() < 1e-3 && solution.loss(1).is_none());
    assert!((solution.end(1).unwrap()[0] + 1.0 / 3.0).abs() < 1e-5);
    // Not finite from the start.
    let text = "//! state x = 1\n//! constants zero = 0\nfn rhs(t: f32, y: State) -> State { return State(y[x] / constants[zero]); }";
    let never = System::own("never.wgsl", text).unwrap();
    assert_eq!(Ode { system: &never, ..ode.clone() }.solve(&gpu).unwrap().loss(0), Some(Loss::NotFinite));
    for relative in [1e-7, 0.5, f32::NAN] {
        let tolerance = Some(Tolerance { relative, absolute: 0.0 });
        let error = Ode { tolerance, ..ode.clone() }.solve(&gpu).unwrap_err().to_string();
        assert!(error.contains("1e-6 to 0.1"), "{error}");
    }
    assert!(Ode { integrator: Integrator::Rk4, ..ode }.solve(&gpu).unwrap_err().to_string().contains("dormand-prince"));
}

#[test]
fn a_right_hand_side_that_is_wrong_is_told_at_its_line() {
    let Some(gpu) = common::gpu() else { return };
    let wgsl = "fn rhs(t: f32, y: State) -> State {\n    return State(x);\n}".into();
    let error = Ode::new(&System { wgsl, ..bell() }).solve(&gpu).unwrap_err().to_string();
    assert!(error.starts_with("bell.wgsl:2:"), "{error}");
    let system = bell();
    assert!(Ode::new(&system).integrate(&gpu, &[1.0], &[]).is_err());
    assert!(Ode::new(&system).integrate(&gpu, &[], &[]).is_err());
    assert!(Ode::new(&system).integrate(&gpu, &[f32::NAN], &[1.0]).is_err());
}
