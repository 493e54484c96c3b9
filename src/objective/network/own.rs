//! A loss of the user's own, in WGSL: `fn loss(output: f32, wanted: f32) -> f32`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::gpu::Source;
use crate::objective::users::{line_of, refuse_kernels, words};
use crate::{Error, Result};

/// What the user's function is called among ours; every name of the text gets the same beginning.
const PREFIX: &str = "users_";

/// WGSL text that says what one output costs: `fn loss(output: f32, wanted: f32) -> f32`, lower is better, with any
/// functions, constants and structures of its own.
///
/// In a regression `output` is what the network says and `wanted` the row's number. Where there are classes `output` is
/// each sigmoid output in turn and `wanted` 1 for the row's class, 0 for the others; the row costs their mean. Its slope
/// for backpropagation is a central difference in the output, `h = 1e-3 max(1, |output|)`, in `f32`: good to three
/// digits or so where the loss is smooth, 0 where it has no finite value. A loss that is not finite for one row makes
/// the network count as the worst.
///
/// `target` is a reserved word in WGSL, so no argument can have that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    text: Arc<str>,
    renamed: Arc<str>,
}

impl Own {
    /// Checks `wgsl` by itself; `name` (a file name) appears in errors.
    ///
    /// # Errors
    /// [`Error::Shader`] at the line of `wgsl`.
    pub fn new(name: &str, wgsl: &str) -> Result<Self> {
        check(name, wgsl)?;
        let renamed = renamed(wgsl);
        // Names of ours cannot clash any more; a member called like a function can.
        if Source::new().piece(name, &renamed)?.check().is_err() {
            let message = "a member of a structure is called like a function or constant: rename it".into();
            return Err(Error::Shader { piece: name.into(), line: 1, message });
        }
        Ok(Self { text: wgsl.into(), renamed: renamed.into() })
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The kernels' piece: the renamed text, ours below it.
    pub(super) fn wgsl(&self, numbers: bool) -> String {
        let outputs = if numbers { "number_outputs" } else { "sigmoid_outputs" };
        let ours = include_str!("../../../shaders/objective/loss/own.wgsl");
        format!("//! import {outputs}\n{}\n{ours}", self.renamed)
    }
}

/// Checks a user's text alone, so that errors are its own.
fn check(name: &str, wgsl: &str) -> Result<()> {
    let refuse = |line, message: &str| Err(Error::Shader { piece: name.into(), line, message: message.into() });
    if let Some(line) = wgsl.lines().position(|line| line.starts_with("//! import")) {
        return refuse(line as u32 + 1, "a loss imports nothing: remove //! import");
    }
    let (module, _) = Source::new().piece(name, wgsl)?.check()?;
    refuse_kernels(name, "a loss", wgsl, &module)?;
    let number = |ty: naga::Handle<naga::Type>| {
        module.types[ty].inner == naga::TypeInner::Scalar(naga::Scalar { kind: naga::ScalarKind::Float, width: 4 })
    };
    let fits = module.functions.iter().any(|(_, function)| {
        function.name.as_deref() == Some("loss")
            && function.arguments.len() == 2
            && function.arguments.iter().all(|argument| number(argument.ty))
            && function.result.as_ref().is_some_and(|result| number(result.ty))
    });
    if fits {
        return Ok(());
    }
    refuse(line_of(wgsl, &["loss"]), "there must be a function `fn loss(output: f32, wanted: f32) -> f32`")
}

/// The text with [`PREFIX`] before every name that it declares, so that none is taken twice in a kernel.
fn renamed(wgsl: &str) -> String {
    const DECLARES: [&str; 4] = ["fn", "const", "struct", "alias"];
    let words = words(wgsl);
    let pairs = words.windows(2).filter(|pair| DECLARES.contains(&pair[0].1));
    let declared: BTreeSet<&str> = pairs.map(|pair| pair[1].1).collect();
    let mut text = String::new();
    let mut from = 0;
    for (at, _) in words.iter().filter(|(at, word)| declared.contains(word) && !wgsl[..*at].trim_end().ends_with('.')) {
        text.push_str(&wgsl[from..*at]);
        text.push_str(PREFIX);
        from = *at;
    }
    text + &wgsl[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUBER: &str =
        "// fn max of two\nconst EDGE = 1.0;\nfn line(r: f32) -> f32 { return EDGE * (r - 0.5 * EDGE); }
fn loss(output: f32, wanted: f32) -> f32 {\n    let r = abs(output - wanted); /* fn r /* */ */
    return select(0.5 * r * r, line(max(r, 0.0)), r > EDGE);\n}";

    fn refused(wgsl: &str) -> String {
        Own::new("mine.wgsl", wgsl).unwrap_err().to_string()
    }

    #[test]
    fn names_are_kept_apart_from_ours() {
        let text = renamed(HUBER);
        assert!(text.contains("fn users_line(r: f32)") && text.contains("users_line(max(r, 0.0)), r > users_EDGE"));
        assert!(text.contains("// fn max of two") && text.contains("fn users_loss("), "{text}");
        assert_eq!(text.matches('\n').count(), HUBER.matches('\n').count());
        let own = Own::new("huber.wgsl", HUBER).unwrap();
        assert_eq!(own.text(), HUBER);
        for numbers in [true, false] {
            let source = Source::new().constant("OUTPUTS", 3).piece("loss", &own.wgsl(numbers)).unwrap();
            source.check().unwrap();
        }
    }

    #[test]
    fn errors_are_at_the_users_own_line() {
        let reserved = refused("fn loss(output: f32,\n target: f32) -> f32 {\n return output;\n}");
        assert!(reserved.starts_with("mine.wgsl:2:") && reserved.contains("target"), "{reserved}");
        let unknown = refused("fn loss(output: f32, wanted: f32) -> f32 {\n    return output - want;\n}");
        assert!(unknown.starts_with("mine.wgsl:2:"), "{unknown}");
        let wrong = refused("fn loss(output: f32, wanted: f32) -> f32 {\n\n    return 1u;\n}");
        assert!(wrong.starts_with("mine.wgsl:3:"), "{wrong}");
    }

    #[test]
    fn what_is_no_loss_is_refused() {
        let good = "fn loss(y: f32, t: f32) -> f32 { return y - t; }\n";
        for (text, word) in [
            ("", "fn loss(output"),
            ("fn other() -> f32 { return 1.0; }", "fn loss(output"),
            ("fn loss(y: f32) -> f32 { return y; }", "fn loss(output"),
            ("fn loss(y: f32, t: u32) -> f32 { return y; }", "fn loss(output"),
            ("fn loss(y: f32, t: f32) -> u32 { return 1u; }", "fn loss(output"),
            (&format!("{good}@compute @workgroup_size(1) fn main() {{}}"), "mine.wgsl:2: a loss has no entry point"),
            (&format!("{good}var<private> x: f32;"), "mine.wgsl:2: a loss has no variables"),
            (&format!("{good}\n@group(0) @binding(0) var<storage> x: array<f32>;"), "mine.wgsl:3: a loss has no var"),
            (&format!("{good}override x: f32 = 1.0;"), "mine.wgsl:2: write const"),
            (&format!("{good}//! import threefry"), "mine.wgsl:2: a loss imports nothing"),
            ("const a = 1.0; struct S { a: f32 }\nfn loss(y: f32, t: f32) -> f32 { return S(y).a * a; }", "rename"),
        ] {
            let message = refused(text);
            assert!(message.contains(word), "{text}: {message}");
        }
    }
}
