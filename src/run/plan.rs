//! What a run would take, before it is begun: it is bound as ever, on a device that only keeps account.

use super::Builder;
use crate::gpu::Account;
use crate::{Error, Result};

/// No larger population is asked about.
const MOST_MEMBERS: u32 = 1 << 24;

impl Builder<'_> {
    /// The buffers that [`Builder::start`] would make.
    ///
    /// # Errors
    /// Those of [`Builder::start`] but for memory that is too small.
    pub fn plan(&self) -> Result<Account> {
        self.optimizer.check()?;
        self.plan_for(self.members)
    }

    fn plan_for(&self, members: u32) -> Result<Account> {
        let gpu = self.gpu.planned()?;
        let planned = Builder { gpu: &gpu, members, begin: self.begin.clone(), ..*self };
        planned.bind()?;
        Ok(gpu.account())
    }

    /// The largest population whose buffers fit into so many bytes and the limits of the device, up to 2^24; none where
    /// not even the smallest does.
    ///
    /// # Errors
    /// Those of [`Builder::plan`] that are not for want of room.
    pub fn largest(&self, available: u64) -> Result<Option<u32>> {
        let fits = |members: u32| match self.plan_for(members) {
            Ok(account) => Ok(account.total() <= available),
            Err(Error::Limit { .. }) => Ok(false),
            Err(other) => Err(other),
        };
        // Some searches have a smallest population.
        let (mut low, mut high) = (None, 1u32);
        while high < MOST_MEMBERS {
            let good = match fits(high) {
                Err(_) if low.is_none() && high < self.members => false,
                other => other?,
            };
            if good {
                low = Some(high);
            } else if low.is_some() || high >= self.members {
                break;
            }
            high *= 2;
        }
        let Some(mut low) = low else { return Ok(None) };
        if high >= MOST_MEMBERS {
            return Ok(Some(low));
        }
        // To one part in a thousand: what counts is how far one can go.
        while high - low > (low / 1024).max(1) {
            let middle = low + (high - low) / 2;
            if fits(middle)? {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(Some(low))
    }
}
