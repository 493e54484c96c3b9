//! What a row costs, and how it is written: one word, `additive-margin` with its two numbers, `additive-margin:30,0.35`, or the text of a
//! loss of the user's own.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Own;
use crate::{Error, Result};

/// What a row costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Loss {
    /// Softmax cross-entropy.
    #[default]
    CrossEntropy,
    /// Softmax cross-entropy of what a softmax made of the outputs, as where a network ends in a softmax and its loss takes one
    /// more. Its probabilities are never further apart than 1 from 0: with ten classes a row costs 1.4612 at best, 2.4612
    /// at worst, and a sure network 2.4612 - accuracy.
    DoubleSoftmax,
    /// Binary cross-entropy of sigmoid outputs, mean over outputs.
    Bce,
    /// Half the squared error of sigmoid outputs, mean over outputs.
    Mse,
    /// Absolute error of sigmoid outputs, mean over outputs.
    Mae,
    /// 1 - accuracy: no gradient needed.
    Accuracy,
    /// Softmax cross-entropy of scaled cosines, the label's lowered by a margin; scored layer by layer alone.
    AdditiveMargin(Margin),
    /// Of a number: half the squared error.
    Squared,
    /// Of a number: the absolute error.
    Absolute,
    /// Of a number: the absolute error after rounding to whole numbers. Flat almost everywhere.
    Rounded,
    /// Of a number: a bowl with waves in it, 0.1 r^2 + 1 - cos 3r.
    Wells,
    /// The user's, of every output by itself.
    Own(Own),
}

/// Scale and margin of an additive-margin softmax (Wang, Cheng, Liu and Liu 2018).
///
/// Outputs are `scale` times the cosines between the features, which are what the last layer takes in, and the weights
/// of a class. The label's own cosine counts for `margin` less. The last layer has no biases: their coordinates are
/// there and move nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margin {
    /// What cosines are multiplied by, above 0.
    pub scale: f32,
    /// What is taken off the label's cosine, 0 or more.
    pub margin: f32,
}

impl Margin {
    /// The usual choice, and the default.
    pub const USUAL: Self = Self { scale: 30.0, margin: 0.35 };
    /// Lengths of features and of weights count for at least so much, so that a zero vector has cosines of 0.
    pub const SHORTEST: f32 = 1e-12;

    /// What the label's output is lowered by.
    pub fn lowered(self) -> f32 {
        self.scale * self.margin
    }
}

impl Default for Margin {
    fn default() -> Self {
        Self::USUAL
    }
}

impl Loss {
    /// All of classes by name, for help and tests.
    pub const ALL: [Self; 7] = [
        Self::CrossEntropy,
        Self::DoubleSoftmax,
        Self::Bce,
        Self::Mse,
        Self::Mae,
        Self::Accuracy,
        Self::AdditiveMargin(Margin::USUAL),
    ];
    /// All of numbers by name.
    pub const NUMBERS: [Self; 4] = [Self::Squared, Self::Absolute, Self::Rounded, Self::Wells];

    /// Scale and margin, where outputs are cosines.
    pub fn margin(&self) -> Option<Margin> {
        match self {
            Self::AdditiveMargin(margin) => Some(*margin),
            _ => None,
        }
    }

    /// Whether it is of a number (a regression) or of classes; none where it can be either, as a user's own can.
    pub fn of_numbers(&self) -> Option<bool> {
        match self {
            Self::Own(_) => None,
            _ => Some(Self::NUMBERS.contains(self)),
        }
    }

    /// Whether it is a sum over outputs, each judged by itself.
    pub fn apart(&self) -> bool {
        matches!(self, Self::Bce | Self::Mse | Self::Mae | Self::Own(_)) || Self::NUMBERS.contains(self)
    }

    /// The kernels' piece; `numbers` tells what a loss of either kind is of.
    pub(super) fn wgsl(&self, numbers: bool) -> Cow<'static, str> {
        let text = match self {
            Self::CrossEntropy => include_str!("../../../shaders/objective/loss/cross-entropy.wgsl"),
            Self::DoubleSoftmax => include_str!("../../../shaders/objective/loss/double-softmax.wgsl"),
            Self::Bce => include_str!("../../../shaders/objective/loss/bce.wgsl"),
            Self::Mse => include_str!("../../../shaders/objective/loss/mse.wgsl"),
            Self::Mae => include_str!("../../../shaders/objective/loss/mae.wgsl"),
            Self::Accuracy => include_str!("../../../shaders/objective/loss/accuracy.wgsl"),
            Self::AdditiveMargin(_) => include_str!("../../../shaders/objective/loss/additive-margin.wgsl"),
            Self::Squared => include_str!("../../../shaders/objective/loss/squared.wgsl"),
            Self::Absolute => include_str!("../../../shaders/objective/loss/absolute.wgsl"),
            Self::Rounded => include_str!("../../../shaders/objective/loss/rounded.wgsl"),
            Self::Wells => include_str!("../../../shaders/objective/loss/wells.wgsl"),
            Self::Own(own) => return own.wgsl(numbers).into(),
        };
        text.into()
    }

    /// Its name, without numbers.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross-entropy",
            Self::DoubleSoftmax => "double-softmax",
            Self::Bce => "bce",
            Self::Mse => "mse",
            Self::Mae => "mae",
            Self::Accuracy => "accuracy",
            Self::AdditiveMargin(_) => "additive-margin",
            Self::Squared => "squared",
            Self::Absolute => "absolute",
            Self::Rounded => "rounded",
            Self::Wells => "wells",
            Self::Own(_) => "own",
        }
    }

    /// A loss of the user's own; `name` (a file name) appears in errors.
    ///
    /// # Errors
    /// Those of [`Own::new`].
    pub fn own(name: &str, wgsl: &str) -> Result<Self> {
        Own::new(name, wgsl).map(Self::Own)
    }

    /// The error of a loss of classes where numbers are wanted, or the other way round.
    pub fn misplaced(&self, numbers: bool) -> Error {
        let remedy = if numbers {
            "the labels are numbers to come near, a regression: choose squared, absolute, rounded or wells, or a .wgsl file \
             with a loss of your own"
        } else {
            "that is a loss of numbers, and the labels are classes: choose cross-entropy, double-softmax, bce, mse, mae, \
             accuracy or additive-margin:SCALE,MARGIN, or a .wgsl file with a loss of your own"
        };
        Error::setting("loss", self, remedy)
    }

    /// Refuses numbers that make no sense.
    ///
    /// # Errors
    /// [`Error::Setting`] with what is allowed.
    pub fn check(&self) -> Result<()> {
        let Self::AdditiveMargin(Margin { scale, margin }) = *self else { return Ok(()) };
        if scale.is_finite() && scale > 0.0 && margin.is_finite() && margin >= 0.0 {
            return Ok(());
        }
        Err(Error::setting("loss", self, "give a scale above 0 and a margin of 0 or more: additive-margin:30,0.35"))
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AdditiveMargin(Margin { scale, margin }) => write!(f, "{}:{scale},{margin}", self.name()),
            Self::Own(own) => f.write_str(own.text()),
            _ => f.write_str(self.name()),
        }
    }
}

