//! An objective written in WGSL: `fn objective(candidate: u32) -> f32`, reading coordinates through `at(candidate, i)`.

mod slope;

use super::functions::Function;
use super::users::{line_of, refuse_kernels};
use crate::gpu::{Recording, Source, Threads, pieces};
use crate::population::{Context, Domain, Evaluation, Gradient, Objective, Points};
use crate::{Error, Result};

/// WGSL text that scores one candidate; lower is better.
///
/// The text defines `fn objective(candidate: u32) -> f32` and any functions and constants of its own. It may use
/// `at(candidate, i)` (coordinate i), `DIMS` (their number) and, after a line `//! import random`,
/// `random_unit(candidate, stream)` (uniform in [0, 1), new in every generation). Values that are not finite count as
/// the worst.
#[derive(Debug, Clone)]
pub struct Formula {
    name: String,
    source: Source,
    dims: u32,
    domain: Domain,
}

impl Formula {
    /// Checks `wgsl` by itself; `name` (a file name) appears in errors.
    ///
    /// # Errors
    /// [`Error::Shader`] at the line of `wgsl`; [`Error::Setting`] for zero dimensions or an empty domain.
    pub fn new(name: &str, wgsl: &str, dims: u32, domain: Domain) -> Result<Self> {
        check(name, wgsl, dims)?;
        Self::assembled(name, Source::new().constant("DIMS", dims).piece(name, wgsl)?, dims, domain)
    }

    /// A function of the catalogue in `dims` dimensions, its optimum moved by `shift` along every axis.
    ///
    /// # Errors
    /// [`Error::Setting`] when the function has no such number of dimensions.
    pub fn known(function: &Function, dims: u32, shift: f32) -> Result<Self> {
        if !function.dims.accepts(dims) {
            let remedy = format!("{} has {}", function.name, function.dims);
            return Err(Error::setting("dims", dims, remedy));
        }
        let (low, high) = function.domain.cube();
        let source =
            Source::new().constant("DIMS", dims).constant_f32("SHIFT", shift).piece(function.name, function.wgsl)?;
        Self::assembled(function.name, source, dims, Domain::boxed(low, high))
    }

    /// A formula of the library's own, whose text the tests check.
    pub(super) fn assembled(name: &str, source: Source, dims: u32, domain: Domain) -> Result<Self> {
        if dims == 0 {
            return Err(Error::setting("dims", dims, "a function needs at least one coordinate"));
        }
        if !(domain.low < domain.high && domain.low.is_finite() && domain.high.is_finite()) {
            let text = format!("{}..{}", domain.low, domain.high);
            return Err(Error::setting("domain", text, "give two finite numbers, the lower one first"));
        }
        Ok(Self { name: name.into(), source, dims, domain })
    }
}

impl Objective for Formula {
    fn dims(&self) -> u32 {
        self.dims
    }

    fn domain(&self) -> Domain {
        self.domain.clone()
    }

    fn bind(&self, context: &Context) -> Result<Box<dyn Evaluation>> {
        let limit = context.gpu.loop_limit();
        if self.dims > limit {
            return Err(Error::Limit {
                what: format!("{} with {} coordinates", self.name, self.dims),
                needed: format!("{} loop iterations in one invocation", self.dims),
                allowed: limit.to_string(),
                remedy: "this software adapter ends longer loops without a word: use fewer --dims or a GPU".into(),
            });
        }
        Ok(Box::new(FormulaEvaluation {
            source: self.source.clone(),
            domain: self.domain.clone(),
            context: context.clone(),
        }))
    }
}

struct FormulaEvaluation {
    source: Source,
    domain: Domain,
    context: Context,
}

impl Evaluation for FormulaEvaluation {
    fn score(&mut self, points: &Points, recording: &mut Recording) -> Result<()> {
        let source = points
            .source
            .clone()
            .join(&self.source)
            .piece("evaluate", include_str!("../../shaders/objective/evaluate.wgsl"))?;
        let kernel = self.context.gpu.kernel("evaluate", &source)?;
        for chunk in &points.chunks {
            let bindings = chunk.bindings.clone().and(&self.context.clock);
            recording.append(&chunk.fill);
            recording.dispatch(&self.context.gpu, &kernel, &bindings, Threads::Line(chunk.members))?;
        }
        Ok(())
    }

    fn differentiate(&mut self, points: &Points, gradient: &Gradient, recording: &mut Recording) -> Result<()> {
        self.score(points, recording)?;
        slope::record(&self.context, &self.source, &self.domain, points, gradient, recording)
    }
}

