//! A number that may differ by member: one for all, spread from a low to a high end, or several in turn.

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::within;
use crate::Result;

/// Ends of a spread this far apart are spread by equal factors, nearer ones by equal steps.
const DECADE: f64 = 10.0;

/// A number that may differ by member. In settings it is a number, a text `"0.001..0.1"` (spread over the members: by
/// equal factors where both ends are above 0 and at least a factor of 10 apart, else by equal steps), or a text
/// `"0.1|0.01|0.001"` (in turn).
#[derive(Clone, Debug, PartialEq)]
pub struct Varied {
    kind: Kind,
    /// As it was given, where that was a text.
    text: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Same(f32),
    Spread(f32, f32),
    Turns(Vec<f32>),
}

impl From<f32> for Varied {
    fn from(value: f32) -> Self {
        Self { kind: Kind::Same(value), text: None }
    }
}

impl std::str::FromStr for Varied {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let number = |part: &str| {
            let value = part.trim().parse::<f32>().ok().filter(|value| value.is_finite());
            value.ok_or_else(|| {
                format!("{part:?} in {text:?} is not a number: write 0.01, \"0.001..0.1\" or \"0.1|0.01|0.001\"")
            })
        };
        let kind = if let Some((low, high)) = text.split_once("..") {
            let (low, high) = (number(low)?, number(high)?);
            if low > high {
                return Err(format!("{text:?} falls: write the lower end first"));
            }
            Kind::Spread(low, high)
        } else if text.contains('|') {
            Kind::Turns(text.split('|').map(number).collect::<std::result::Result<_, _>>()?)
        } else {
            Kind::Same(number(text)?)
        };
        Ok(Self { kind, text: Some(text.into()) })
    }
}

impl std::fmt::Display for Varied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.text, &self.kind) {
            (Some(text), _) => f.write_str(text),
            (None, Kind::Same(value)) => write!(f, "{value}"),
            (None, Kind::Spread(low, high)) => write!(f, "{low}..{high}"),
            (None, Kind::Turns(values)) => {
                f.write_str(&values.iter().map(f32::to_string).collect::<Vec<_>>().join("|"))
            }
        }
    }
}

impl Serialize for Varied {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match (&self.text, &self.kind) {
            (None, Kind::Same(value)) => serializer.serialize_f32(*value),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Varied {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Varied;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number, a spread such as \"0.001..0.1\", or numbers in turn such as \"0.1|0.01\"")
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> std::result::Result<Varied, E> {
                Ok(Varied::from(value as f32))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Varied, E> {
                Ok(Varied::from(value as f32))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> std::result::Result<Varied, E> {
                Ok(Varied::from(value as f32))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Varied, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Number)
    }
}

impl Varied {
    /// From `low` for the first member to `high` for the last.
    pub fn spread(low: f32, high: f32) -> Self {
        Self { kind: Kind::Spread(low, high), text: None }
    }

    /// Whether it is not the same for all.
    pub fn differs(&self) -> bool {
        !matches!(self.kind, Kind::Same(_))
    }

    /// The number of `member` of so many. One member alone gets the middle of a spread.
    pub fn of(&self, member: u32, members: u32) -> f32 {
        match &self.kind {
            Kind::Same(value) => *value,
            Kind::Turns(values) => values[member as usize % values.len()],
            Kind::Spread(low, _) if member == 0 && members > 1 => *low,
            Kind::Spread(_, high) if member + 1 >= members && members > 1 => *high,
            Kind::Spread(low, high) => {
                let share = if members > 1 { f64::from(member) / f64::from(members - 1) } else { 0.5 };
                let (low, high) = (f64::from(*low), f64::from(*high));
                if low > 0.0 && high / low >= DECADE {
                    (low * (high / low).powf(share)) as f32
                } else {
                    (low + (high - low) * share) as f32
                }
            }
        }
    }

