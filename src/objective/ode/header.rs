//! The first lines of a system's text: what its components and constants are called, and where it starts and ends.

use super::System;
use crate::{Error, Result};

/// Components at most: the state of a trajectory lies in registers.
const MOST_COMPONENTS: usize = 256;
/// The kinds of lines there are.
const KINDS: &str = "state, constants, time, steps, first and source";
/// The line that none can do without.
const STATE: &str = "name the components and where they start: //! state x = 1, v = 0";

/// The system that `wgsl` describes, its text unchecked.
pub(super) fn read(name: &str, wgsl: &str) -> Result<System> {
    let mut system = System {
        name: name.into(),
        source: String::new(),
        components: Vec::new(),
        constants: Vec::new(),
        initial: Vec::new(),
        start: 0.0,
        end: 10.0,
        steps: 1000,
        first: None,
        wgsl: wgsl.into(),
        twin: None,
    };
    let mut once: Vec<&str> = Vec::new();
    for (number, line) in wgsl.lines().enumerate() {
        let Some(rest) = line.trim_start().strip_prefix("//!") else { continue };
        let refuse = |message: &str| refused(name, number as u32 + 1, message);
        let (kind, rest) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        match kind {
            "state" | "constants" => {
                let pairs = pairs(rest).map_err(|message| refuse(&message))?;
                for (name, value) in pairs {
                    let known = system.constants.iter().map(|(known, _)| known).chain(&system.components);
                    if known.into_iter().any(|known| *known == name) {
                        return Err(refuse(&format!("`{name}` is there already: choose another name")));
                    }
                    if kind == "state" {
                        system.components.push(name);
                        system.initial.push(value);
                    } else {
                        system.constants.push((name, value));
                    }
                }
                if system.components.len() > MOST_COMPONENTS {
                    return Err(refuse(&format!("a system has {MOST_COMPONENTS} components at most")));
                }
                continue;
            }
            "source" => system.source = rest.trim().into(),
            "time" => {
                let times: Vec<f64> = rest.split_whitespace().map_while(|word| word.parse().ok()).collect();
                match times[..] {
                    [start, end] if start < end && (end - start).is_finite() => {
                        (system.start, system.end) = (start, end);
                    }
                    _ => return Err(refuse("give start and end, the earlier one first: //! time 0 20")),
                }
            }
            "steps" => match rest.trim().parse() {
                Ok(steps) if steps > 0 => system.steps = steps,
                _ => return Err(refuse("give a number of steps, at least one: //! steps 1000")),
            },
            "first" => match rest.trim().parse() {
                Ok(first) if first > 0.0 && f64::is_finite(first) => system.first = Some(first),
                _ => return Err(refuse("give the length of the first step: //! first 1e-5")),
            },
            "import" => return Err(refuse("a system imports nothing: remove //! import")),
            _ => {
                return Err(refuse(&format!(
                    "`{kind}` is none of the lines there are ({KINDS}): begin a comment with //"
                )));
            }
        }
        if once.contains(&kind) {
            return Err(refuse(&format!("a second line //! {kind}: remove one")));
        }
        once.push(kind);
    }
    if system.components.is_empty() {
        return Err(refused(name, 1, STATE));
    }
    Ok(system)
}

/// `x = 1, v = 0`
fn pairs(text: &str) -> Result<Vec<(String, f32)>, String> {
    let pair = |pair: &str| {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| format!("`{}` has no value: write x = 1, v = 0", pair.trim()))?;
        let (name, value) = (name.trim(), value.trim());
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(letters) || name.contains("__") {
            return Err(format!("`{name}` is no name: take letters, digits and _, a letter first"));
        }
        match value.parse::<f32>() {
            Ok(number) if number.is_finite() => Ok((name.to_string(), number)),
            _ => Err(format!("`{value}` is no finite number")),
        }
    };
    text.trim().trim_end_matches(',').split(',').map(pair).collect()
}

fn refused(name: &str, line: u32, message: &str) -> Error {
    Error::Shader { piece: name.into(), line, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_a_system_is() {
        let text =
            "// mine\n//! state x = 1.5,\n//! state v = -2e-3\n//! constants mu=3\n//! time -1 4\n//! first 1e-4";
        let system = read("mine.wgsl", text).unwrap();
        assert_eq!((system.components, system.initial), (vec!["x".into(), "v".into()], vec![1.5, -2e-3]));
        assert_eq!((system.constants, system.steps), (vec![("mu".into(), 3.0)], 1000));
        assert_eq!((system.start, system.end, system.first), (-1.0, 4.0, Some(1e-4)));
    }

    #[test]
    fn lines_that_are_wrong_are_told_by_their_number() {
        for (text, told) in [
            ("fn rhs() {}", "mine.wgsl:1: name the components"),
            ("//! state x", "mine.wgsl:1: `x` has no value"),
            ("//! state", "no value"),
            ("//! state x = one", "`one` is no finite number"),
            ("//! state x = inf", "`inf` is no finite number"),
            ("//! state 2x = 1", "`2x` is no name"),
            ("//! state x = 1\n//! constants x = 2", "mine.wgsl:2: `x` is there already"),
            ("//! state x = 1\n\n//! time 3 1", "mine.wgsl:3: give start and end"),
            ("//! state x = 1\n//! time 3", "mine.wgsl:2: give start and end"),
            ("//! state x = 1\n//! time 0 nan", "mine.wgsl:2: give start and end"),
            ("//! state x = 1\n//! steps 0", "mine.wgsl:2: give a number of steps"),
            ("//! state x = 1\n//! steps 5\n//! steps 6", "mine.wgsl:3: a second line"),
            ("//! state x = 1\n//! first -1", "mine.wgsl:2: give the length"),
            ("//! state x = 1\n//! import grid", "mine.wgsl:2: a system imports nothing"),
            ("//! state x = 1\n//! contants mu = 1", "mine.wgsl:2: `contants` is none"),
        ] {
            let message = read("mine.wgsl", text).unwrap_err().to_string();
            assert!(message.contains(told), "{text}: {message}");
        }
    }
}
