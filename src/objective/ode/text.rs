//! Checks of a user's system: names that clash, and the text by itself, so that errors stand at the user's own line.

use std::collections::BTreeSet;

use super::{Integrator, Ode, System};
use crate::objective::users::{line_of, refuse_kernels, words};
use crate::{Error, Result};

/// What a text must hold.
const WANTED: &str = "there must be a function `fn rhs(t: f32, y: State) -> State`";

/// Checks names and text of `system`.
pub(super) fn check(system: &System) -> Result<()> {
    let text = &system.wgsl;
    let refuse = |line: u32, message: String| Err(Error::Shader { piece: system.name.clone(), line, message });
    let ours = names_of_ours()?;
    for name in system.components.iter().chain(system.constants.iter().map(|(name, _)| name)) {
        if is_of_wgsl(name) {
            return refuse(header_line(text, name), format!("`{name}` is a word of WGSL: choose another name"));
        }
        if ours.contains(name) || name == "rhs" {
            let message = format!("`{name}` is a name of the library: choose another one");
            return refuse(header_line(text, name), message);
        }
    }
    let (module, _) = system.prelude()?.piece(&system.name, text)?.check().map_err(|error| hinted(system, error))?;
    let words = words(text);
    refuse_kernels(&system.name, "a system", text, &module)?;
    // Names of kernels that the prelude does not hold; those that it holds the compiler has found.
    const DECLARES: [&str; 4] = ["fn", "const", "struct", "alias"];
    let pairs = words.windows(2).filter(|pair| DECLARES.contains(&pair[0].1));
    let outside = |at: usize| text[..at].matches('{').count() == text[..at].matches('}').count();
    if let Some(pair) = pairs.into_iter().find(|pair| ours.contains(pair[1].1) && outside(pair[0].0)) {
        let message = format!("`{}` is a name of the library: choose another one", pair[1].1);
        return refuse(line_of(text, &[pair[1].1]), message);
    }
    let is_state = |ty: naga::Handle<naga::Type>| {
        let naga::TypeInner::Array { base, size: naga::ArraySize::Constant(size), .. } = module.types[ty].inner else {
            return false;
        };
        module.types[base].inner == naga::TypeInner::Scalar(naga::Scalar::F32)
            && size.get() as usize == system.components.len()
    };
    let fits = module.functions.iter().any(|(_, function)| {
        function.name.as_deref() == Some("rhs")
            && function.arguments.len() == 2
            && module.types[function.arguments[0].ty].inner == naga::TypeInner::Scalar(naga::Scalar::F32)
            && is_state(function.arguments[1].ty)
            && function.result.as_ref().is_some_and(|result| is_state(result.ty))
    });
    if fits { Ok(()) } else { refuse(line_of(text, &["rhs"]), WANTED.into()) }
}

/// The names that our kernels declare outside functions.
fn names_of_ours() -> Result<BTreeSet<String>> {
    let text = "//! state component_of_a_probe = 0\nfn rhs(t: f32, y: State) -> State { return y; }";
    let system = super::header::read("probe", text)?;
    let mut names = BTreeSet::new();
    for integrator in Integrator::ALL {
        let ode = Ode { integrator, ..Ode::new(&system) };
        for source in ode.sources()? {
            let (module, _) = source.check()?;
            names.extend(module.functions.iter().filter_map(|(_, function)| function.name.clone()));
            names.extend(module.constants.iter().filter_map(|(_, constant)| constant.name.clone()));
            names.extend(module.global_variables.iter().filter_map(|(_, variable)| variable.name.clone()));
            names.extend(module.types.iter().filter_map(|(_, ty)| ty.name.clone()));
            names.extend(module.entry_points.iter().map(|entry| entry.name.clone()));
        }
    }
    // Those of kernels that fit a system to what was observed, and of what is generated beside them.
    let fitting = super::fit::fixed_pieces()?.text();
    let words = words(&fitting);
    let declared = |pair: &[(usize, &str)]| ["fn", "const", "struct"].contains(&pair[0].1);
    names.extend(words.windows(2).filter(|pair| declared(pair)).map(|pair| pair[1].1.to_string()));
    let variables = fitting.lines().filter(|line| line.starts_with("@group") || line.starts_with("var<"));
    let named = variables.filter_map(|line| line.split_once('>')?.1.split_once(':'));
    names.extend(named.map(|(name, _)| name.trim().to_string()));
    names.extend(["cost", "held", "read_field"].map(String::from));
    // `rhs` is for the user to define.
    names.remove("rhs");
    names.insert("State".into());
    Ok(names)
}

/// Whether the compiler knows the name without being told: a keyword, a type or a function of WGSL.
fn is_of_wgsl(name: &str) -> bool {
    let parsed = |text: String| naga::front::wgsl::parse_str(&text);
    let keyword = parsed(format!("const {name} = 0u;")).is_err();
    let free = parsed(format!("fn probe_of_names() {{ {name}(); }}"))
        .is_err_and(|error| error.message().contains("no definition in scope"));
    keyword || !free
}

/// The line of the header that names `name`.
fn header_line(text: &str, name: &str) -> u32 {
    let is_name = |word: &str| word.split('=').next().unwrap_or_default().trim() == name;
    let lists =
        |rest: &str| rest.trim().split_once(char::is_whitespace).is_some_and(|(_, list)| list.split(',').any(is_name));
    let found = text.lines().position(|line| line.trim_start().strip_prefix("//!").is_some_and(lists));
    found.map_or(1, |at| at as u32 + 1)
}

