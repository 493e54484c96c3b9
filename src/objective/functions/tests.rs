//! What every entry must satisfy: names, files, valid WGSL, and a known minimum that is one, shifted or not.

use std::collections::BTreeSet;
use std::path::Path;

use naga::valid::{Capabilities, ValidationFlags, Validator};
use proptest::prelude::*;

use super::{FUNCTIONS, Function, SHIFTED, find};

/// Everything a function's text expects around it, in the least form that is valid.
const STUB: &str = "const DIMS: u32 = 2;\nconst SHIFT: f32 = 0.5;\n\
    fn at(candidate: u32, i: u32) -> f32 { return f32(candidate + i); }\n\
    fn random_unit(candidate: u32, stream: u32) -> f32 { return f32(candidate + stream) * 0.0; }\n";

const SIN2_PI: &str = include_str!("../../../shaders/lib/sin2_pi.wgsl");

/// Slack for `f64` rounding in sums of about a hundred terms.
fn slack(value: f64) -> f64 {
    1e-12 * value.abs().max(1.0)
}

/// Both ways the engine offers a function: as published, and moved by its default shift.
fn shifts(function: &Function) -> [f32; 2] {
    [0.0, function.shift]
}

/// A few numbers of coordinates the function accepts, smallest first.
fn dims(function: &Function) -> Vec<u32> {
    [1, 2, 3, function.dims.usual(), 100].into_iter().filter(|&dims| function.dims.accepts(dims)).collect()
}

/// The side searched, by `f64`; every coordinate asked for has one.
fn side(function: &Function, coordinate: usize) -> (f64, f64) {
    let (low, high) = function.domain.side(coordinate).expect("a side for every coordinate");
    (f64::from(low), f64::from(high))
}

#[test]
fn names_are_unique_and_found_in_any_case() {
    let mut seen = BTreeSet::new();
    for function in FUNCTIONS {
        for name in function.names() {
            assert!(seen.insert(name), "two functions answer to {name}");
            let found = find(&name.to_uppercase()).expect("its own name");
            assert_eq!(found.name, function.name);
        }
    }
    assert!(find("no-such-function").is_none());
}

#[test]
fn every_shader_file_belongs_to_the_entry_of_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders/functions");
    let mut files = BTreeSet::new();
    for file in std::fs::read_dir(folder).expect("the folder of functions") {
        let path = file.expect("a readable folder").path();
        let stem = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a text file");
        let loaded = if stem == "shifted" { Some(SHIFTED) } else { find(&stem).map(|function| function.wgsl) };
        assert_eq!(loaded, Some(text.as_str()), "{stem} and the entry of that name");
        files.insert(stem);
    }
    assert_eq!(files.len(), FUNCTIONS.len() + 1, "one file for each function, and shifted");
}

