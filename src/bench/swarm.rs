//! Whole iterations (ask, evaluate, tell, tick) of swarms on Rastrigin's function in 1,000 dimensions.

use super::{Cost, Repeat, Workload};
use crate::gpu::Gpu;
use crate::objective::{Formula, functions};
use crate::optimizer::{Gwo, Pso};
use crate::population::Optimizer;
use crate::run::Run;
use crate::{Error, Result};

/// Coordinates.
const DIMS: u32 = 1_000;
/// Operations of a coordinate in Rastrigin's function: shift 1, square and sums 4, sin^2 by a polynomial 12.
const RASTRIGIN: u64 = 1 + 4 + 12;

pub(super) const PSO: Workload = Workload {
    name: "pso",
    about: "an iteration of a particle swarm on Rastrigin's function, 1,000 dimensions",
    counted: "by coordinate: position, velocity and own best read, two of them written, the position read once more to \
              be scored (24 B); 10 operations to move, 17 to score. An own best that is overwritten is not counted: it \
              is rare",
    first: 64,
    pairs: false,
    cost: || Ok(cost(6, 10, Pso::default().arrays())),
    bind: |gpu, members| bind(gpu, members, &Pso::default()),
};

pub(super) const GWO: Workload = Workload {
    name: "gwo",
    about: "an iteration of grey wolves on Rastrigin's function, 1,000 dimensions",
    counted: "by coordinate: the position read, written, and read once more to be scored (12 B); 7 operations around each \
              of three leaders and 3 for their mean, 17 to score",
    first: 64,
    pairs: false,
    cost: || Ok(cost(3, 3 * 7 + 3, Gwo::default().arrays())),
    bind: |gpu, members| bind(gpu, members, &Gwo::default()),
};

/// Of `moved` numbers and `operations` for each coordinate, with so many arrays of the population's size.
fn cost(moved: u64, operations: u64, arrays: u32) -> Cost {
    let dims = u64::from(DIMS);
    Cost {
        bytes: (4 * moved * dims) as f64,
        operations: ((operations + RASTRIGIN) * dims) as f64,
        // The arrays, and fitness of now and of the own best.
        memory: 4 * u64::from(arrays) * dims + 16,
        shared_memory: 1 << 20,
    }
}

fn bind(gpu: &Gpu, members: u32, optimizer: &dyn Optimizer) -> Result<Box<dyn Repeat>> {
    let function = functions::find("rastrigin")
        .ok_or_else(|| Error::setting("function", "rastrigin", "it is missing from the catalogue"))?;
    let objective = Formula::known(function, DIMS, 0.0)?;
    Ok(Box::new(Run::new(gpu, &objective, optimizer).members(members).generations(u32::MAX).start()?))
}
