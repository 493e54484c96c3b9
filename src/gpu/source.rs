//! WGSL assembled from pieces, each once, dependencies first.
//!
//! A piece names what it needs in a comment, `//! import clock, random`, so every file stays plain WGSL in an editor.
//! Declaration order does not matter in WGSL, so assembling is concatenation.

use crate::{Error, Result};

/// Pieces that others import, by the name they are imported under.
const LIBRARY: &[(&str, &str)] = &[
    ("bounds", include_str!("../../shaders/lib/bounds.wgsl")),
    ("chunk", include_str!("../../shaders/lib/chunk.wgsl")),
    ("clock", include_str!("../../shaders/lib/clock.wgsl")),
    ("feature_length", include_str!("../../shaders/objective/network/feature_length.wgsl")),
    ("finite", include_str!("../../shaders/lib/finite.wgsl")),
    ("follow", include_str!("../../shaders/optimizer/follow.wgsl")),
    ("grid", include_str!("../../shaders/lib/grid.wgsl")),
    ("layered_part", include_str!("../../shaders/objective/network/layered_part.wgsl")),
    ("node_noise", include_str!("../../shaders/objective/network/node_noise.wgsl")),
    ("norm_moments", include_str!("../../shaders/objective/network/norm_moments.wgsl")),
    ("lean_weights", include_str!("../../shaders/optimizer/lean_weights.wgsl")),
    ("number_outputs", include_str!("../../shaders/objective/loss/number_outputs.wgsl")),
    ("output_draws", include_str!("../../shaders/objective/network/output_draws.wgsl")),
    ("outputs_of_row", include_str!("../../shaders/objective/loss/outputs_of_row.wgsl")),
    ("threefry", include_str!("../../shaders/lib/threefry.wgsl")),
    ("progress", include_str!("../../shaders/lib/progress.wgsl")),
    ("random", include_str!("../../shaders/lib/random.wgsl")),
    ("rate", include_str!("../../shaders/optimizer/rule/rate.wgsl")),
    ("shifted", include_str!("../../shaders/functions/shifted.wgsl")),
    ("shuffle", include_str!("../../shaders/lib/shuffle.wgsl")),
    ("sin2_pi", include_str!("../../shaders/lib/sin2_pi.wgsl")),
    ("sigmoid_outputs", include_str!("../../shaders/objective/loss/sigmoid_outputs.wgsl")),
    ("smallest", include_str!("../../shaders/lib/smallest.wgsl")),
    ("softmax", include_str!("../../shaders/objective/loss/softmax.wgsl")),
    ("strategy", include_str!("../../shaders/optimizer/strategy.wgsl")),
    ("sum", include_str!("../../shaders/lib/sum.wgsl")),
    ("swarm", include_str!("../../shaders/optimizer/swarm.wgsl")),
    ("together", include_str!("../../shaders/lib/together.wgsl")),
    ("window", include_str!("../../shaders/objective/network/window.wgsl")),
];

/// The library's pieces, for tests that walk `shaders/`.
pub fn pieces() -> &'static [(&'static str, &'static str)] {
    LIBRARY
}

/// A shader under assembly.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pieces: Vec<(String, String)>,
}

impl Source {
    /// An empty shader.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the piece `text` called `name` and, before it, what its `//! import` line names.
    ///
    /// # Errors
    /// [`Error::Shader`] when an import is not in the library.
    pub fn piece(mut self, name: &str, text: &str) -> Result<Self> {
        if self.pieces.iter().any(|(known, _)| known == name) {
            return Ok(self);
        }
        for (number, line) in text.lines().enumerate() {
            let Some(names) = line.strip_prefix("//! import ") else { continue };
            for import in names.split(',').map(str::trim) {
                let Some((_, body)) = LIBRARY.iter().find(|(known, _)| *known == import) else {
                    return Err(Error::Shader {
                        piece: name.into(),
                        line: number as u32 + 1,
                        message: format!("there is no piece {import:?} to import"),
                    });
                };
                self = self.piece(import, body)?;
            }
        }
        self.pieces.push((name.into(), text.into()));
        Ok(self)
    }

    /// Adds `const name: u32`.
    #[must_use]
    pub fn constant(self, name: &str, value: u32) -> Self {
        self.line(name, format!("const {name}: u32 = {value}u;"))
    }

    /// Adds `const name: f32`.
    #[must_use]
    pub fn constant_f32(self, name: &str, value: f32) -> Self {
        self.line(name, format!("const {name}: f32 = {value:?}f;"))
    }

    /// Adds everything of `other` that is not here yet.
    #[must_use]
    pub fn join(mut self, other: &Self) -> Self {
        for (name, text) in &other.pieces {
            if !self.pieces.iter().any(|(known, _)| known == name) {
                self.pieces.push((name.clone(), text.clone()));
            }
        }
        self
    }

