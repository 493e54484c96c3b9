//! Whole generations of evolution strategies on a network 784-32-10, tanh, softmax cross-entropy, a batch of 512 rows.

use super::{Cost, Repeat, Workload, dense_network};
use crate::Result;
use crate::gpu::Gpu;
use crate::optimizer::{Eggroll, OpenAiEs};
use crate::population::Optimizer;
use crate::run::Run;

const INPUTS: u32 = 784;
const HIDDEN: u32 = 32;
const CLASSES: u32 = 10;
/// Rows to draw batches from.
const ROWS: u32 = 4_096;
/// Rows of a batch.
const BATCH: u32 = 512;
/// Bytes of the rows, of a window of noise and of what products are kept in: at most.
const SHARED: u64 = 256 << 20;

pub(super) const ES: Workload = Workload {
    name: "es",
    about: "a generation of eggroll with noise of rank 1: 784-32-10, tanh, a batch of 512 rows",
    counted: "by pair: 900 numbers of noise written once and read twice; by row the input times a factor, which the pair \
              shares, then by candidate 2 operations for each of 32 units, 2 for each weight of the last layer and its two \
              factors; by pair 2 for each weight to learn from. The centre's own product, which all share, is not counted",
    first: 64,
    pairs: true,
    cost: || Ok(low_rank()),
    bind: |gpu, members| bind(gpu, members, &Eggroll::default()),
};

pub(super) const OPENAI_ES: Workload = Workload {
    name: "openai-es",
    about: "a generation of openai-es, noise in every weight: 784-32-10, tanh, a batch of 512 rows",
    counted: "by pair: 25,450 numbers of noise written once and read twice; by row 2 operations for each weight of the \
              matrices; by pair 2 for each weight to learn from",
    first: 4,
    pairs: true,
    cost: || Ok(full_rank()),
    bind: |gpu, members| bind(gpu, members, &OpenAiEs::default()),
};

/// Inputs and outputs of each layer.
const LAYERS: [[u32; 2]; 2] = [[INPUTS, HIDDEN], [HIDDEN, CLASSES]];

/// Sum over the layers.
fn over_layers(of: impl Fn(f64, f64) -> f64) -> f64 {
    LAYERS.iter().map(|[inputs, outputs]| of(f64::from(*inputs), f64::from(*outputs))).sum()
}

fn low_rank() -> Cost {
    let (inputs, hidden, classes, rows) = (f64::from(INPUTS), f64::from(HIDDEN), f64::from(CLASSES), f64::from(BATCH));
    // Two factors and the biases.
    let noise = over_layers(|inputs, outputs| inputs + 2.0 * outputs);
    let first = inputs + 2.0 * hidden;
    let last = 2.0 * hidden * classes + 2.0 * hidden + 2.0 * classes;
    Cost {
        bytes: 3.0 * 4.0 * noise / 2.0,
        operations: rows * (first + last) + over_layers(|inputs, outputs| inputs * outputs),
        memory: 256,
        shared_memory: SHARED,
    }
}

fn full_rank() -> Cost {
    let weights = over_layers(|inputs, outputs| (inputs + 1.0) * outputs);
    Cost {
        bytes: 3.0 * 4.0 * weights / 2.0,
        operations: f64::from(BATCH) * over_layers(|inputs, outputs| 2.0 * inputs * outputs) + weights,
        memory: 256,
        shared_memory: SHARED,
    }
}

fn bind(gpu: &Gpu, members: u32, optimizer: &dyn Optimizer) -> Result<Box<dyn Repeat>> {
    let mut network = dense_network(&[INPUTS, HIDDEN, CLASSES], ROWS)?;
    network.batch = Some(BATCH);
    Ok(Box::new(Run::new(gpu, &network, optimizer).members(members).generations(u32::MAX).start()?))
}
