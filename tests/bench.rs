//! `gradless bench`: what it measures and writes, its knees, two reports side by side, errors, Ctrl-C. No test depends on
//! how fast anything is.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[cfg(unix)]
#[path = "common/interrupted.rs"]
mod interrupted;
#[path = "common/program.rs"]
mod program;

use gradless::bench::{Plan, Populations, Report, WORKLOADS, Workload, compared, knee};
#[cfg(unix)]
use interrupted::interrupted;
use program::{folder, gradless, json, output, refused};
use serde_json::Value;

#[test]
fn a_bench_reports_and_leaves_its_files() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let report = json(home.path(), "bench tiny gwo --population 64..256 --runs 3 --seconds 6 --out b");
    assert!(report["command"] == "bench" && ["device", "wall"].contains(&report["clock"].as_str().unwrap()));
    assert!(report["device"]["name"].is_string() && report["device"]["max_binding"].as_u64() > Some(0));
    for limit in ["copy", "driver_copy", "multiply_add"] {
        assert!(report["limits"][limit].as_f64() > Some(1e6), "{limit}: {}", report["limits"]);
    }
    let rows = report["rows"].as_array().unwrap();
    let place = |row: &Value| (row["workload"].as_str().unwrap().to_string(), row["population"].as_u64().unwrap());
    let of = |name: &str| -> Vec<u64> {
        rows.iter().map(place).filter(|(workload, _)| workload == name).map(|(_, population)| population).collect()
    };
    // A slow machine may not come to the second size.
    assert!([64, 128, 256].starts_with(&of("tiny")) && !of("tiny").is_empty(), "{rows:?}");
    assert!([64, 128, 256].starts_with(&of("gwo")) && !of("gwo").is_empty(), "{rows:?}");
    for row in rows {
        let number = |name: &str| row[name].as_f64().unwrap();
        assert!(
            (1e-6..1.5).contains(&number("copy_share")) && (1e-6..1.5).contains(&number("multiply_add_share")),
            "{row}"
        );
        let rate = row["candidates_per_second"]["median"].as_f64().unwrap();
        assert!((rate / number("population") / number("generations_per_second") - 1.0).abs() < 1e-9);
        // Fewer where the machine was too slow for the seconds given, up to five times as many where there was time.
        assert!((1..=15).contains(&row["runs"].as_array().unwrap().len()), "{row}");
        let cost = Workload::find(row["workload"].as_str().unwrap()).unwrap().cost().unwrap();
        let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
        assert!(close(1e-9 * rate * cost.bytes, number("gigabytes_per_second")));
        assert!(close(1e-9 * rate * cost.operations, number("gigaflops")));
    }
    for workload in report["workloads"].as_array().unwrap() {
        assert!(workload["knee"]["peak"].as_f64() > Some(0.0));
        assert!(["populations", "time"].contains(&workload["end"]["reason"].as_str().unwrap()), "{workload}");
    }
    let read = |name: &str| std::fs::read_to_string(home.path().join("b").join(name)).unwrap();
    let kept: Value = serde_json::from_str(&read("bench.json")).unwrap();
    assert_eq!(kept, report);
    assert_eq!(read("bench.csv").lines().count(), rows.len() + 1);
    let page = read("report.md");
    for text in ["| adapter |", "| driver |", "| backend |", "commit", "## Knees", "## tiny", "bench.png"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    for name in ["bench.png", "bench.svg", "config.toml"] {
        assert!(home.path().join("b").join(name).metadata().unwrap().len() > 50, "{name}");
    }
}

#[test]
fn tables_and_csv_say_the_same() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let arguments = "bench tiny --population 64 --runs 1 --seconds 2";
    let shown = output(home.path(), &format!("{arguments} --out a"));
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success() && text.contains("of copying") && text.contains("knee not reached"), "{text}");
    let shown = output(home.path(), &format!("{arguments} --csv"));
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success() && text.starts_with("workload,population,candidates_per_second,spread,"), "{text}");
    assert!(text.lines().nth(1).unwrap().starts_with("tiny,64,") && text.lines().count() == 2, "{text}");
    assert!(home.path().join("runs/bench-1/report.md").exists());
}

/// Every workload runs, and takes no more memory than it was reckoned to take beforehand.
#[test]
fn no_workload_takes_more_memory_than_foreseen() {
    let Some(gpu) = common::gpu() else { return };
    let populations = Populations::parse("8,48").unwrap();
    let plan = Plan { workloads: WORKLOADS.to_vec(), populations, seconds: 40.0, runs: 1, memory: None };
    let report = plan.measure(&gpu, None, &mut |_, _| true).unwrap();
    for workload in WORKLOADS {
        assert!(report.rows_of(workload.name).count() > 0, "{}", workload.name);
    }
    for row in &report.rows {
        let foreseen = Workload::find(&row.workload).unwrap().cost().unwrap().memory_of(row.population);
        assert!(row.memory <= foreseen, "{} {}: {} > {foreseen}", row.workload, row.population, row.memory);
    }
}

