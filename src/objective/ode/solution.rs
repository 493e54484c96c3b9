//! What comes of an integration.

/// Why a trajectory ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Loss {
    /// Its state was no longer finite.
    NotFinite,
    /// Its steps became too small for the times of an `f32`: a pole, or a stiff system.
    StepTooSmall,
    /// It took more steps than it may.
    TooManySteps,
}

/// Trajectories at the times of their samples.
#[derive(Clone, Debug, Default)]
pub struct Solution {
    /// Time of the start, then of every sample.
    pub times: Vec<f64>,
    /// Seconds of computing on the device; of waiting for it, where it has no timestamps.
    pub seconds: f64,
    /// Steps tried, of all trajectories together.
    pub tries: u64,
    /// Step of the start, 0, then of every sample.
    pub(super) sampled: Vec<u32>,
    pub(super) components: usize,
    /// Tables of rows (component) and so many columns (trajectory).
    pub(super) samples: Vec<f32>,
    pub(super) columns: usize,
    /// The last step that each trajectory was whole after.
    pub(super) whole: Vec<u32>,
    /// Why it ended, and when.
    pub(super) losses: Vec<Option<(Loss, f64)>>,
}

impl Loss {
    /// In words: "12 trajectories ..."
    pub fn words(self) -> &'static str {
        match self {
            Self::NotFinite => "no longer finite",
            Self::StepTooSmall => "with steps too small for f32",
            Self::TooManySteps => "with too many steps",
        }
    }
}

impl Solution {
    /// The state of a trajectory at a sample, where it was still whole.
    pub fn state(&self, sample: usize, trajectory: usize) -> Option<Vec<f32>> {
        let at = |i| self.samples[(sample * self.components + i) * self.columns + trajectory];
        (self.sampled[sample] <= self.whole[trajectory]).then(|| (0..self.components).map(at).collect())
    }

    /// The last state of a trajectory, unless it was lost.
    pub fn end(&self, trajectory: usize) -> Option<Vec<f32>> {
        self.state(self.times.len() - 1, trajectory)
    }

    /// The time at which a trajectory was lost. With steps of fixed length it is known to 32 of them: a look at every
    /// step would cost more than the step.
    pub fn lost(&self, trajectory: usize) -> Option<f64> {
        self.losses[trajectory].map(|(_, time)| time)
    }

    /// Why a trajectory was lost.
    pub fn loss(&self, trajectory: usize) -> Option<Loss> {
        self.losses[trajectory].map(|(loss, _)| loss)
    }

    /// Number of trajectories.
    pub fn trajectories(&self) -> usize {
        self.whole.len()
    }
}
