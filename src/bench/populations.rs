//! Which populations a sweep goes through.

use super::Workload;
use crate::{Error, Result};

/// The largest population of a sweep that finds its own.
const LARGEST: u32 = 1 << 24;

/// Which populations a sweep goes through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Populations {
    /// Powers of two, from what the workload begins with.
    #[default]
    Doubling,
    /// The first doubled as long as it is not above the second.
    Between(u32, u32),
    /// These, in ascending order.
    These(Vec<u32>),
}

impl Populations {
    /// Reads "256,1024" or "64..65536".
    ///
    /// # Errors
    /// [`Error::Setting`] for anything else, and for a population of zero.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |value: &str| {
            let remedy = "give populations of 1 to 16777216 with commas, as in 256,1024, or a range, as in 64..65536";
            Error::setting("population", value, remedy)
        };
        let one = |word: &str| match word.trim().parse() {
            Ok(population @ 1..=LARGEST) => Ok(population),
            _ => Err(wrong(text)),
        };
        if let Some((first, last)) = text.split_once("..") {
            let (first, last) = (one(first)?, one(last)?);
            return if first <= last { Ok(Self::Between(first, last)) } else { Err(wrong(text)) };
        }
        let mut all = text.split(',').map(one).collect::<Result<Vec<_>>>()?;
        all.sort_unstable();
        all.dedup();
        Ok(Self::These(all))
    }

    /// The populations for a workload, in ascending order.
    ///
    /// # Errors
    /// [`Error::Setting`] for an odd one where candidates come in pairs.
    pub fn of(&self, workload: &Workload) -> Result<Vec<u32>> {
        let doubled = |first: u32, last: u32| {
            std::iter::successors(Some(first), |p| p.checked_mul(2)).take_while(move |p| *p <= last).collect()
        };
        let all: Vec<u32> = match self {
            Self::Doubling => doubled(workload.first, LARGEST),
            Self::Between(first, last) => doubled(*first, *last),
            Self::These(all) => all.clone(),
        };
        match all.iter().find(|population| workload.pairs && !population.is_multiple_of(2)) {
            Some(odd) => {
                let remedy = format!("members of {} come in pairs: give even numbers", workload.name);
                Err(Error::setting("population", odd, remedy))
            }
            None => Ok(all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn populations_are_a_list_or_a_range_that_doubles() {
        assert_eq!(Populations::parse("1024, 256,256").unwrap(), Populations::These(vec![256, 1024]));
        let range = Populations::parse("64..600").unwrap();
        assert_eq!(range.of(Workload::find("pso").unwrap()).unwrap(), [64, 128, 256, 512]);
        let own = Populations::Doubling.of(Workload::find("conv").unwrap()).unwrap();
        assert_eq!((own[0], own[1], own.len()), (1, 2, 25));
        for text in ["", "0", "64..", "9..3", "1,x", "-5", "1..99999999999"] {
            let error = Populations::parse(text).unwrap_err().to_string();
            assert!(error.contains("population") && error.contains("64..65536"), "{text}: {error}");
        }
    }

    #[test]
    fn pairs_take_even_populations() {
        let odd = Populations::parse("4,7").unwrap();
        assert!(odd.of(Workload::find("es").unwrap()).unwrap_err().to_string().contains("population = 7"));
        assert_eq!(odd.of(Workload::find("tiny").unwrap()).unwrap(), [4, 7]);
    }
}
