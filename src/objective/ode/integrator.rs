//! The integrators: one WGSL file each, with its twin in [`crate::reference::ode`].

use crate::{Error, Result};

/// How a step is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrator {
    /// Euler's method.
    Euler,
    /// The midpoint method.
    Rk2,
    /// The classical method of Runge and Kutta.
    Rk4,
}

impl Integrator {
    /// All of them, by order.
    pub const ALL: [Self; 3] = [Self::Euler, Self::Rk2, Self::Rk4];

    /// The integrator of this name.
    ///
    /// # Errors
    /// [`Error::Setting`] with the names there are.
    pub fn named(name: &str) -> Result<Self> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| Error::setting("integrator", name, format!("there is {names}")))
    }

    /// What it is called on the command line; also its file's stem.
    pub fn name(self) -> &'static str {
        match self {
            Self::Euler => "euler",
            Self::Rk2 => "rk2",
            Self::Rk4 => "rk4",
        }
    }

    /// The power of the step length that the error at the end falls with.
    pub fn order(self) -> u32 {
        match self {
            Self::Euler => 1,
            Self::Rk2 => 2,
            Self::Rk4 => 4,
        }
    }

    /// `fn stepped`, and before it what it uses.
    pub(super) fn pieces(self) -> Vec<(&'static str, &'static str)> {
        let text = match self {
            Self::Euler => include_str!("../../../shaders/objective/ode/integrator/euler.wgsl"),
            Self::Rk2 => include_str!("../../../shaders/objective/ode/integrator/rk2.wgsl"),
            Self::Rk4 => include_str!("../../../shaders/objective/ode/integrator/rk4.wgsl"),
        };
        vec![(self.name(), text)]
    }

    /// Rounds of loops in one step of a system with so many components, at most.
    pub(super) fn loops(self, components: u32) -> u32 {
        let stages = match self {
            Self::Euler => 1,
            Self::Rk2 => 2,
            Self::Rk4 => 5,
        };
        // The test for finite values and the sample come on top.
        1 + (stages + 2) * components
    }
}
