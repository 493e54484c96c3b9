//! `gradless simulate` from the command line: reports and folders, users' own systems, many sets of values, errors.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

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
        ("lorenz --initial w=2", "x, y, z"),
        ("lorenz --initial x=1..0", "lower end first"),
        ("lorenz -s rho=1..inf", "lower end first"),
        ("lorenz -s rho=few", "give a number"),
        ("lorenz --sets 5", "give a range"),
        ("lorenz -s rho=1..2 --sets 0", "sets = 0"),
        ("lorenz --tolerance 1e-4", "dormand-prince"),
        ("lorenz --integrator dormand-prince --tolerance 1e-9", "1e-6 to 0.1"),
        ("lorenz --integrator dormand-prince --tolerance 1e-3,1,2", "one absolute"),
    ] {
        let output = simulate(home.path(), arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains(told), "{arguments}: {errors}");
    }
}

/// A pendulum that a user wrote; its lines are counted below.
const PENDULUM: &str = "// A pendulum.
//! state angle = 1, speed = 0
//! constants arm = 2, drag = 0.1
//! time 0 12
//! steps 600
const GRAVITY = 9.81;
fn pull(angle: f32) -> f32 { return -GRAVITY / constants[arm] * sin(angle); }
fn rhs(t: f32, y: State) -> State {
    return State(y[speed], pull(y[angle]) - constants[drag] * y[speed]);
}
";

/// The JSON report of a run that must succeed.
fn report(home: &std::path::Path, arguments: &str) -> serde_json::Value {
    let output = simulate(home, &format!("{arguments} --json"));
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn simulate_takes_a_system_of_the_users_own() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("pendulum.wgsl"), PENDULUM).unwrap();
    let usual = report(home.path(), "pendulum.wgsl --out a");
    assert_eq!(
        (&usual["system"], &usual["steps"], &usual["end"]),
        (&"pendulum.wgsl".into(), &600.into(), &12.0.into())
    );
    assert_eq!(std::fs::read_to_string(home.path().join("a/system.wgsl")).unwrap(), PENDULUM);
    // Small swings have a period of 2 pi sqrt(arm / gravity).
    let period = 2.0 * std::f32::consts::PI * (3.0f32 / 9.81).sqrt();
    let asked = format!("pendulum.wgsl -s drag=0 -s arm=3 --initial angle=0.01 --end {period} --steps 2000 --out b");
    let small = report(home.path(), &asked);
    let state: Vec<f64> = small["state"].as_array().unwrap().iter().map(|y| y.as_f64().unwrap()).collect();
    assert!((state[0] - 0.01).abs() < 1e-6 && state[1].abs() < 1e-6, "{state:?}");
    let adapted = report(home.path(), "pendulum.wgsl --integrator dormand-prince --tolerance 1e-6 --out c");
    let apart = |i: usize| (adapted["state"][i].as_f64().unwrap() - usual["state"][i].as_f64().unwrap()).abs();
    assert!(apart(0) < 1e-4 && apart(1) < 1e-4 && adapted["tries"].as_u64() > Some(199), "{adapted}");
    assert!(simulate(home.path(), "pendulum.wgsl").status.success());
    assert!(home.path().join("runs/simulate-pendulum-1/trajectory.png").exists());
}

#[test]
fn simulate_integrates_many_sets_at_once() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("pendulum.wgsl"), PENDULUM).unwrap();
    let one = report(home.path(), "pendulum.wgsl -s arm=1..4 --sets 301 --out one");
    assert_eq!((&one["sets"], &one["lost"]["count"]), (&301.into(), &0.into()));
    assert!(one["trajectories_per_second"]["device"].as_f64().unwrap() > 0.0);
    let text = std::fs::read_to_string(home.path().join("one/sets.csv")).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["set", "arm", "angle", "speed", "lost at"]);
    assert_eq!((rows.len(), rows[1][1], rows[101][1], rows[301][1]), (302, "1", "2", "4"));
    // The set in the middle as it goes alone.
    let alone = report(home.path(), "pendulum.wgsl --out alone");
    let angle: f64 = rows[101][2].parse().unwrap();
    assert!((angle - alone["state"][0].as_f64().unwrap()).abs() < 1e-5, "{angle}");
    let shown = std::fs::read_to_string(home.path().join("one/trajectory.csv")).unwrap();
    assert!(shown.starts_with("set,t,angle,speed\n0,0,1,0\n") && shown.lines().count() > 19 * 200, "{shown:.80}");
    for name in ["ends.png", "trajectory.png", "config.toml"] {
        assert!(home.path().join("one").join(name).exists(), "{name}");
    }
    // Two ranges, one of them of a start; from one seed the same.
    let asked = "pendulum.wgsl -s drag=0..1 --initial angle=0.1..3 --integrator dormand-prince --sets 50 --seed 4";
    let two = report(home.path(), &format!("{asked} --out two"));
    assert_eq!(two["ends"], report(home.path(), &format!("{asked} --out again"))["ends"]);
    assert_eq!(two["ranged"], serde_json::json!(["angle at the start", "drag"]));
    assert!(!home.path().join("two/ends.png").exists() && home.path().join("two/trajectory.png").exists());
    assert_eq!(report(home.path(), "pendulum.wgsl -s drag=0..1 --out usual")["sets"], 1000);
}

