//! The neuron of Morris and Lecar (1981), with the constants of Rinzel and Ermentrout (1998) for three ways to begin
//! to fire. Millivolts, milliseconds, uF/cm2, mS/cm2, uA/cm2.

use serde::{Deserialize, Serialize};

/// How a neuron begins to fire as its current grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// At a Hopf bifurcation: at once with 10 Hz, and beside rest.
    Hopf,
    /// At a saddle-node on the limit cycle: as slowly as one likes.
    #[default]
    Snlc,
    /// At a homoclinic orbit: fast and small, beside rest.
    Homoclinic,
}

/// Constants of a neuron. `C V' = I - gL (V - EL) - gCa m(V) (V - ECa) - gK w (V - EK)` and
/// `w' = phi cosh((V - V3) / (2 V4)) (w_inf(V) - w)`, with `m = (1 + tanh((V - V1) / V2)) / 2` and
/// `w_inf = (1 + tanh((V - V3) / V4)) / 2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MorrisLecar {
    /// C
    pub capacity: f32,
    /// gL
    pub leak: f32,
    /// gCa
    pub calcium: f32,
    /// gK
    pub potassium: f32,
    /// EL
    pub leak_reversal: f32,
    /// ECa
    pub calcium_reversal: f32,
    /// EK
    pub potassium_reversal: f32,
    /// V1
    pub calcium_middle: f32,
    /// V2
    pub calcium_width: f32,
    /// V3
    pub potassium_middle: f32,
    /// V4
    pub potassium_width: f32,
    /// phi
    pub phi: f32,
}

/// The constants of [`Kind::Snlc`].
pub const SNLC: MorrisLecar = MorrisLecar {
    capacity: 20.0,
    leak: 2.0,
    calcium: 4.0,
    potassium: 8.0,
    leak_reversal: -60.0,
    calcium_reversal: 120.0,
    potassium_reversal: -84.0,
    calcium_middle: -1.2,
    calcium_width: 18.0,
    potassium_middle: 12.0,
    potassium_width: 17.4,
    phi: 1.0 / 15.0,
};

/// The constants of [`Kind::Hopf`].
pub const HOPF: MorrisLecar =
    MorrisLecar { calcium: 4.4, potassium_middle: 2.0, potassium_width: 30.0, phi: 0.04, ..SNLC };

/// The constants of [`Kind::Homoclinic`].
pub const HOMOCLINIC: MorrisLecar = MorrisLecar { phi: 0.23, ..SNLC };

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hopf, Self::Snlc, Self::Homoclinic];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hopf => "hopf",
            Self::Snlc => "snlc",
            Self::Homoclinic => "homoclinic",
        }
    }

    /// Its constants.
    pub fn constants(self) -> MorrisLecar {
        match self {
            Self::Hopf => HOPF,
            Self::Snlc => SNLC,
            Self::Homoclinic => HOMOCLINIC,
        }
    }
}

impl MorrisLecar {
    /// The current and the constants under their names in formulas, in the order in which `morris-lecar.wgsl` reads
    /// them.
    pub const fn named(&self, current: f32) -> [(&'static str, f32); 13] {
        [
            ("I", current),
            ("C", self.capacity),
            ("gL", self.leak),
            ("gCa", self.calcium),
            ("gK", self.potassium),
            ("EL", self.leak_reversal),
            ("ECa", self.calcium_reversal),
            ("EK", self.potassium_reversal),
            ("V1", self.calcium_middle),
            ("V2", self.calcium_width),
            ("V3", self.potassium_middle),
            ("V4", self.potassium_width),
            ("phi", self.phi),
        ]
    }
}