/// The pieces that stand beside a formula.
const BESIDE: [&str; 4] = ["finite", "grid", "threefry", "random"];

/// Checks a user's text alone, against a stub of what it may use, so that errors are its own.
fn check(name: &str, wgsl: &str, dims: u32) -> Result<()> {
    let stub = "fn at(candidate: u32, i: u32) -> f32 { return f32(candidate + i); }";
    let source = Source::new().constant("DIMS", dims.max(1)).piece("at", stub)?.piece(name, wgsl)?;
    let (module, _) = source.check()?;
    refuse_kernels(name, "an objective", wgsl, &module)?;
    // Names of ours that the text would define a second time.
    for (ours, text) in pieces().iter().filter(|(piece, _)| BESIDE.contains(piece)) {
        let names = module.functions.iter().filter_map(|(_, function)| function.name.clone());
        let twice = |name: &String| text.contains(&format!("fn {name}(")) && wgsl.contains(&format!("fn {name}("));
        if let Some(taken) = names.into_iter().find(twice) {
            let at = wgsl.find(&format!("fn {taken}(")).unwrap_or(0);
            let line = wgsl[..at].matches('\n').count() as u32 + 1;
            let message = format!("`{taken}` is a function of the library ({ours}): choose another name");
            return Err(Error::Shader { piece: name.into(), line, message });
        }
    }
    let number = |ty: naga::Handle<naga::Type>, scalar| module.types[ty].inner == naga::TypeInner::Scalar(scalar);
    let fits = module.functions.iter().any(|(_, function)| {
        function.name.as_deref() == Some("objective")
            && function.arguments.len() == 1
            && number(function.arguments[0].ty, naga::Scalar::U32)
            && function.result.as_ref().is_some_and(|result| number(result.ty, naga::Scalar::F32))
    });
    if fits {
        return Ok(());
    }
    let message = "there must be a function `fn objective(candidate: u32) -> f32`".into();
    Err(Error::Shader { piece: name.into(), line: line_of(wgsl, &["objective"]), message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(wgsl: &str) -> String {
        Formula::new("mine.wgsl", wgsl, 2, Domain::boxed(-1.0, 1.0)).unwrap_err().to_string()
    }

    #[test]
    fn errors_are_at_the_users_own_line() {
        let unknown = refused("fn objective(candidate: u32) -> f32 {\n    return att(candidate, 0u);\n}");
        assert!(unknown.starts_with("mine.wgsl:2:"), "{unknown}");
        let wrong = refused("fn objective(candidate: u32) -> f32 {\n\n    return 1u;\n}");
        assert!(wrong.starts_with("mine.wgsl:3:"), "{wrong}");
        assert!(refused("fn objective(candidate: u32) -> f32 { return 1.0; }}").starts_with("mine.wgsl:1:"));
    }

    #[test]
    fn what_is_not_an_objective_is_refused() {
        assert!(refused("fn other() -> f32 { return 1.0; }").contains("fn objective"));
        assert!(refused("fn objective(x: f32) -> f32 { return x; }").contains("fn objective"));
        let entry = "fn objective(c: u32) -> f32 { return 1.0; }\n@compute @workgroup_size(1) fn main() {}";
        assert!(refused(entry).starts_with("mine.wgsl:2"), "{}", refused(entry));
        let variable = "var<private> x: f32;\nfn objective(c: u32) -> f32 { return x; }";
        assert!(refused(variable).contains("var<>"));
        assert!(refused("").contains("fn objective"));
        let clash =
            refused("fn objective(c: u32) -> f32 { return line(at(c, 0u)); }\nfn line(a: f32) -> f32 { return a; }");
        assert!(clash.starts_with("mine.wgsl:2:") && clash.contains("`line`"), "{clash}");
    }

    #[test]
    fn a_domain_is_two_finite_numbers_in_order() {
        let text = "fn objective(c: u32) -> f32 { return at(c, 0u); }";
        assert!(Formula::new("f", text, 2, Domain::boxed(1.0, -1.0)).is_err());
        assert!(Formula::new("f", text, 2, Domain::boxed(f32::NAN, 1.0)).is_err());
        assert!(Formula::new("f", text, 0, Domain::boxed(-1.0, 1.0)).is_err());
        assert!(Formula::new("f", text, 2, Domain::boxed(-1.0, 1.0)).is_ok());
    }
}