    /// The same pieces with `from` written as `to`.
    #[must_use]
    pub fn renamed(&self, from: &str, to: &str) -> Self {
        Self { pieces: self.pieces.iter().map(|(name, text)| (name.clone(), text.replace(from, to))).collect() }
    }

    /// The assembled text.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Parses and validates the whole.
    ///
    /// # Errors
    /// [`Error::Shader`] with the piece and its own line.
    pub fn check(&self) -> Result<(naga::Module, naga::valid::ModuleInfo)> {
        let text = self.text();
        let module = naga::front::wgsl::parse_str(&text).map_err(|e| {
            let line = e.location(&text).map_or(0, |l| l.line_number);
            let mut message = e.message().to_string();
            for (_, label) in e.labels() {
                if !label.is_empty() && !message.contains(label) {
                    message = format!("{message} ({label})");
                }
            }
            self.locate(line, message)
        })?;
        let mut validator =
            naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::all());
        validator.subgroup_stages(naga::valid::ShaderStages::COMPUTE);
        validator.subgroup_operations(naga::valid::SubgroupOperationSet::all());
        let info = validator.validate(&module).map_err(|e| {
            // The first span is the whole function, the last the expression that offends.
            let line = e.spans().last().map_or(0, |(span, _)| span.location(&text).line_number);
            let mut message = e.as_inner().to_string();
            let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(e.as_inner());
            while let Some(inner) = cause {
                message = format!("{message}: {inner}");
                cause = inner.source();
            }
            self.locate(line, message)
        })?;
        Ok((module, info))
    }

    fn line(mut self, name: &str, text: String) -> Self {
        if !self.pieces.iter().any(|(known, _)| known == name) {
            self.pieces.push((name.into(), text));
        }
        self
    }

    /// The error at this line of the whole; at the last piece, which is the user's, when the compiler names none.
    fn locate(&self, line: u32, message: String) -> Error {
        if let (0, Some((name, _))) = (line, self.pieces.last()) {
            return Error::Shader { piece: name.clone(), line: 1, message };
        }
        let mut start = 0;
        for (name, text) in &self.pieces {
            let lines = text.split('\n').count() as u32;
            if line <= start + lines {
                return Error::Shader { piece: name.clone(), line: line.saturating_sub(start).max(1), message };
            }
            start += lines;
        }
        Error::Shader { piece: "assembled shader".into(), line, message }
    }
}

/// Compares a struct of `text` with its twin on the host: size, and name and offset of every field, in order.
#[cfg(test)]
pub(crate) fn same_layout(text: &str, name: &str, size: usize, fields: &[(&str, usize)]) {
    // The declaration by itself: what is around it needs the constants of a run.
    let start = text.find(&format!("struct {name} {{")).expect("a struct of this name");
    let end = start + text[start..].find('}').expect("its end");
    let module = naga::front::wgsl::parse_str(&text[start..=end]).expect("a struct of scalars");
    let (_, found) = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name)).expect("the struct");
    let naga::TypeInner::Struct { members, span } = &found.inner else { panic!("{name} is a struct") };
    let theirs: Vec<_> =
        members.iter().map(|member| (member.name.as_deref().unwrap_or(""), member.offset as usize)).collect();
    assert_eq!(theirs, fields, "fields of {name}");
    assert_eq!(*span as usize, size, "size of {name}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_there_once_and_after_what_it_imports() {
        let source = Source::new().piece("a", "//! import random\nfn a() {}").unwrap();
        let text = source.clone().piece("b", "//! import random, grid\nfn b() {}").unwrap().text();
        assert_eq!(text.matches("fn threefry(").count(), 1);
        assert!(text.find("fn threefry(").unwrap() < text.find("fn a(").unwrap());
    }

    #[test]
    fn errors_name_the_piece_and_its_own_line() {
        let parse = Source::new().constant("DIMS", 3).piece("mine", "fn f() -> f32 {\n  return nope(1u);\n}").unwrap();
        let Err(Error::Shader { piece, line, .. }) = parse.check() else { panic!("must not parse") };
        assert_eq!((piece.as_str(), line), ("mine", 2));
        let types = Source::new().constant("DIMS", 3).piece("mine", "fn f() -> f32 {\n\n  return 1u;\n}").unwrap();
        let Err(Error::Shader { piece, line, message }) = types.check() else { panic!("must not validate") };
        assert_eq!((piece.as_str(), line), ("mine", 3), "{message}");
    }

    #[test]
    #[should_panic(expected = "fields of Two")]
    fn exchanged_fields_are_another_layout() {
        same_layout("struct Two {\n    a: f32, // first\n    b: u32,\n}", "Two", 8, &[("b", 0), ("a", 4)]);
    }

    #[test]
    fn an_unknown_import_is_an_error() {
        let error = Source::new().piece("mine", "//! import nothing").unwrap_err().to_string();
        assert!(error.starts_with("mine:1") && error.contains("nothing"), "{error}");
    }
}
