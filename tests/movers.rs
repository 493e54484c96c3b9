//! Movers on functions with a known optimum.

use gradless::gpu::{Gpu, Pick};
use gradless::objective::{Formula, functions};
use gradless::optimizer::{Gwo, Pso};
use gradless::run::Run;

#[test]
fn quick() {
    let gpu = Gpu::open(&Pick::Best).unwrap();
    println!("{:?}", gpu.report());
    let sphere = Formula::known(functions::find("sphere").unwrap(), 30, 0.0).unwrap();
    for opt in [&Pso::default() as &dyn gradless::population::Optimizer, &Gwo::default()] {
        let t = std::time::Instant::now();
        let mut run = Run::new(&gpu, &sphere, opt).members(30).generations(500).seed(1).start().unwrap();
        run.until_stopped(|_| true).unwrap();
        println!("{:?} {:?} {:?}", run.report().best, run.report().generation, t.elapsed());
        println!("{:?}", run.report().device_seconds);
    }
}
