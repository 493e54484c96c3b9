//! Your own objective, in ten lines of WGSL: place 20 points in the unit square as far apart as they can be.

use gradless::gpu::{Gpu, Pick};
use gradless::objective::Formula;
use gradless::optimizer::Pso;
use gradless::population::Domain;
use gradless::run::Run;

const SPREAD: &str = "
// Coordinates come in pairs: a point is (at(c, 2 k), at(c, 2 k + 1)). Minus the smallest distance.
fn point(c: u32, k: u32) -> vec2f { return vec2f(at(c, 2u * k), at(c, 2u * k + 1u)); }
fn objective(c: u32) -> f32 {
    var least = 2.0;
    for (var i = 0u; i < DIMS / 2u; i += 1u) {
        for (var j = 0u; j < i; j += 1u) { least = min(least, distance(point(c, i), point(c, j))); }
    }
    return -least;
}";

fn main() -> gradless::Result<()> {
    let gpu = Gpu::open(&Pick::Best)?;
    let objective = Formula::new("spread", SPREAD, 40, Domain::boxed(0.0, 1.0))?;
    let swarm = Pso { neighbourhood: gradless::optimizer::Neighbourhood::Ring, ..Pso::default() };
    let mut run = Run::new(&gpu, &objective, &swarm).members(512).generations(2000).seed(7).start()?;
    run.until_stopped(|report| {
        eprint!("\rgeneration {:4}  smallest distance {:.4}", report.generation, -report.best);
        true
    })?;
    eprintln!();
    for point in run.best()?.chunks(2) {
        println!("{:.4} {:.4}", point[0], point[1]);
    }
    Ok(())
}
