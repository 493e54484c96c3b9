//! Shapes of kernels that do not change any result: which is fastest depends on the adapter.
//!
//! Every sum is made by one thread in one order whatever these say, so a candidate's fitness is the same bit for bit. What
//! would change the order of a sum, as the width of a reduction or the number of blocks that rows are cut into, is not
//! here: it goes by the kind of the adapter alone.

use serde::{Deserialize, Serialize};

use super::Gpu;

/// Threads of a workgroup that WebGPU promises.
const MOST_LANES: u32 = 256;

/// Shapes of kernels, see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// Of the products of dense layers.
    pub dense: Dense,
    /// Rows that a thread takes at once where it holds all weights of a small network in registers: 4 or 8.
    pub rows_at_once: u32,
}

/// How the product of a dense layer is cut and what feeds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Threads of a workgroup, along rows: a power of two.
    pub lanes: u32,
    /// Sums of a thread at most: rows times units.
    pub sums: u32,
    /// Units of a thread at most: a multiple of 8.
    pub units: u32,
    /// Whether a load fetches four weights for each lane of a subgroup, handed out by broadcast; otherwise the same four for
    /// all.
    pub broadcast: bool,
}

impl Tuning {
    /// What suits adapters of this kind.
    pub fn usual(gpu: &Gpu) -> Self {
        let dense = match gpu.subgroup().filter(|size| gpu.is_software() && *size == 8) {
            Some(_) => Dense { lanes: 8, sums: 256, units: 32, broadcast: true },
            None => Dense { lanes: 64, sums: 64, units: 8, broadcast: false },
        };
        Self { dense, rows_at_once: 4 }
    }

    /// Whether kernels of these shapes can be made for the adapter. A file may say anything.
    pub fn fits(&self, gpu: &Gpu) -> bool {
        let Dense { lanes, sums, units, broadcast } = self.dense;
        let most = MOST_LANES.min(gpu.report().max_invocations);
        lanes.is_power_of_two()
            && (8..=most).contains(&lanes)
            && (4..=512).contains(&sums)
            && units.is_multiple_of(8)
            && (8..=64).contains(&units)
            && (!broadcast || Self::usual(gpu).dense.broadcast)
            && [4, 8].contains(&self.rows_at_once)
    }
}

impl Gpu {
    /// The shapes of kernels on this device: those that were measured to be fastest, or the usual ones.
    pub fn tuning(&self) -> Tuning {
        self.tuning.unwrap_or_else(|| Tuning::usual(self))
    }

    /// Whether [`Gpu::with_tuning`] has set them.
    pub fn is_tuned(&self) -> bool {
        self.tuning.is_some()
    }

    /// The same device with kernels of these shapes, where they fit it.
    #[must_use]
    pub fn with_tuning(mut self, tuning: Tuning) -> Self {
        if tuning.fits(&self) {
            self.tuning = Some(tuning);
        }
        self
    }
}
