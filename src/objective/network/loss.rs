//! How a loss is written: one word, `additive-margin` with its two numbers, `additive-margin:30,0.35`.

use std::fmt;
use std::str::FromStr;

use super::Loss;
use crate::{Error, Result};

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
    /// Its name, without numbers.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross-entropy",
            Self::Bce => "bce",
            Self::Mse => "mse",
            Self::Mae => "mae",
            Self::Accuracy => "accuracy",
            Self::AdditiveMargin(_) => "additive-margin",
        }
    }

    /// Refuses numbers that make no sense.
    ///
    /// # Errors
    /// [`Error::Setting`] with what is allowed.
    pub fn check(self) -> Result<()> {
        let Self::AdditiveMargin(Margin { scale, margin }) = self else { return Ok(()) };
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
            _ => f.write_str(self.name()),
        }
    }
}

impl FromStr for Loss {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(loss) = Self::ALL.into_iter().find(|loss| loss.name() == text) {
            return Ok(loss);
        }
        let numbers = text.strip_prefix("additive-margin:").and_then(|numbers| numbers.split_once(','));
        let numbers =
            numbers.and_then(|(scale, margin)| Some((scale.trim().parse().ok()?, margin.trim().parse().ok()?)));
        let Some((scale, margin)) = numbers else {
            let remedy = "choose cross-entropy, bce, mse, mae, accuracy or additive-margin:SCALE,MARGIN, as in \
                          additive-margin:30,0.35";
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
        let mut all = Loss::ALL.to_vec();
        all.push(Loss::AdditiveMargin(Margin { scale: 1.0, margin: 1.0 }));
        all.push(Loss::AdditiveMargin(Margin { scale: 12.3, margin: 1e-9 }));
        for loss in all {
            assert_eq!(loss.to_string().parse::<Loss>().unwrap(), loss);
            let json = serde_json::to_string(&loss).unwrap();
            assert_eq!((json.as_str(), serde_json::from_str(&json).unwrap()), (format!("\"{loss}\"").as_str(), loss));
        }
        assert_eq!("additive-margin".parse::<Loss>().unwrap().to_string(), "additive-margin:30,0.35");
        assert_eq!("additive-margin:1,1".parse::<Loss>().unwrap().to_string(), "additive-margin:1,1");
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
