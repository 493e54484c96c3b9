//! The built-in systems: one WGSL file each, with its twin in [`crate::reference::ode`] and one entry here.

use super::Integrator;
use crate::reference::ode as twin;
use crate::{Error, Result};

/// What stiff systems are integrated with, unless told otherwise.
pub(super) const STIFF: Integrator = Integrator::Rk4;

/// y' = f(t, y)
#[derive(Clone, Debug)]
pub struct System {
    /// What it is called on the command line; also its file's stem.
    pub name: &'static str,
    /// Author, year and what it describes.
    pub source: &'static str,
    /// Names of the components of y.
    pub components: &'static [&'static str],
    /// Names and usual values of the constants.
    pub constants: &'static [(&'static str, f32)],
    /// Where y usually starts.
    pub initial: &'static [f32],
    /// Where t starts.
    pub start: f64,
    /// Where t usually ends.
    pub end: f64,
    /// Usual number of steps.
    pub steps: u32,
    /// First step of the geometric grid that a stiff system needs.
    pub first: Option<f64>,
    /// `fn rhs(t: f32, y: State) -> State`, reading `constants[k]`.
    pub wgsl: &'static str,
    /// f(t, y, constants) in plain Rust.
    pub twin: fn(f64, &[f64], &[f64]) -> Vec<f64>,
}

/// Every built-in system.
pub static SYSTEMS: &[System] = &[
    System {
        name: "van-der-pol",
        source: "van der Pol 1926, relaxation oscillations",
        components: &["x", "v"],
        constants: &[("mu", 1.0)],
        initial: &[2.0, 0.0],
        start: 0.0,
        end: 20.0,
        steps: 1000,
        first: None,
        wgsl: include_str!("../../../shaders/objective/ode/system/van-der-pol.wgsl"),
        twin: twin::van_der_pol,
    },
    System {
        name: "lotka-volterra",
        source: "Lotka 1925, Volterra 1926, predators and prey",
        components: &["prey", "predators"],
        constants: &[("birth", 1.5), ("eaten", 1.0), ("growth", 1.0), ("death", 3.0)],
        initial: &[1.0, 1.0],
        start: 0.0,
        end: 10.0,
        steps: 1000,
        first: None,
        wgsl: include_str!("../../../shaders/objective/ode/system/lotka-volterra.wgsl"),
        twin: twin::lotka_volterra,
    },
    System {
        name: "lorenz",
        source: "Lorenz 1963, deterministic nonperiodic flow",
        components: &["x", "y", "z"],
        constants: &[("sigma", 10.0), ("rho", 28.0), ("beta", 8.0 / 3.0)],
        initial: &[1.0, 1.0, 1.0],
        start: 0.0,
        end: 20.0,
        steps: 4000,
        first: None,
        wgsl: include_str!("../../../shaders/objective/ode/system/lorenz.wgsl"),
        twin: twin::lorenz,
    },
];

/// The system of this name.
///
/// # Errors
/// [`Error::Setting`] with the names there are.
pub fn find(name: &str) -> Result<&'static System> {
    let found = SYSTEMS.iter().find(|system| system.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let names: Vec<_> = SYSTEMS.iter().map(|system| system.name).collect();
        Error::setting("system", name, format!("there is {}", names.join(", ")))
    })
}
