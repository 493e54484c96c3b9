//! A simulation on the host: the swarm asks, your code tells. Also the closure form, which does the same.

use gradless::gpu::{Gpu, Pick};
use gradless::objective::HostFunction;
use gradless::optimizer::EmPso;
use gradless::population::Domain;
use gradless::run::Run;

/// A ball thrown at (angle in degrees, speed in m/s) with air drag; distance from a target 50 m away.
fn miss(throw: &[f32]) -> f32 {
    let (angle, speed) = (f64::from(throw[0]).to_radians(), f64::from(throw[1]));
    let (mut x, mut y, mut vx, mut vy) = (0.0, 1.5, speed * angle.cos(), speed * angle.sin());
    while y > 0.0 && x < 500.0 {
        let drag = 0.01 * (vx * vx + vy * vy).sqrt();
        (vx, vy) = (vx - 0.001 * drag * vx, vy - 0.001 * (9.81 + drag * vy));
        (x, y) = (x + 0.001 * vx, y + 0.001 * vy);
    }
    (x - 50.0).abs() as f32
}

fn main() -> gradless::Result<()> {
    let gpu = Gpu::open(&Pick::Best)?;
    let domain = Domain::boxed(5.0, 60.0);

    // Step by step.
    let described = HostFunction { dims: 2, domain, call: miss };
    let mut run = Run::new(&gpu, &described, &EmPso::default()).members(20).generations(40).start()?;
    while run.report().stop.is_none() {
        let candidates = run.ask()?;
        let fitness: Vec<f32> = candidates.chunks(2).map(miss).collect();
        run.tell(&fitness)?;
    }
    let best = run.best()?;
    println!("asked and told: {:.2} degrees, {:.2} m/s, off by {:.4} m", best[0], best[1], run.report().best);

    // The same with the closure called for us.
    let mut run = Run::new(&gpu, &described, &EmPso::default()).members(20).generations(40).start()?;
    let report = run.until_stopped(|_| true)?;
    println!("closure:        off by {:.4} m after {} throws", report.best, report.evaluations);
    Ok(())
}
