//! What buffers take, by what they are for; and devices on which nothing is allocated, to know it beforehand.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::{Gpu, Kernel, Source};
use crate::Result;

/// Bytes of buffers, by part and by label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The part that buffers belong to until another one is named.
    part: &'static str,
    /// By part, then by label.
    pub parts: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

impl Account {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.parts.values().flat_map(BTreeMap::values).sum()
    }
}

impl Gpu {
    /// The same device with an account of its own, on which buffers are entered and not made, kernels not compiled, and
    /// nothing is computed. What is bound to it takes what it would take on the device.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) when the device was lost.
    pub fn planned(&self) -> Result<Self> {
        let mut planned = self.clone();
        // In the place of all others.
        let source = Source::new().piece("nothing", "@compute @workgroup_size(64)\nfn nothing() {}\n")?;
        planned.plan = Some(Kernel::new(&self.device, "nothing", &source, &source.text())?);
        planned.kernels = std::sync::Arc::default();
        planned.account = std::sync::Arc::default();
        planned.allocated = std::sync::Arc::default();
        Ok(planned)
    }

    /// Whether it only keeps account.
    pub(crate) fn is_planned(&self) -> bool {
        self.plan.is_some()
    }

    /// What follows is allocated for this.
    pub fn allocate_for(&self, part: &'static str) {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).part = part;
    }

    /// What buffers made so far take.
    pub fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn enter(&self, label: &str, size: u64) {
        self.allocated.fetch_add(size, Ordering::Relaxed);
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        let part = account.part;
        let labels = account.parts.entry(part).or_default();
        match labels.get_mut(label) {
            Some(sum) => *sum += size,
            None => drop(labels.insert(label.into(), size)),
        }
    }
}
