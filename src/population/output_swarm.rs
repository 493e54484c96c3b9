//! A swarm over the outputs of an objective, whose best stands in for the direction of descent (Mohapatra et al. 2020,
//! AdaSwarm, arXiv 2006.09875): what it is set to. The objective runs it, since only it knows its outputs.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// An exponentially averaged momentum swarm for every output, started anew in every generation.
///
/// Its particles are candidates for the outputs; the slope of the loss at an output y is taken to be
/// `(s / eta) (y - g)`, g the best particle and s the mean pull `c1 r1 + c2 r2` of its last move. That is a direction
/// with a length that knows nothing of the loss; the paper's text has its sign both ways (eqs. 15 and 24), this is the
/// one that descends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutputSwarm {
    /// Particles of a swarm.
    pub particles: u32,
    /// Moves of a swarm in a generation.
    pub iterations: u32,
    /// c1: pull to the particle's own best.
    pub cognitive: f32,
    /// c2: pull to the best of all.
    pub social: f32,
    /// Memory of the averaged velocity, 0 to below 1.
    pub beta: f32,
    /// What the slope is divided by.
    pub eta: f32,
    /// What has a swarm of its own.
    pub extent: Extent,
    /// Where particles start.
    pub origin: Origin,
    /// Half the width of the box in which they start, for outputs that have no bounds.
    pub window: f32,
}

/// What has a swarm of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// Every output of every row where the loss is a sum over outputs, else every row.
    #[default]
    Own,
    /// All outputs of the batch share one swarm, as in the public code: for comparison.
    Shared,
}

/// Where particles start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Around what the network says: the label is not looked at.
    #[default]
    Prediction,
    /// Anywhere in the box.
    Uniform,
    /// At the label, as in the public code, which makes the swarm's best the label itself: for comparison.
    Label,
}

impl Default for OutputSwarm {
    fn default() -> Self {
        Self {
            particles: 10,
            iterations: 10,
            cognitive: 0.9,
            social: 0.8,
            beta: 0.1,
            eta: 0.1,
            extent: Extent::Own,
            origin: Origin::Prediction,
            window: 4.0,
        }
    }
}

impl OutputSwarm {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the setting and what is allowed.
    pub fn check(&self) -> Result<()> {
        let whole = |name: &str, value: u32, most: u32| {
            let remedy = format!("must be a whole number from 1 to {most}");
            if (1..=most).contains(&value) { Ok(()) } else { Err(Error::setting(name, value, remedy)) }
        };
        whole("particles", self.particles, 256)?;
        whole("iterations", self.iterations, 1000)?;
        for (name, value, low, high) in [
            ("cognitive", self.cognitive, 0.0, 4.0),
            ("social", self.social, 0.0, 4.0),
            ("beta", self.beta, 0.0, 1.0 - f32::EPSILON),
            ("eta", self.eta, 1e-6, 1e6),
            ("window", self.window, 1e-6, 1e6),
        ] {
            if !(low..=high).contains(&value) {
                return Err(Error::setting(name, value, format!("must be a number from {low} to {high}")));
            }
        }
        Ok(())
    }
}
