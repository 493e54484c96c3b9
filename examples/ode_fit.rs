//! Constants of a system of your own, from a CSV file of what was observed:
//! `cargo run --release --example ode_fit -- FILE.wgsl SEEN.csv birth=0.1..5 death=0.1..5`.
//! With nothing said, it makes up its own observations of predators and prey, at uneven times, and finds their constants.

use std::path::PathBuf;

use gradless::Error;
use gradless::gpu::{Gpu, Pick};
use gradless::objective::ode::{Field, Fit, Observed, Ode, Parameter, System, find};
use gradless::optimizer::Pso;
use gradless::run::Run;

/// NAME=LOW..HIGH; a range above 0 that spans more than a decade is searched by its logarithm.
fn parameter(text: &str) -> gradless::Result<Parameter> {
    let parts = text.split_once('=').and_then(|(name, range)| Some((name, range.split_once("..")?)));
    let parsed = parts.and_then(|(name, (low, high))| Some((name, low.parse().ok()?, high.parse().ok()?)));
    let (name, low, high): (&str, f32, f32) =
        parsed.ok_or_else(|| Error::setting("parameter", text, "give NAME=LOW..HIGH, as in birth=0.1..5"))?;
    Ok(Parameter { name: name.into(), low, high, logarithmic: low > 0.0 && high > 10.0 * low })
}

/// 40 observations of the usual system, each later one a little later still.
fn made_up(gpu: &Gpu) -> gradless::Result<(System, Observed)> {
    let system = find("lotka-volterra")?.clone();
    let solution = Ode { steps: 1600, ..Ode::new(&system) }.solve(gpu)?;
    let (mut times, mut values) = (Vec::new(), Vec::new());
    for sample in (0..40).map(|n| n * n) {
        times.push(solution.times[sample]);
        values.extend(solution.state(sample, 0).unwrap_or_default());
    }
    let names: Vec<&str> = system.components.iter().map(AsRef::as_ref).collect();
    let observed = Observed::new(&names, &times, &values)?;
    Ok((system, observed))
}

fn main() -> gradless::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let gpu = Gpu::open(&Pick::Best)?;
    let (system, observed, ranges) = match &arguments[..] {
        [] => {
            let (system, observed) = made_up(&gpu)?;
            (
                system,
                observed,
                ["birth=0.1..5", "eaten=0.1..5", "growth=0.1..5", "death=0.1..5"].map(String::from).into(),
            )
        }
        [system, seen, ranges @ ..] => {
            let system = System::read(&PathBuf::from(system))?;
            let observed = Observed::read(&PathBuf::from(seen), &system)?;
            (system, observed, ranges.to_vec())
        }
        _ => return Err(Error::setting("arguments", "one", "give FILE.wgsl SEEN.csv NAME=LOW..HIGH ...")),
    };
    let parameters = ranges.iter().map(|text| parameter(text)).collect::<gradless::Result<Vec<_>>>()?;
    let fit =
        Fit { substeps: 20, ..Fit::new(Field::Known(system, parameters.clone()), observed.in_units_of_largest()) };

    let mut run = Run::new(&gpu, &fit, &Pso::default()).members(128).generations(300).seed(1).start()?;
    let report = run.until_stopped(|_| true)?;
    println!("mean error {:.2e} after {} candidates in {:.2} s", report.best, report.evaluations, report.seconds);
    for (parameter, coordinate) in parameters.iter().zip(run.best()?) {
        println!("{:<10} {:.4}", parameter.name, parameter.value(coordinate));
    }
    Ok(())
}