    /// Refuses numbers outside `low ..= high`, under the name of the setting.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) naming the number and what is allowed.
    pub fn check(&self, name: &str, low: f32, high: f32) -> Result<()> {
        match &self.kind {
            Kind::Same(value) => within(name, *value, low, high),
            Kind::Spread(first, last) => [first, last].into_iter().try_for_each(|v| within(name, *v, low, high)),
            Kind::Turns(values) => values.iter().try_for_each(|v| within(name, *v, low, high)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, members: u32) -> Vec<f32> {
        let varied: Varied = text.parse().unwrap();
        (0..members).map(|member| varied.of(member, members)).collect()
    }

    fn near(found: &[f32], wanted: &[f32]) {
        assert_eq!(found.len(), wanted.len());
        // A power in f64, then one rounding to f32.
        let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-6 * b.abs();
        assert!(found.iter().zip(wanted).all(close), "{found:?} for {wanted:?}");
    }

    #[test]
    fn a_number_is_the_same_for_all() {
        assert_eq!(all("0.25", 3), [0.25; 3]);
        assert_eq!(Varied::from(2.0).of(7, 9), 2.0);
    }

    #[test]
    fn a_wide_spread_is_geometric_and_a_narrow_one_even() {
        near(&all("0.001..0.1", 3), &[0.001, 0.01, 0.1]);
        near(&all("1..10", 2), &[1.0, 10.0]);
        near(&all("1..9", 5), &[1.0, 3.0, 5.0, 7.0, 9.0]);
        near(&all("0..1", 3), &[0.0, 0.5, 1.0]);
        near(&all("-1..1000", 2), &[-1.0, 1000.0]);
        // The ends are what was written, bit for bit.
        let ends = all("0.0003..0.7", 50);
        assert_eq!((ends[0], ends[49]), (0.0003, 0.7));
        assert!(ends.is_sorted());
        near(&all("0.001..0.1", 1), &[0.01]);
        near(&all("2..4", 1), &[3.0]);
        assert_eq!(all("3..3", 2), [3.0, 3.0]);
    }

    #[test]
    fn several_take_turns() {
        assert_eq!(all("0.1|0.01|0.001", 5), [0.1, 0.01, 0.001, 0.1, 0.01]);
    }

    #[test]
    fn it_is_written_as_it_was_read() {
        for json in ["0.01", "\"1e-3..1e-1\"", "\"0.1|0.010\"", "\".5\""] {
            let varied: Varied = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&varied).unwrap(), json);
            assert_eq!(serde_json::from_str::<Varied>(&serde_json::to_string(&varied).unwrap()).unwrap(), varied);
        }
        assert_eq!(serde_json::from_str::<Varied>("2").unwrap(), Varied::from(2.0));
        assert_eq!(serde_json::to_string(&Varied::spread(0.5, 1.0)).unwrap(), "\"0.5..1\"");
    }

    #[test]
    fn what_is_no_number_is_refused_in_a_sentence() {
        let refused = |text: &str| text.parse::<Varied>().unwrap_err();
        assert!(refused("1..x").contains("\"x\" in \"1..x\" is not a number"));
        for text in ["", "1..", "..", "1|", "|", "1..2..3", "nan", "inf..1", "1..inf", "a|b"] {
            assert!(refused(text).contains("is not a number"), "{text}");
        }
        assert!(refused("2..1").contains("lower end first"));
        assert!(serde_json::from_str::<Varied>("true").unwrap_err().to_string().contains("a spread such as"));
    }

    #[test]
    fn every_number_is_checked() {
        for text in ["2", "0.5..2", "-1..0.5", "0.5|2|0.1"] {
            let error = text.parse::<Varied>().unwrap().check("rate", 0.0, 1.0).unwrap_err().to_string();
            assert!(error.contains("rate"), "{error}");
        }
        "0..1".parse::<Varied>().unwrap().check("rate", 0.0, 1.0).unwrap();
    }
}