#[test]
fn simulate_counts_the_sets_that_are_lost() {
    if common::gpu().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    // x = s / (1 - s t) has its pole at 1 / s: lost by t = 2 where s is above a half.
    let text = "//! state x = 1\n//! constants s = 1\n//! time 0 2
fn rhs(t: f32, y: State) -> State { return State(constants[s] * y[x] * y[x]); }";
    std::fs::write(home.path().join("pole.wgsl"), text).unwrap();
    for integrator in ["rk4", "dormand-prince"] {
        let asked = format!("pole.wgsl -s s=-1..1 --sets 201 --integrator {integrator} --out {integrator}");
        let lost = report(home.path(), &asked)["lost"].clone();
        assert!((49..=51).contains(&lost["count"].as_u64().unwrap()), "{integrator}: {lost}");
        assert!((lost["first"].as_f64().unwrap() - 1.0).abs() < 0.1, "{integrator}: {lost}");
        let text = std::fs::read_to_string(home.path().join(integrator).join("sets.csv")).unwrap();
        assert!(text.lines().last().unwrap().starts_with("200,1,,"), "{text:.80}");
    }
}

#[test]
fn simulate_fails_with_a_reason_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
    let pole = "//! state x = 1\n//! time 0 2\nfn rhs(t: f32, y: State) -> State { return State(y[x] * y[x]); }";
    file("pole.wgsl", pole);
    file("typing.wgsl", &PENDULUM.replace("sin(angle)", "sine(angle)"));
    file("steps.wgsl", &PENDULUM.replace("steps 600", "steps 0"));
    file("double.wgsl", &PENDULUM.replace("drag = 0.1", "arm = 0.1"));
    file("entry.wgsl", &format!("{PENDULUM}@compute @workgroup_size(1) fn main() {{}}"));
    file("import.wgsl", &format!("{PENDULUM}//! import grid"));
    file("header.wgsl", "fn rhs(t: f32, y: State) -> State { return y; }");
    file("bytes.wgsl", "");
    std::fs::write(home.path().join("bytes.wgsl"), [0xff, 0xfe, 0x00]).unwrap();
    let mut cases = vec![
        ("missing.wgsl", "missing.wgsl"),
        ("bytes.wgsl", "bytes.wgsl"),
        ("typing.wgsl", "typing.wgsl:7: "),
        ("steps.wgsl", "steps.wgsl:5: give a number of steps"),
        ("double.wgsl", "double.wgsl:3: `arm` is there already"),
        ("entry.wgsl", "entry.wgsl:11: a system has no entry point"),
        ("import.wgsl", "import.wgsl:11: a system imports nothing"),
        ("header.wgsl", "header.wgsl:1: name the components"),
    ];
    if common::gpu().is_some() {
        cases.extend([
            ("pole.wgsl", "no longer finite at t = 1"),
            ("pole.wgsl --integrator dormand-prince", "too small for f32 at t = 1"),
            ("pole.wgsl --initial x=1..2 --sets 10", "every one of 10 trajectories"),
            ("van-der-pol -s mu=1000 --end 2000 --integrator dormand-prince", "the system is stiff"),
            ("van-der-pol -s mu=1000 --end 2000", "an integrator for stiff systems"),
        ]);
    }
    for (arguments, told) in cases {
        let output = simulate(home.path(), arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && errors.contains(told), "{arguments}: {errors}");
        assert!(output.stdout.is_empty() && !home.path().join("runs").exists(), "{arguments}");
    }
}
