//! An ensemble of differential equations: van der Pol's, every candidate with a constant of its own, 1,000 steps of RK4.

use super::{Cost, Repeat, Workload};
use crate::Result;
use crate::gpu::Gpu;
use crate::objective::ode::{Grid, Integrator, Ode, System, find, spread};

const STEPS: u32 = 1_000;
/// Additions and multiplications of a step: 4 right-hand sides of 5, and 12 for each of two components.
const STEP: u32 = 4 * 5 + 2 * 12;

pub(super) const ODE: Workload = Workload {
    name: "ode",
    about: "trajectories of van der Pol's equation, 1,000 steps of RK4 each",
    counted: "a constant and a state of 2 read, the state, its sample and whether it was lost written (32 B); 44 operations \
              a step",
    first: 256,
    pairs: false,
    cost: || {
        Ok(Cost {
            bytes: 4.0 * (1.0 + 2.0 + 2.0 + 2.0 + 1.0),
            operations: f64::from(STEPS * STEP),
            memory: 32,
            shared_memory: 4 << 20,
        })
    },
    bind: |gpu, members| {
        let system = find("van-der-pol")?;
        let constants = spread(&[(0.1, 8.0)], members as usize, 1)?;
        let initial = system.initial.repeat(members as usize);
        Ok(Box::new(Ensemble { gpu: gpu.clone(), system, initial, constants }))
    },
};

struct Ensemble {
    gpu: Gpu,
    system: &'static System,
    initial: Vec<f32>,
    constants: Vec<f32>,
}

impl Repeat for Ensemble {
    fn repeat(&mut self, times: u32) -> Result<f64> {
        let usual = Ode::new(self.system);
        let ode =
            Ode { integrator: Integrator::Rk4, grid: Grid::Uniform, steps: STEPS, end: 20.0, every: STEPS, ..usual };
        // Each is a submission of its own; sending values and reading ends is not counted.
        (0..times).map(|_| Ok(ode.integrate(&self.gpu, &self.initial, &self.constants)?.seconds)).sum()
    }
}
