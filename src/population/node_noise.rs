//! Noise at the units of a network, whose effect on the loss stands in for the slopes there (node perturbation: Werfel, Xie
//! and Seung 2005; activity perturbation: Ren, Kornblith, Liao and Hinton 2023): what it is set to. The objective runs it,
//! since only it knows its units.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Passes in which all that one layer takes in is moved by plus or minus `sigma`, unit by unit and row by row at random.
///
/// The slope of the loss L at a unit is taken to be the mean of `sign (L(moved) - L) / sigma` over these passes. Its
/// deviation from the slope is that of all slopes of the row and the layer together over the root of the passes: it
/// grows with the units of a layer, where noise in the weights would let it grow with the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeNoise {
    /// Passes for each layer.
    pub perturbations: u32,
    /// How far values are moved, in their own units.
    pub sigma: f32,
}

/// Passes at most: their numbers share a word with the purpose of a draw.
const MOST: u32 = 4096;

impl Default for NodeNoise {
    fn default() -> Self {
        Self { perturbations: 64, sigma: 0.01 }
    }
}

impl NodeNoise {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the setting and what is allowed.
    pub fn check(&self) -> Result<()> {
        if !(1..=MOST).contains(&self.perturbations) {
            let remedy = format!("must be a whole number from 1 to {MOST}");
            return Err(Error::setting("perturbations", self.perturbations, remedy));
        }
        if !(1e-5..=1e3).contains(&self.sigma) {
            return Err(Error::setting("sigma", self.sigma, "must be a number from 0.00001 to 1000"));
        }
        Ok(())
    }
}
