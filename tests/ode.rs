//! Differential equations on the device: against the twin, against known answers, and from the command line.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::objective::ode::{Grid, Integrator, Ode, SYSTEMS, System, find};
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

/// The program, in a folder of its own.
fn simulate(home: &std::path::Path, arguments: &str) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gradless"));
    command.current_dir(home).env("NODEVICE_SELECT", "1").arg("simulate");
    command.args(arguments.split_whitespace()).output().unwrap()
}

#[test]
fn simulate_reports_and_leaves_its_folder() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let output = simulate(home.path(), "lorenz --integrator rk4 --steps 500 --end 2 -s rho=20 --json --out here");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["command"], &report["system"]), (&"simulate".into(), &"lorenz".into()));
    assert_eq!(report["constants"]["rho"], 20.0);
    let (times, states) = (report["t"].as_array().unwrap(), report["y"].as_array().unwrap());
    assert!(times.len() == states.len() && times.len() > 50 && times.len() <= 102, "{} samples", times.len());
    assert_eq!((&times[0], &times[times.len() - 1]), (&0.0.into(), &2.0.into()));
    assert_eq!(states[states.len() - 1], report["state"]);
    let csv = std::fs::read_to_string(home.path().join("here/trajectory.csv")).unwrap();
    assert!(csv.starts_with("t,x,y,z\n0,1,1,1\n") && csv.lines().count() == 502, "{csv:.80}");
    for name in ["config.toml", "trajectory.png", "trajectory.svg"] {
        assert!(home.path().join("here").join(name).metadata().unwrap().len() > 100, "{name}");
    }
    assert!(simulate(home.path(), "van-der-pol").status.success());
    assert!(home.path().join("runs/simulate-van-der-pol-1/trajectory.png").exists());
    assert!(simulate(home.path(), "--list").status.success());
}

#[test]
fn simulate_refuses_what_makes_no_sense() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, told) in [
        ("nowhere", "there is van-der-pol"),
        ("lorenz --integrator rk5", "there is euler"),
        ("lorenz --steps 0", "steps = 0"),
        ("lorenz --end -1", "end = -1"),
        ("lorenz --grid log", "geometric:1e-5"),
        ("lorenz --grid geometric:0", "longer than 0"),
        ("lorenz -s tau=1", "sigma, rho, beta"),
        ("lorenz --initial 1,2", "x, y, z"),
    ] {
        let output = simulate(home.path(), arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains(told), "{arguments}: {errors}");
    }
}
