//! How a rate, or the noise of a strategy, falls over the run: by one of the usual schedules, or as an expression says.

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::gpu::Source;
use crate::{Error, Result};

/// How a rate falls over the run. In settings it is the name of a schedule, or the text of an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Decay {
    /// Not at all.
    Constant,
    /// On a straight line.
    #[default]
    Linear,
    /// On half a cosine.
    Cosine,
    /// By a factor again and again.
    Step,
    /// A WGSL expression of `progress` (0 to 1), `generation` and `horizon`, all `f32`: the share of the rate that is
    /// left. Where it is not finite no step is made.
    Written(String),
}

/// The names and what they stand for.
const NAMES: [(&str, Decay); 4] =
    [("constant", Decay::Constant), ("linear", Decay::Linear), ("cosine", Decay::Cosine), ("step", Decay::Step)];

/// Characters of an expression, at most.
const LONGEST: usize = 200;

/// What an expression must not hold: it would be more than one, or hide what follows.
const FOREIGN: [&str; 7] = [";", "{", "}", "//", "/*", "@", "\n"];

impl From<&str> for Decay {
    fn from(text: &str) -> Self {
        let named = NAMES.iter().find(|(name, _)| *name == text.trim());
        named.map_or_else(|| Self::Written(text.into()), |(_, decay)| decay.clone())
    }
}

impl std::fmt::Display for Decay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Written(text) => f.write_str(text),
            named => f.write_str(NAMES.iter().find(|(_, decay)| decay == named).map_or("", |(name, _)| name)),
        }
    }
}

impl Serialize for Decay {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Decay;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a schedule (linear, cosine, step, constant) or an expression of progress, as text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Decay, E> {
                Ok(Decay::from(text))
            }

            // A number is an expression too.
            fn visit_f64<E: de::Error>(self, value: f64) -> std::result::Result<Decay, E> {
                Ok(Decay::Written(value.to_string()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Decay, E> {
                Ok(Decay::Written(value.to_string()))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl Decay {
    /// Refuses what is neither a schedule nor an expression; `name` is that of the setting.
    pub(super) fn check(&self, name: &str) -> Result<()> {
        let Self::Written(text) = self else { return Ok(()) };
        let refuse = |what: String| {
            let remedy = format!(
                "{what}; give linear, cosine, step, constant, or one WGSL expression of progress (0 to 1), generation \
                 and horizon, such as \"exp(-3.0 * progress)\""
            );
            Err(Error::setting(name, text, remedy))
        };
        if text.trim().is_empty() {
            return refuse("there is nothing there".into());
        }
        if text.chars().count() > LONGEST {
            return refuse(format!("an expression has at most {LONGEST} characters"));
        }
        if let Some(sign) = FOREIGN.iter().find(|sign| text.contains(**sign)) {
            return refuse(format!("an expression holds no {sign:?}"));
        }
        match written(text).and_then(|source| source.check()) {
            Err(Error::Shader { message, .. }) => refuse(message),
            other => other.map(|_| ()),
        }
    }

    /// Defines `share_left`.
    pub(super) fn source(&self) -> Result<Source> {
        let (source, text) = match self {
            Self::Constant => (Source::new(), include_str!("../../shaders/optimizer/decay/constant.wgsl")),
            Self::Linear => (Source::new(), include_str!("../../shaders/optimizer/decay/linear.wgsl")),
            Self::Cosine => (Source::new(), include_str!("../../shaders/optimizer/decay/cosine.wgsl")),
            Self::Step => (Source::new(), include_str!("../../shaders/optimizer/decay/step.wgsl")),
            Self::Written(text) => (written(text)?, include_str!("../../shaders/optimizer/decay/written.wgsl")),
        };
        source.piece("share left", text)
    }
}

/// The function that the text is the value of; the parameters are all it can name.
fn written(text: &str) -> Result<Source> {
    let function = format!("fn written(progress: f32, generation: f32, horizon: f32) -> f32 {{ return {text}; }}");
    Source::new().piece("decay", &function)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Decay::from(text).check("decay").unwrap_err().to_string()
    }

    #[test]
    fn a_decay_is_a_word_or_an_expression_in_settings() {
        for text in ["constant", "linear", "cosine", "step", "exp(-3.0 * progress)", "1.0 / (1.0 + generation)"] {
            let decay: Decay = serde_json::from_value(text.into()).unwrap();
            assert_eq!(matches!(decay, Decay::Written(_)), text.contains('.'), "{text}");
            decay.check("decay").unwrap();
            assert_eq!(serde_json::to_value(&decay).unwrap(), text);
            assert_eq!(Decay::from(decay.to_string().as_str()), decay);
        }
        let number: Decay = serde_json::from_str("0.5").unwrap();
        assert_eq!(number, Decay::Written("0.5".into()));
        number.check("decay").unwrap();
        serde_json::from_str::<Decay>("2").unwrap().check("decay").unwrap();
        assert!(serde_json::from_str::<Decay>("true").unwrap_err().to_string().contains("expression"));
    }

    #[test]
    fn an_expression_is_one_and_of_the_run_alone() {
        for text in [
            "exp(progress); return 1.0",
            "1.0; } fn other() { let x = 1.0",
            "1.0 // the rest",
            "1.0 /* the rest",
            "1.0\n+ 1.0",
            "",
            "   ",
            "1.0) + (2.0",
            "cosin",
            "exp(-3.0 * prog)",
            "clock.generation",
            "rate_now(0u)",
            "written(progress, generation, horizon)",
            "2u",
            "progress > 0.5",
            "vec2f(1.0)",
            "1.0, 2.0",
            &"(".repeat(LONGEST),
            &"(".repeat(LONGEST + 1),
        ] {
            let error = refused(text);
            assert!(error.contains("decay") && error.contains("generation and horizon"), "{text}: {error}");
        }
        assert!(refused("exp(-3.0 * prog)").contains("prog"), "{}", refused("exp(-3.0 * prog)"));
        assert!(refused("1.0; 2.0").contains("\";\""));
        assert!(refused(&"1".repeat(300)).contains("200"));
    }
}