#[test]
fn every_shader_is_one_objective_and_imports_what_it_calls() {
    for function in FUNCTIONS {
        let imports = function.wgsl.lines().next().expect("a first line");
        let calls = |name: &str| function.wgsl.contains(name);
        let sine = if calls("sin2_pi(") { ", sin2_pi" } else { "" };
        let noise = if function.noise > 0.0 { ", random" } else { "" };
        assert_eq!(imports, format!("//! import shifted{sine}{noise}"), "{}", function.name);
        assert_eq!(calls("random_unit("), function.noise > 0.0, "{}", function.name);

        let text = format!("{STUB}{SHIFTED}{SIN2_PI}{}", function.wgsl);
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|error| panic!("{}: {}", function.name, error.emit_to_string(&text)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{}: {}", function.name, error.emit_to_string(&text)));
        assert!(module.global_variables.is_empty() && module.entry_points.is_empty(), "{}", function.name);

        let (_, objective) = module
            .functions
            .iter()
            .find(|(_, candidate)| candidate.name.as_deref() == Some("objective"))
            .unwrap_or_else(|| panic!("{} has no fn objective", function.name));
        let scalar = |handle: naga::Handle<naga::Type>| module.types[handle].inner.scalar();
        let arguments: Vec<_> = objective.arguments.iter().map(|argument| scalar(argument.ty)).collect();
        assert_eq!(arguments, [Some(naga::Scalar::U32)], "{}", function.name);
        let result = objective.result.as_ref().expect("a result");
        assert_eq!(scalar(result.ty), Some(naga::Scalar::F32), "{}", function.name);
    }
}

#[test]
fn the_known_value_is_taken_at_the_minimizer_inside_the_box() {
    for function in FUNCTIONS {
        for dims in dims(function) {
            let value = (function.value)(dims);
            for shift in shifts(function) {
                let minimizer = function.shifted_minimizer(dims, shift);
                assert_eq!(minimizer.len(), dims as usize, "{}", function.name);
                for (i, coordinate) in minimizer.iter().enumerate() {
                    let (low, high) = side(function, i);
                    assert!(low <= *coordinate && *coordinate <= high, "{} by {shift}: {coordinate}", function.name);
                }
                let taken = function.evaluate(&minimizer, shift);
                // Moving there and back rounds the last digits away, which a root or a steep slope enlarges.
                let allowed = if shift == 0.0 { slack(value) } else { 1e-6 };
                assert!((taken - value).abs() <= allowed, "{} by {shift}: {taken}, not {value}", function.name);
            }
        }
    }
}

#[test]
fn the_default_shift_is_three_tenths_of_the_shortest_half_side() {
    for function in FUNCTIONS {
        let dims = function.dims.usual() as usize;
        let shortest = (0..dims).map(|i| side(function, i)).map(|(low, high)| high - low).fold(f64::INFINITY, f64::min);
        let shift = f64::from(function.shift).abs();
        assert!((shift - 0.15 * shortest).abs() < 1e-6 * shortest, "{}: {shift}", function.name);
    }
}

/// Exhaustive where the eye can follow: one and two coordinates, over the cube around the box. A sum over
/// coordinates has no lower value in more dimensions if it has none in one.
#[test]
fn no_point_of_a_dense_grid_is_below_the_known_value() {
    for function in FUNCTIONS {
        for (dims, points) in [(1_u32, 20_001_usize), (2, 301)] {
            if !function.dims.accepts(dims) {
                continue;
            }
            let value = (function.value)(dims);
            let (low, high) = function.domain.cube();
            let step = f64::from(high - low) / (points - 1) as f64;
            let coordinate = |i: usize| f64::from(low) + step * i as f64;
            for shift in shifts(function) {
                for index in 0..points.pow(dims) {
                    let candidate = [coordinate(index % points), coordinate(index / points)];
                    let candidate = &candidate[..dims as usize];
                    let taken = function.evaluate(candidate, shift);
                    assert!(taken >= value - slack(value), "{} by {shift}: {taken} at {candidate:?}", function.name);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// Points of the whole box and, by powers of ten, of ever smaller boxes around the minimizer: a value or
    /// a minimizer with a wrong late digit shows there.
    #[test]
    fn no_random_point_is_below_the_known_value(
        index in 0..FUNCTIONS.len(),
        wanted in 1_u32..=100,
        closeness in 0_i32..10,
        shifted: bool,
        units in prop::collection::vec(-1.0..1.0_f64, 100),
    ) {
        let function = FUNCTIONS[index];
        let dims = if function.dims.accepts(wanted) { wanted } else { function.dims.usual() };
        let shift = if shifted { function.shift } else { 0.0 };
        let value = (function.value)(dims);
        let candidate: Vec<f64> = function
            .shifted_minimizer(dims, shift)
            .iter()
            .zip(&units)
            .enumerate()
            .map(|(i, (centre, unit))| {
                let (low, high) = side(function, i);
                (centre + unit * (high - low) * 0.1_f64.powi(closeness)).clamp(low, high)
            })
            .collect();
        let taken = function.evaluate(&candidate, shift);
        prop_assert!(taken >= value - slack(value), "{} by {shift}: {taken} at {candidate:?}", function.name);
    }
}
