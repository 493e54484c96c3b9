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
    /// Dormand and Prince 1980.
    DormandPrince,
    /// Euler's method, linearly implicit.
    ImplicitEuler,
    /// Verwer, Spee, Blom and Hundsdorfer 1999.
    Ros2,
    /// Shampine and Reichelt 1997, the formula of order 2.
    Rosenbrock23,
    /// Sandu et al. 1997.
    Rodas3,
}

impl Integrator {
    /// The explicit ones, then those for stiff systems, each by order.
    pub const ALL: [Self; 8] = [
        Self::Euler,
        Self::Rk2,
        Self::Rk4,
        Self::DormandPrince,
        Self::ImplicitEuler,
        Self::Ros2,
        Self::Rosenbrock23,
        Self::Rodas3,
    ];

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
            Self::DormandPrince => "dormand-prince",
            Self::ImplicitEuler => "implicit-euler",
            Self::Ros2 => "ros2",
            Self::Rosenbrock23 => "rosenbrock23",
            Self::Rodas3 => "rodas3",
        }
    }

    /// The power of the step length that the error at the end falls with.
    pub fn order(self) -> u32 {
        match self {
            Self::Euler | Self::ImplicitEuler => 1,
            Self::Rk2 | Self::Ros2 | Self::Rosenbrock23 => 2,
            Self::Rodas3 => 3,
            Self::Rk4 => 4,
            Self::DormandPrince => 5,
        }
    }

    /// Whether it solves a linear system in every step, with the slopes of the right-hand side: for stiff systems.
    pub fn is_implicit(self) -> bool {
        matches!(self, Self::ImplicitEuler | Self::Ros2 | Self::Rosenbrock23 | Self::Rodas3)
    }

    /// Whether it estimates the error of a step, so that the length of steps can follow it.
    pub fn estimates(self) -> bool {
        self == Self::DormandPrince
    }

    /// `fn stepped`, and before it what it uses.
    pub(super) fn pieces(self) -> Vec<(&'static str, &'static str)> {
        let text = match self {
            Self::Euler => include_str!("../../../shaders/objective/ode/integrator/euler.wgsl"),
            Self::Rk2 => include_str!("../../../shaders/objective/ode/integrator/rk2.wgsl"),
            Self::Rk4 => include_str!("../../../shaders/objective/ode/integrator/rk4.wgsl"),
            Self::DormandPrince => include_str!("../../../shaders/objective/ode/integrator/dormand-prince.wgsl"),
            Self::ImplicitEuler => include_str!("../../../shaders/objective/ode/integrator/implicit-euler.wgsl"),
            Self::Ros2 => include_str!("../../../shaders/objective/ode/integrator/ros2.wgsl"),
            Self::Rosenbrock23 => include_str!("../../../shaders/objective/ode/integrator/rosenbrock23.wgsl"),
            Self::Rodas3 => include_str!("../../../shaders/objective/ode/integrator/rodas3.wgsl"),
        };
        let linear = include_str!("../../../shaders/objective/ode/linear.wgsl");
        let before = self.is_implicit().then_some(("linear", linear));
        before.into_iter().chain([(self.name(), text)]).collect()
    }

    /// Calls of the right-hand side in one step, at most.
    pub(super) fn calls(self, components: u32) -> u32 {
        let stages = match self {
            Self::Euler | Self::ImplicitEuler => 1,
            Self::Rk2 | Self::Ros2 | Self::Rosenbrock23 => 2,
            Self::Rodas3 => 3,
            Self::Rk4 => 4,
            Self::DormandPrince => 7,
        };
        stages + if self.is_implicit() { 2 * components + 2 } else { 0 }
    }

    /// Rounds of loops in one step of a system with so many components, at most.
    pub(super) fn loops(self, components: u32) -> u32 {
        // Vectors moved, and linear systems solved.
        let (moves, solves) = match self {
            Self::Euler => (1, 0),
            Self::Rk2 => (2, 0),
            Self::Rk4 => (5, 0),
            Self::DormandPrince => (10, 0),
            Self::ImplicitEuler => (4, 1),
            Self::Ros2 => (8, 2),
            Self::Rosenbrock23 => (7, 2),
            Self::Rodas3 => (18, 4),
        };
        // A loop counts its last look, at which it ends, as a round.
        let wide = components + 1;
        let pairs = wide * components / 2;
        let taken_apart = wide * (2 * wide + 4) + pairs * (2 + wide);
        // The test for finite values, the sample and the loops around a step come on top.
        3 + (moves + 2) * wide + solves * (2 * wide + 3 * pairs) + u32::from(solves > 0) * taken_apart
    }
}