#[test]
fn a_sweep_ends_where_memory_does() {
    let Some(gpu) = common::gpu() else { return };
    let workload = Workload::find("tiny").unwrap();
    let cost = workload.cost().unwrap();
    // Twice what 100 candidates take: half of it may be taken.
    let memory = Some(2 * cost.memory_of(100));
    let populations = Populations::parse("64,96,4096").unwrap();
    let plan = Plan { workloads: vec![workload], populations, seconds: 30.0, runs: 2, memory };
    let report = plan.measure(&gpu, None, &mut |_, _| true).unwrap();
    let end = &report.workloads[0].end;
    assert_eq!(end.reason.name(), "memory", "{end:?}");
    assert!(end.detail.contains("4096 would take"), "{end:?}");
    assert_eq!(report.rows.iter().map(|row| row.population).collect::<Vec<_>>(), [64, 96]);
    // The two did not fit side by side, yet both have all their runs.
    assert!(report.rows.iter().all(|row| row.runs.len() == 2));
}

#[test]
fn knees_of_curves_whose_knees_are_known() {
    let curve = |rates: &[f64]| -> Vec<(u32, f64)> { (0..).map(|k| 1 << k).zip(rates.iter().copied()).collect() };
    let found = |rates: &[f64]| knee(&curve(rates)).map(|knee| (knee.population, knee.peak_population, knee.reached));
    assert_eq!(found(&[]), None);
    assert_eq!(found(&[5.0]), Some((1, 1, false)), "a point is no plateau");
    // Each knee may be the population with 90 % of the highest or one beside it: a plateau, the same with noise of a few
    // percent, one that falls once caches are left, one population at which the machine was undisturbed, or disturbed.
    for (rates, known) in [
        (&[1.0, 2.0, 4.0, 7.0, 9.5, 10.0, 10.0][..], 16),
        (&[1.1, 1.9, 4.2, 6.8, 9.6, 10.3, 9.9], 16),
        (&[1.0, 3.0, 8.0, 8.5, 4.0, 4.1], 4),
        (&[1.0, 2.0, 4.0, 4.1, 9.0, 4.0, 4.2], 4),
        (&[1.0, 2.0, 4.0, 4.1, 1.5, 4.0, 4.2], 4),
    ] {
        let (population, _, reached) = found(rates).unwrap();
        assert!(reached && [known / 2, known, 2 * known].contains(&population), "{rates:?}: {population}");
    }
    // It still rises.
    assert_eq!(found(&[1.0, 2.0, 4.0, 8.0]), Some((8, 8, false)));
    assert!(found(&[1.0, 2.0, 4.0, 4.3]).unwrap().2);
}

/// A report of made-up rates: (workload, its curve).
fn made_up(name: &str, curves: &[(&str, &[(u32, f64)])]) -> Value {
    let rows = curves.iter().flat_map(|(workload, curve)| {
        curve.iter().map(move |(population, rate)| {
            serde_json::json!({
                "workload": workload, "population": population, "candidates_per_second": {"median": rate, "spread": 0.0},
                "generations_per_second": rate / f64::from(*population), "gigabytes_per_second": 1.0, "gigaflops": 1.0,
                "copy_share": 0.5, "multiply_add_share": 0.5, "memory": 1, "setup_seconds": 0.1, "generations": 1,
                "runs": [0.1],
            })
        })
    });
    let workloads = curves.iter().map(|(workload, curve)| {
        serde_json::json!({
            "workload": workload, "bytes": 1.0, "operations": 1.0, "knee": knee(curve),
            "end": {"reason": "time", "detail": "it was up"}, "seconds": 1.0,
        })
    });
    serde_json::json!({
        "command": "bench", "version": "0", "commit": null,
        "device": {"name": name, "backend": "vulkan", "type": "discrete", "driver": "d", "max_binding": 1, "max_buffer": 1,
            "workgroup_memory": 1, "max_invocations": 1, "subgroup": [32, 32], "timestamps": true},
        "clock": "device", "processors": 2, "load": null,
        "limits": {"copy": 1e9, "driver_copy": 1e9, "multiply_add": 1e9}, "memory": {"bytes": 1, "why": "made up"},
        "seconds": 1.0, "rows": rows.collect::<Vec<_>>(), "workloads": workloads.collect::<Vec<_>>(),
    })
}

