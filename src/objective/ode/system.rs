//! The built-in systems: one WGSL file each, with its twin in [`crate::reference::ode`] and one entry here.

use super::Integrator;
use crate::objective::morris_lecar::SNLC;
use crate::reference::ode as twin;
use crate::{Error, Result};

/// What stiff systems are integrated with, unless told otherwise.
pub(super) const STIFF: Integrator = Integrator::Rodas3;

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
        name: "fitzhugh-nagumo",
        source: "FitzHugh 1961, Nagumo et al. 1962, a neuron that fires",
        components: &["v", "w"],
        constants: &[("a", 0.7), ("b", 0.8), ("tau", 12.5), ("current", 0.5)],
        initial: &[-1.0, 1.0],
        start: 0.0,
        end: 100.0,
        steps: 2000,
        first: None,
        wgsl: include_str!("../../../shaders/objective/ode/system/fitzhugh-nagumo.wgsl"),
        twin: twin::fitzhugh_nagumo,
    },
    System {
        name: "morris-lecar",
        source: "Morris and Lecar 1981, a neuron that fires; constants of Rinzel and Ermentrout 1998, SNLC",
        components: &["v", "w"],
        constants: &SNLC.named(50.0),
        initial: &[-60.0, 0.0],
        start: 0.0,
        end: 1000.0,
        steps: 10_000,
        first: None,
        wgsl: include_str!("../../../shaders/objective/ode/system/morris-lecar.wgsl"),
        twin: twin::morris_lecar,
    },
    System {
        name: "cubic-spiral",
        source: "Chen et al. 2018, the spiral of neural ODEs",
        components: &["x", "y"],
        constants: &[("damping", 0.1), ("rate", 2.0)],
        initial: &[2.0, 0.0],
        start: 0.0,
        end: 25.0,
        steps: 1000,
        first: None,
        wgsl: include_str!("../../../shaders/objective/ode/system/cubic-spiral.wgsl"),
        twin: twin::cubic_spiral,
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
    System {
        name: "rober",
        source: "Robertson 1966, an autocatalytic reaction; stiff",
        components: &["y1", "y2", "y3"],
        constants: &[("k1", 0.04), ("k2", 3e7), ("k3", 1e4)],
        initial: &[1.0, 0.0, 0.0],
        start: 0.0,
        end: 1e5,
        steps: 100,
        first: Some(1e-5),
        wgsl: include_str!("../../../shaders/objective/ode/system/rober.wgsl"),
        twin: twin::rober,
    },
    System {
        name: "pollu",
        source: "Verwer 1994, air pollution, 25 reactions of 20 species; stiff",
        components: POLLU_SPECIES,
        constants: POLLU_RATES,
        initial: &[
            0.0, 0.2, 0.0, 0.04, 0.0, 0.0, 0.1, 0.3, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.007, 0.0, 0.0, 0.0,
        ],
        start: 0.0,
        end: 60.0,
        steps: 100,
        first: Some(1e-6),
        wgsl: include_str!("../../../shaders/objective/ode/system/pollu.wgsl"),
        twin: twin::pollu,
    },
];

/// y1 to y20 of [`SYSTEMS`]' "pollu".
const POLLU_SPECIES: &[&str] = &[
    "y1", "y2", "y3", "y4", "y5", "y6", "y7", "y8", "y9", "y10", "y11", "y12", "y13", "y14", "y15", "y16", "y17",
    "y18", "y19", "y20",
];

/// Its rates of reaction.
const POLLU_RATES: &[(&str, f32)] = &[
    ("k1", 0.35),
    ("k2", 26.6),
    ("k3", 1.23e4),
    ("k4", 8.6e-4),
    ("k5", 8.2e-4),
    ("k6", 1.5e4),
    ("k7", 1.3e-4),
    ("k8", 2.4e4),
    ("k9", 1.65e4),
    ("k10", 9e3),
    ("k11", 0.022),
    ("k12", 1.2e4),
    ("k13", 1.88),
    ("k14", 1.63e4),
    ("k15", 4.8e6),
    ("k16", 3.5e-4),
    ("k17", 0.0175),
    ("k18", 1e8),
    ("k19", 4.44e11),
    ("k20", 1.24e3),
    ("k21", 2.1),
    ("k22", 5.78),
    ("k23", 0.0474),
    ("k24", 1.78e3),
    ("k25", 3.12),
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