/// The error with what is likely its reason where an argument hides a name of the header.
fn hinted(system: &System, error: Error) -> Error {
    let names: Vec<&str> = words(&system.wgsl).into_iter().map(|(_, word)| word).collect();
    let start = names.windows(2).position(|pair| pair == ["fn", "rhs"]);
    let arguments = start.map_or(&[][..], |at| &names[at..names.len().min(at + 6)]);
    let constants = system.constants.iter().map(|(name, _)| name);
    let hidden = system.components.iter().chain(constants).find(|name| arguments.contains(&name.as_str()));
    match (error, hidden) {
        (Error::Shader { piece, line, message }, Some(name)) => {
            let hint =
                format!("the argument `{name}` hides what the header calls so: call the argument something else?");
            Error::Shader { piece, line, message: format!("{message}; {hint}") }
        }
        (error, _) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "//! state x = 1, v = 0\n//! constants mu = 2\n
fn rhs(t: f32, s: State) -> State { return State(s[v], -constants[mu] * s[x]); }\n";

    fn refused(text: &str) -> String {
        System::own("mine.wgsl", text).unwrap_err().to_string()
    }

    #[test]
    fn components_and_constants_are_known_by_name() {
        System::own("mine.wgsl", GOOD).unwrap();
        let more =
            "fn force(s: State, speed: f32) -> f32 { let moved = speed; return moved * s[v]; }\nconst gamma = 2.0;";
        System::own("mine.wgsl", &format!("{GOOD}{more}")).unwrap();
        // Three components, one called like the usual argument.
        let lorenz = "//! state x=1, y=1, z=1\nfn rhs(t: f32, s: State) -> State { return State(s[y], s[z], s[x]); }";
        System::own("mine.wgsl", lorenz).unwrap();
    }

    #[test]
    fn errors_are_at_the_users_own_line() {
        for (text, told) in [
            (format!("{GOOD}fn f() -> f32 {{\n    return nothing;\n}}"), "mine.wgsl:6:"),
            (format!("{GOOD}fn f() -> f32 {{\n    return 1u;\n}}"), "mine.wgsl:6:"),
            (format!("{GOOD}}}"), "mine.wgsl:5:"),
            (format!("{GOOD}@compute @workgroup_size(1) fn main() {{}}"), "mine.wgsl:5: a system has no entry point"),
            (format!("{GOOD}\nvar<private> z: f32;"), "mine.wgsl:6: a system has no variables"),
            (format!("{GOOD}@group(0) @binding(0) var<uniform> z: f32;"), "mine.wgsl:5: a system has no variables"),
            (format!("{GOOD}override z: f32 = 1.0;"), "mine.wgsl:5: write const"),
            (format!("{GOOD}fn stepped() {{}}"), "mine.wgsl:5: `stepped` is a name of the library"),
            (format!("{GOOD}struct Course {{ z: f32 }}"), "mine.wgsl:5: `Course` is a name of the library"),
            (format!("{GOOD}fn moved() {{}}"), "mine.wgsl:5:"),
            (format!("{GOOD}const mu = 1.0;"), "mine.wgsl:5:"),
        ] {
            let message = refused(&text);
            assert!(message.starts_with(told), "{text}: {message}");
        }
    }

    #[test]
    fn a_right_hand_side_has_one_form() {
        for text in [
            "//! state x = 1\n",
            "//! state x = 1\n\nfn rhs(y: State) -> State { return y; }",
            "//! state x = 1\n\nfn rhs(t: f32, y: f32) -> f32 { return y; }",
            "//! state x = 1\n\nfn rhs(t: f32, y: array<f32, 2>) -> array<f32, 2> { return y; }",
            "//! state x = 1\n\nfn rhs(t: u32, y: State) -> State { return y; }",
        ] {
            let message = refused(text);
            let line = if text.contains("rhs") { "mine.wgsl:3:" } else { "mine.wgsl:1:" };
            assert!(message.starts_with(line) && message.contains("fn rhs(t: f32, y: State)"), "{text}: {message}");
        }
    }

    #[test]
    fn names_that_are_taken_are_told_at_their_line() {
        for (name, told) in [
            ("exp", "a word of WGSL"),
            ("f32", "a word of WGSL"),
            ("vec2f", "a word of WGSL"),
            ("loop", "a word of WGSL"),
            ("target", "a word of WGSL"),
            ("constants", "a name of the library"),
            ("moved", "a name of the library"),
            ("stepped", "a name of the library"),
            ("tried", "a name of the library"),
            ("slopes", "a name of the library"),
            ("part", "a name of the library"),
            ("State", "a name of the library"),
            ("rhs", "a name of the library"),
        ] {
            let message = refused(&GOOD.replace("mu", name));
            assert!(message.starts_with("mine.wgsl:2:") && message.contains(told), "{name}: {message}");
        }
        for name in ["speed", "h", "y", "alpha", "k1"] {
            System::own("mine.wgsl", &GOOD.replace("mu", name)).unwrap();
        }
    }

    #[test]
    fn an_argument_that_hides_a_component_is_told() {
        let text = "//! state x = 1, y = 1\nfn rhs(t: f32, y: State) -> State { return State(y[x], y[y]); }";
        let message = refused(text);
        assert!(message.starts_with("mine.wgsl:2:") && message.contains("the argument `y` hides"), "{message}");
    }
}
