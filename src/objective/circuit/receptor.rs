//! What synapses are made of. A share s of them is open: `s' = a T(V) (1 - s) - b s`, with transmitter
//! `T = 1 / (1 + exp(-(V - 2) / 5))` that the neuron before releases (Destexhe, Mainen and Sejnowski 1994).

use serde::{Deserialize, Serialize};

/// What an open synapse does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// It brings a current, by a weight of either sign.
    #[default]
    Current,
    /// It is a conductance, never negative, towards the reversal potential of its receptor: what a neuron does to others
    /// is of one sign (Dale).
    Conductance,
}

/// Kinds of synapses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receptor {
    /// A slow one that excites: 50 ms.
    Slow,
    /// Fast excitation.
    Ampa,
    /// Slow excitation: 150 ms.
    Nmda,
    /// Fast inhibition.
    GabaA,
}

impl Form {
    /// The receptors of the neurons, in turn.
    pub(super) fn receptors(self) -> &'static [Receptor] {
        match self {
            Self::Current => &[Receptor::Slow],
            Self::Conductance => &[Receptor::Ampa, Receptor::Nmda, Receptor::Ampa, Receptor::Nmda, Receptor::GabaA],
        }
    }
}

impl Receptor {
    /// The rate at which it opens, 1/ms, all transmitter there.
    pub fn opening(self) -> f32 {
        match self {
            Self::Slow => 0.5,
            Self::Ampa => 1.1,
            Self::Nmda => 0.072,
            Self::GabaA => 5.0,
        }
    }

    /// The rate at which it closes, 1/ms.
    pub fn closing(self) -> f32 {
        match self {
            Self::Slow => 0.02,
            Self::Ampa => 0.19,
            Self::Nmda => 0.0066,
            Self::GabaA => 0.18,
        }
    }

    /// The voltage towards which it pulls, mV.
    pub fn reversal(self) -> f32 {
        match self {
            Self::GabaA => -80.0,
            _ => 0.0,
        }
    }
}
