//! Movers on functions with a known optimum.

use gradless::gpu::{Gpu, Pick};
use gradless::objective::{Formula, functions};
use gradless::optimizer::Entry;
use gradless::run::Run;

/// Best values of `runs` seeds, sorted.
fn bests(gpu: &Gpu, name: &str, dims: u32, optimizer: &str, settings: &[(&str, &str)], runs: u64) -> Vec<f32> {
    let objective = Formula::known(functions::find(name).unwrap(), dims, 0.0).unwrap();
    let settings = settings.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
    let optimizer = Entry::find(optimizer).unwrap().build(&settings).unwrap();
    let mut all: Vec<f32> = (0..runs)
        .map(|seed| {
            let run = Run::new(gpu, &objective, optimizer.as_ref()).members(30).generations(500).seed(seed);
            let mut run = run.start().unwrap();
            run.until_stopped(|_| true).unwrap();
            run.report().best
        })
        .collect();
    all.sort_by(f32::total_cmp);
    all
}

#[test]
fn gwo_reaches_the_published_means() {
    let gpu = Gpu::open(&Pick::Best).unwrap();
    for rule in ["original", "best-3"] {
        for name in ["f1", "f2", "f3", "f4", "f5", "f6", "f7", "f9", "f10", "f11", "f12", "f13"] {
            let t = std::time::Instant::now();
            let b = bests(&gpu, name, 30, "gwo", &[("leaders", rule)], 30);
            println!("{rule} {name} mean {:e} median {:e} {:?}", b.iter().sum::<f32>() / 30.0, b[15], t.elapsed());
        }
    }
    for name in ["f1", "f9"] {
        let b = bests(&gpu, name, 30, "pso", &[], 30);
        println!("pso {name} mean {:e} median {:e}", b.iter().sum::<f32>() / 30.0, b[15]);
        let b = bests(&gpu, name, 30, "pso", &[("neighbourhood", "ring")], 30);
        println!("ring {name} mean {:e} median {:e}", b.iter().sum::<f32>() / 30.0, b[15]);
    }
}
