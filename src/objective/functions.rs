//! The catalogue of test functions: what `minimize` knows by name. Each is one WGSL file, its twin in
//! [`crate::reference::functions`] and one entry here, with box, known minimum and source.

pub mod classic;
pub mod one_dimensional;
pub mod two_dimensional;

#[cfg(test)]
mod tests;

/// Every function, by family.
pub static FUNCTIONS: &[&Function] = &[
    &classic::SPHERE,
    &classic::SCHWEFEL_2_22,
    &classic::SCHWEFEL_1_2,
    &classic::SCHWEFEL_2_21,
    &classic::ROSENBROCK,
    &classic::STEP,
    &classic::QUARTIC,
    &classic::SCHWEFEL,
    &classic::RASTRIGIN,
    &classic::ACKLEY,
    &classic::GRIEWANK,
    &classic::PENALIZED_1,
    &classic::PENALIZED_2,
    &one_dimensional::POLY_10,
    &one_dimensional::CUBIC,
    &one_dimensional::EXP_COS,
    &one_dimensional::POLY_EXP,
    &one_dimensional::SQRT,
    &one_dimensional::ABS,
    &one_dimensional::CBRT_SIN,
    &one_dimensional::KINK,
    &two_dimensional::BEALE,
    &two_dimensional::GOLDSTEIN_PRICE,
    &two_dimensional::BOOTH,
    &two_dimensional::BUKIN_6,
    &two_dimensional::MATYAS,
    &two_dimensional::LEVI_13,
    &two_dimensional::HIMMELBLAU,
    &two_dimensional::THREE_HUMP_CAMEL,
    &two_dimensional::EASOM,
    &two_dimensional::CROSS_IN_TRAY,
];

/// The piece every function imports: coordinates less `const SHIFT: f32`, which the assembler provides.
pub const SHIFTED: &str = include_str!("../../shaders/functions/shifted.wgsl");

/// The function of this name or alias, in any case.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().copied().find(|function| function.names().any(|known| known.eq_ignore_ascii_case(name)))
}

/// A test function whose minimum is known.
#[derive(Debug, Clone)]
pub struct Function {
    /// What it is called on the command line; also its file's stem.
    pub name: &'static str,
    /// Other names it answers to, such as its number in a published table.
    pub aliases: &'static [&'static str],
    /// Author, year and title or number.
    pub source: &'static str,
    /// How many coordinates it takes.
    pub dims: Dims,
    /// The box searched, before and after a shift.
    pub domain: Domain,
    /// The minimum over the box, by number of coordinates.
    pub value: fn(u32) -> f64,
    /// One place where the unshifted function has it, by number of coordinates.
    pub minimizer: fn(u32) -> Vec<f64>,
    /// How far `--shift` alone moves the function along every axis: 0.3 of the shortest half side, towards
    /// the side on which the minimizer stays in the box and nothing below [`value`](Self::value) comes in.
    pub shift: f32,
    /// Width of the noise the shader adds and the twin does not: uniform in `[0, noise)`, 0 for none.
    pub noise: f64,
    /// `fn objective`, reading its coordinates through `x` of [`SHIFTED`].
    pub wgsl: &'static str,
    /// The unshifted function in plain Rust, without noise.
    pub twin: fn(&[f64]) -> f64,
}

impl Function {
    /// Its name, then its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// What the shader computes for this candidate, in `f64` and without noise.
    pub fn evaluate(&self, candidate: &[f64], shift: f32) -> f64 {
        let z: Vec<f64> = candidate.iter().map(|coordinate| coordinate - f64::from(shift)).collect();
        (self.twin)(&z)
    }

    /// Where the shifted function has its minimum.
    pub fn shifted_minimizer(&self, dims: u32, shift: f32) -> Vec<f64> {
        (self.minimizer)(dims).into_iter().map(|coordinate| coordinate + f64::from(shift)).collect()
    }
}

/// How many coordinates a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dims {
    /// So many and no other number.
    Fixed(u32),
    /// Any number from this on.
    AtLeast(u32),
}

impl Dims {
    /// The number to take when none is given: the published tables' 30 where there is a choice.
    pub const fn usual(self) -> u32 {
        match self {
            Self::Fixed(count) => count,
            Self::AtLeast(_) => 30,
        }
    }

    /// Whether the function is defined for this number.
    pub const fn accepts(self, dims: u32) -> bool {
        match self {
            Self::Fixed(count) => dims == count,
            Self::AtLeast(least) => dims >= least,
        }
    }
}

impl std::fmt::Display for Dims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(1) => f.write_str("1 dimension"),
            Self::Fixed(count) => write!(f, "{count} dimensions"),
            Self::AtLeast(least) => write!(f, "any number of dimensions from {least}"),
        }
    }
}

/// The box a function is searched in, sides as (low, high).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// The same side for every coordinate.
    Cube(f32, f32),
    /// A side for each coordinate.
    Sides(&'static [(f32, f32)]),
}

impl Domain {
    /// The side of one coordinate, or none where [`Domain::Sides`] has no such coordinate.
    pub fn side(&self, coordinate: usize) -> Option<(f32, f32)> {
        match self {
            Self::Cube(low, high) => Some((*low, *high)),
            Self::Sides(sides) => sides.get(coordinate).copied(),
        }
    }

    /// The smallest cube around the box, for a search with one pair of bounds; known minima hold there too.
    pub fn cube(&self) -> (f32, f32) {
        match self {
            Self::Cube(low, high) => (*low, *high),
            Self::Sides(sides) => sides
                .iter()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), side| (low.min(side.0), high.max(side.1))),
        }
    }
}