impl FromStr for Loss {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(loss) = Self::ALL.into_iter().chain(Self::NUMBERS).find(|loss| loss.name() == text) {
            return Ok(loss);
        }
        // Text goes where files go: a run's settings and its model say all of it.
        if text.contains("fn ") {
            return Self::own("loss", text);
        }
        if text.ends_with(".wgsl") {
            let remedy = "only the command line reads a file: give its text here";
            return Err(Error::setting("loss", text, remedy));
        }
        let numbers = text.strip_prefix("additive-margin:").and_then(|numbers| numbers.split_once(','));
        let numbers =
            numbers.and_then(|(scale, margin)| Some((scale.trim().parse().ok()?, margin.trim().parse().ok()?)));
        let Some((scale, margin)) = numbers else {
            let remedy = "choose cross-entropy, double-softmax, bce, mse, mae, accuracy or \
                          additive-margin:SCALE,MARGIN, as in additive-margin:30,0.35; squared, absolute, rounded or wells for numbers; or a .wgsl file of \
                          your own";
            return Err(Error::setting("loss", text, remedy));
        };
        let loss = Self::AdditiveMargin(Margin { scale, margin });
        loss.check().map(|()| loss)
    }
}

impl From<Loss> for String {
    fn from(loss: Loss) -> Self {
        loss.to_string()
    }
}

impl TryFrom<String> for Loss {
    /// What is allowed: whoever reads a file or a command line names the value.
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse().map_err(|error| match error {
            Error::Setting { remedy, .. } => remedy,
            other => other.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_reads_back_as_it_was_written() {
        let mut all = [Loss::ALL.as_slice(), &Loss::NUMBERS].concat();
        all.push(Loss::AdditiveMargin(Margin { scale: 1.0, margin: 1.0 }));
        all.push(Loss::AdditiveMargin(Margin { scale: 12.3, margin: 1e-9 }));
        for loss in all {
            assert_eq!(loss.to_string().parse::<Loss>().unwrap(), loss);
            let json = serde_json::to_string(&loss).unwrap();
            assert_eq!(json, format!("\"{loss}\""));
            assert_eq!(serde_json::from_str::<Loss>(&json).unwrap(), loss);
        }
        assert_eq!("additive-margin".parse::<Loss>().unwrap().to_string(), "additive-margin:30,0.35");
        assert_eq!("additive-margin:1,1".parse::<Loss>().unwrap().to_string(), "additive-margin:1,1");
    }

    #[test]
    fn a_text_reads_back_as_it_was_written() {
        let text = "// \"mine\"\nfn loss(y: f32, t: f32) -> f32 {\n    return abs(y - t);\n}\n";
        let loss = Loss::own("mine.wgsl", text).unwrap();
        let json = serde_json::to_string(&loss).unwrap();
        assert_eq!(serde_json::from_str::<Loss>(&json).unwrap(), loss);
        assert_eq!((loss.to_string().as_str(), loss.name()), (text, "own"));
        let error = serde_json::from_str::<Loss>("\"fn loss() {}\"").unwrap_err().to_string();
        assert!(error.contains("loss:1") && error.contains("fn loss(output"), "{error}");
        assert!("mine.wgsl".parse::<Loss>().unwrap_err().to_string().contains("its text"));
    }

    #[test]
    fn other_losses_are_refused_with_those_there_are() {
        for text in ["", "hinge", "mse:1", "additive-margin:", "additive-margin:3", "additive-margin:a,b"] {
            assert!(text.parse::<Loss>().unwrap_err().to_string().contains("cross-entropy"), "{text}");
        }
        for text in ["additive-margin:0,1", "additive-margin:-3,1", "additive-margin:3,-1", "additive-margin:NaN,1"] {
            assert!(text.parse::<Loss>().unwrap_err().to_string().contains("above 0"), "{text}");
        }
    }
}
