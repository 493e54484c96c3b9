//! Systems: WGSL texts whose first lines say what they are, the built-in ones and users' own alike.

use std::path::Path;
use std::sync::LazyLock;

use super::unroll::unrolled;
use super::{Integrator, header, text};
use crate::gpu::Source;
use crate::reference::ode as twin;
use crate::{Error, Result};

/// What stiff systems are integrated with, unless told otherwise.
pub(super) const STIFF: Integrator = Integrator::Rodas3;

/// f(t, y, constants) in plain Rust.
pub type Twin = fn(f64, &[f64], &[f64]) -> Vec<f64>;

/// y' = f(t, y)
///
/// Its text is `fn rhs(t: f32, y: State) -> State` with any functions, constants and structures of its own, below lines
/// that say what it is:
///
/// ```wgsl
/// //! source van der Pol 1926, relaxation oscillations
/// //! state x = 2, v = 0
/// //! constants mu = 1
/// //! time 0 20
/// //! steps 1000
/// fn rhs(t: f32, y: State) -> State {
///     return State(y[v], constants[mu] * (1.0 - y[x] * y[x]) * y[v] - y[x]);
/// }
/// ```
///
/// Only the state is needed: components and where they start. Lists may go on in another line of the same kind. In the
/// text every component and constant is known by name. A last line `//! first 1e-5` is for stiff systems: the times lie
/// on a geometric grid with such a first step. An argument called like a component hides it: with a component y, call
/// the state something else.
#[derive(Clone, Debug)]
pub struct System {
    /// What it is called: a built-in name, or the name of a file.
    pub name: String,
    /// Author, year and what it describes.
    pub source: String,
    /// Names of the components of y.
    pub components: Vec<String>,
    /// Names and usual values of the constants.
    pub constants: Vec<(String, f32)>,
    /// Where y usually starts.
    pub initial: Vec<f32>,
    /// Where t starts.
    pub start: f64,
    /// Where t usually ends.
    pub end: f64,
    /// Usual number of steps.
    pub steps: u32,
    /// First step of the geometric grid that a stiff system needs.
    pub first: Option<f64>,
    /// The text.
    pub wgsl: String,
    /// The same in plain Rust, for tests of the built-in ones.
    pub twin: Option<Twin>,
}

impl System {
    /// A user's own system, checked by itself; `name` (a file name) appears in errors.
    ///
    /// # Errors
    /// [`Error::Shader`] at the line of `wgsl`.
    pub fn own(name: &str, wgsl: &str) -> Result<Self> {
        let system = header::read(name, wgsl)?;
        text::check(&system)?;
        Ok(system)
    }

    /// The system in the file `path`.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, else as [`System::own`].
    pub fn read(path: &Path) -> Result<Self> {
        let wgsl = std::fs::read_to_string(path).map_err(|cause| Error::file(path, cause))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self::own(&name, &wgsl)
    }

    /// What comes before the text in a shader: the state, and what the names of components and constants stand for.
    pub(super) fn prelude(&self) -> Result<Source> {
        let constants = self.constants.iter().map(|(name, _)| name);
        let names = self.components.iter().enumerate().chain(constants.enumerate());
        let lines: Vec<String> = names.map(|(place, name)| format!("const {name} = {place}u;")).collect();
        let text = include_str!("../../../shaders/objective/ode/state.wgsl");
        let state = unrolled(text, "COMPONENTS", self.components.len() as u32);
        Source::new()
            .constant("COMPONENTS", self.components.len() as u32)
            .constant("CONSTANTS", self.constants.len().max(1) as u32)
            .piece("state", &state)?
            .piece("names of components and constants", &lines.join("\n"))
    }
}

/// Name, text and twin of every built-in system.
const BUILT_IN: [(&str, &str, Twin); 8] = [
    ("van-der-pol", include_str!("../../../shaders/objective/ode/system/van-der-pol.wgsl"), twin::van_der_pol),
    ("lotka-volterra", include_str!("../../../shaders/objective/ode/system/lotka-volterra.wgsl"), twin::lotka_volterra),
    (
        "fitzhugh-nagumo",
        include_str!("../../../shaders/objective/ode/system/fitzhugh-nagumo.wgsl"),
        twin::fitzhugh_nagumo,
    ),
    ("morris-lecar", include_str!("../../../shaders/objective/ode/system/morris-lecar.wgsl"), twin::morris_lecar),
    ("cubic-spiral", include_str!("../../../shaders/objective/ode/system/cubic-spiral.wgsl"), twin::cubic_spiral),
    ("lorenz", include_str!("../../../shaders/objective/ode/system/lorenz.wgsl"), twin::lorenz),
    ("rober", include_str!("../../../shaders/objective/ode/system/rober.wgsl"), twin::rober),
    ("pollu", include_str!("../../../shaders/objective/ode/system/pollu.wgsl"), twin::pollu),
];

/// Every built-in system.
pub static SYSTEMS: LazyLock<Vec<System>> = LazyLock::new(|| {
    let read = |(name, wgsl, twin): (&str, &str, Twin)| {
        let system = header::read(name, wgsl).expect("a test reads every built-in system");
        System { twin: Some(twin), ..system }
    };
    BUILT_IN.map(read).into()
});

/// The system of this name.
///
/// # Errors
/// [`Error::Setting`] with the names there are.
pub fn find(name: &str) -> Result<&'static System> {
    let found = SYSTEMS.iter().find(|system| system.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let names: Vec<_> = SYSTEMS.iter().map(|system| system.name.as_str()).collect();
        Error::setting("system", name, format!("there is {}, or a file: mine.wgsl", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_systems_are_as_users_write_them() {
        for (name, wgsl, _) in BUILT_IN {
            let system = System::own(name, wgsl).unwrap();
            assert!(!system.source.is_empty() && system.end > system.start, "{name}");
            assert_eq!(find(name).unwrap().constants, system.constants);
        }
    }
}
