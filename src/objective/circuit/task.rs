//! What a circuit has to decide, when, and what an answer costs.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What inputs stay the same for, in ms.
pub const BIN: u32 = 10;
/// Evidence for the right side, in standard deviations of the noise.
pub const EVIDENCE: f32 = 0.5;
/// Milliseconds of a trial at most.
const LONGEST: u32 = 100_000;

/// Which of two sides it is, by the sign of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// The side that noisy evidence is for: half a standard deviation every 10 ms, over 350 ms.
    #[default]
    Integration,
    /// The side that a cue of 100 ms was on, 350 ms after it ended.
    Memory,
}

/// Parts of a trial in ms, multiples of 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Before the stimulus.
    pub before: u32,
    /// Of the stimulus.
    pub stimulus: u32,
    /// After it.
    pub silence: u32,
    /// At the end, for the answer; of the three above.
    pub read: u32,
}

/// What an answer costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// log(1 + exp(-answer side)).
    #[default]
    Logistic,
    /// 1 for a wrong answer: 1 - accuracy, with no slope anywhere.
    Discrete,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Integration, Self::Memory];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integration => "integration",
            Self::Memory => "memory",
        }
    }

    /// When what happens, unless told otherwise.
    pub fn timing(self) -> Timing {
        match self {
            Self::Integration => Timing { before: 50, stimulus: 350, silence: 0, read: 100 },
            Self::Memory => Timing { before: 50, stimulus: 100, silence: 350, read: 100 },
        }
    }

    /// The shader's `fn stimulus(side, noise)`.
    pub(super) fn wgsl(self) -> &'static str {
        match self {
            Self::Integration => include_str!("../../../shaders/objective/circuit/task/integration.wgsl"),
            Self::Memory => include_str!("../../../shaders/objective/circuit/task/memory.wgsl"),
        }
    }
}

impl Timing {
    /// Milliseconds altogether.
    pub fn total(&self) -> u32 {
        self.before + self.stimulus + self.silence
    }

    /// Refuses times that make no trial.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the part.
    pub fn check(&self) -> Result<()> {
        let parts =
            [("before", self.before), ("stimulus", self.stimulus), ("silence", self.silence), ("read", self.read)];
        for (name, value) in parts {
            if value % BIN != 0 || value > LONGEST {
                return Err(Error::setting(name, value, format!("give a multiple of {BIN} ms, at most {LONGEST}")));
            }
        }
        if self.stimulus == 0 {
            return Err(Error::setting("stimulus", 0, format!("give at least {BIN} ms")));
        }
        if self.read == 0 || self.read > self.total() {
            let remedy = format!("the answer is read for {BIN} to {} ms, the whole trial", self.total());
            return Err(Error::setting("read", self.read, remedy));
        }
        Ok(())
    }
}

impl Loss {
    /// The shader's `fn cost(margin)`.
    pub(super) fn wgsl(self) -> &'static str {
        match self {
            Self::Logistic => include_str!("../../../shaders/objective/circuit/loss/logistic.wgsl"),
            Self::Discrete => include_str!("../../../shaders/objective/circuit/loss/discrete.wgsl"),
        }
    }

    /// What an answer costs; `margin` is the answer, its sign turned where the side is -1.
    pub fn of(self, margin: f64) -> f64 {
        match self {
            Self::Logistic => (-margin).max(0.0) + (-margin.abs()).exp().ln_1p(),
            Self::Discrete => f64::from(u8::from(margin <= 0.0)),
        }
    }
}