#[test]
fn two_reports_stand_side_by_side() {
    let home = folder();
    let slow = made_up("slow one", &[("pso", &[(64, 10.0), (128, 20.0), (256, 20.0)]), ("es", &[(4, 1.0)])]);
    let fast = made_up("fast one", &[("pso", &[(128, 100.0), (256, 150.0), (512, 160.0)]), ("ode", &[(8, 3.0)])]);
    for (name, report) in [("a.json", &slow), ("b.json", &fast)] {
        std::fs::write(home.path().join(name), report.to_string()).unwrap();
    }
    let [a, b] = ["a.json", "b.json"].map(|name| Report::read(&home.path().join(name)).unwrap());
    let pairs = compared(&a, &b);
    assert_eq!(pairs.iter().map(|pair| pair.workload.as_str()).collect::<Vec<_>>(), ["pso", "es", "ode"]);
    assert_eq!(pairs[0].ratio, Some(8.0));
    assert_eq!(pairs[0].populations, [(128, 5.0), (256, 7.5)]);
    assert!(pairs[1].ratio.is_none() && pairs[1].second.is_none() && pairs[2].first.is_none());
    let told = json(home.path(), "bench --compare a.json b.json");
    assert_eq!((&told["command"], &told["workloads"][0]["ratio"]), (&"bench compare".into(), &8.0.into()));
    let text = String::from_utf8(output(home.path(), "bench --compare a.json b.json").stdout).unwrap();
    for part in ["slow one", "fast one", "8.00", "128: 5.00, 256: 7.50"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn bench_refuses_what_makes_no_sense() {
    let home = folder();
    for (arguments, told) in [
        ("bench nothing", "there is tiny, medium"),
        ("bench tiny tiny", "name each once"),
        ("bench --population few", "64..65536"),
        ("bench --population 0", "64..65536"),
        ("bench --population 9..8", "64..65536"),
        ("bench es --population 7", "even"),
        ("bench --seconds 0", "seconds = 0"),
        ("bench --runs 0", "runs = 0"),
        ("bench --memory -1", "memory = -1"),
        ("bench --csv --json", "cannot be used"),
        ("bench --compare a.json", "2 values"),
    ] {
        let message = refused(home.path(), arguments, 2);
        assert!(message.contains(told), "{arguments}: {message}");
    }
    std::fs::write(home.path().join("no.json"), "{}").unwrap();
    assert!(refused(home.path(), "bench --compare no.json no.json", 1).contains("no bench.json"));
    assert!(refused(home.path(), "bench --compare gone.json no.json", 1).contains("gone.json"));
    assert!(refused(home.path(), "bench tiny --out .", 1).contains("not empty"));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1, "nothing was written");
}

#[test]
fn the_list_explains_every_workload() {
    let home = folder();
    let list = json(home.path(), "bench --list");
    let all = list["workloads"].as_array().unwrap();
    assert_eq!(all.len(), WORKLOADS.len());
    let of = |name: &str| all.iter().find(|one| one["name"] == name).unwrap()["candidate"].clone();
    // By hand: 83 weights and a fitness; 150 rows, 4 x 10 + 10 x 3 products.
    assert_eq!((&of("tiny")["bytes"], &of("tiny")["operations"]), (&336.0.into(), &21_000.0.into()));
    // LeNet-5: 6 filters of 5 x 5 at 28 x 28 places, 16 of 6 x 5 x 5 at 10 x 10, then 400-120-84-10; 64 rows.
    let row = 2 * (6 * 25 * 784 + 16 * 150 * 100 + 400 * 120 + 120 * 84 + 84 * 10);
    assert_eq!(of("conv")["operations"], f64::from(64 * row));
    assert_eq!(of("ode")["operations"], 44_000.0);
    assert_eq!(of("pso")["bytes"], 24_000.0);
    let text = String::from_utf8(output(home.path(), "bench --list").stdout).unwrap();
    assert!(WORKLOADS.iter().all(|one| text.contains(one.about) && text.contains(one.counted)), "{text}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_bench_keeps_what_it_measured() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let arguments = "bench tiny gwo --population 64..1048576 --seconds 600 --runs 1000 --out b --json";
    let command = &mut gradless(home.path());
    let report = interrupted(command.args(arguments.split_whitespace()), &home.path().join("b/bench.csv"));
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.len() >= 2 && rows.iter().all(|row| row["workload"] == "tiny"), "{} rows", rows.len());
    assert_eq!(report["workloads"][0]["end"]["reason"], "interrupted");
    assert!(home.path().join("b/report.md").exists() && home.path().join("b/bench.png").exists());
}
