//! Observed states: what trajectories are to follow.

use super::{Solution, System};
use crate::{Error, Result};

/// States at some times, of one trajectory or of several, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Names of the components.
    pub components: Vec<String>,
    /// Times, ascending within a trajectory.
    pub times: Vec<f64>,
    /// Rows of components, one for each time. In the first row of a trajectory it starts.
    pub values: Vec<f32>,
    /// For each component the unit of its errors; 0 where it is not observed.
    pub units: Vec<f32>,
    /// First rows of the trajectories, ascending, the first of them 0.
    pub starts: Vec<usize>,
}

impl Observed {
    /// One trajectory; all components are observed, in units of 1.
    ///
    /// # Errors
    /// Those of [`Observed::check`].
    pub fn new(components: &[&str], times: &[f64], values: &[f32]) -> Result<Self> {
        let observed = Self {
            components: components.iter().map(ToString::to_string).collect(),
            times: times.to_vec(),
            values: values.to_vec(),
            units: vec![1.0; components.len()],
            starts: vec![0],
        };
        observed.check()?;
        Ok(observed)
    }

    /// What came of integrating a system, its first trajectory.
    ///
    /// # Errors
    /// [`Error::Setting`] when it was lost on the way.
    pub fn of(system: &System, solution: &Solution) -> Result<Self> {
        let mut values = Vec::new();
        for sample in 0..solution.times.len() {
            let state = solution.state(sample, 0);
            let lost = || Error::setting("system", &system.name, "its trajectory did not stay finite: take more steps");
            values.extend(state.ok_or_else(lost)?);
        }
        Self::new(&system.components.iter().map(AsRef::as_ref).collect::<Vec<_>>(), &solution.times, &values)
    }

    /// Errors of every component count by its largest observed value.
    #[must_use]
    pub fn in_units_of_largest(mut self) -> Self {
        let width = self.units.len();
        for (i, unit) in self.units.iter_mut().enumerate().filter(|(_, unit)| **unit > 0.0) {
            let largest = self.values.iter().skip(i).step_by(width).map(|value| value.abs()).fold(0.0, f32::max);
            *unit = if largest > 0.0 { largest } else { 1.0 };
        }
        self
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.times.len()
    }

    /// The rows of each trajectory.
    pub fn trajectories(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let ends = self.starts.iter().skip(1).copied().chain([self.rows()]);
        self.starts.iter().copied().zip(ends).map(|(start, end)| start..end)
    }

    /// Refuses times that do not ascend, values that are no numbers, and tables that do not fit together.
    ///
    /// # Errors
    /// [`Error::Setting`] naming row and value.
    pub fn check(&self) -> Result<()> {
        let width = self.components.len();
        if width == 0 || self.units.len() != width || self.values.len() != width * self.rows() {
            let remedy = format!("{} times of {width} components take {} values", self.rows(), width * self.rows());
            return Err(Error::setting("observed values", self.values.len(), remedy));
        }
        if self.units.iter().any(|unit| !(*unit >= 0.0 && unit.is_finite())) || self.units.iter().all(|u| *u == 0.0) {
            return Err(Error::setting("units", format!("{:?}", self.units), "at least one component is observed"));
        }
        if self.starts.first() != Some(&0) || !self.starts.is_sorted_by(|a, b| a < b) {
            return Err(Error::setting(
                "starts",
                format!("{:?}", self.starts),
                "give ascending rows, the first of them 0",
            ));
        }
        for rows in self.trajectories() {
            if rows.len() < 2 {
                let remedy = "a trajectory has at least a start and one more time";
                return Err(Error::setting("observed rows", rows.len(), remedy));
            }
            for row in rows.start + 1..rows.end {
                let (before, time) = (self.times[row - 1], self.times[row]);
                if !(time > before && time.is_finite()) {
                    let remedy = format!("times ascend within a trajectory: row {} follows {before}", row + 1);
                    return Err(Error::setting("t", time, remedy));
                }
            }
        }
        match self.values.iter().position(|value| !value.is_finite()) {
            Some(at) => {
                let (row, name) = (at / width + 1, &self.components[at % width]);
                Err(Error::setting(name, self.values[at], format!("row {row} needs a finite number")))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_make_no_sense_are_refused() {
        let refused = |times: &[f64], values: &[f32]| Observed::new(&["x"], times, values).unwrap_err().to_string();
        assert!(refused(&[0.0, 1.0], &[1.0]).contains("take 2 values"));
        assert!(refused(&[0.0, 1.0, 1.0], &[1.0; 3]).contains("row 3 follows 1"));
        assert!(refused(&[0.0, f64::NAN], &[1.0; 2]).contains("t = NaN"));
        assert!(refused(&[0.0, 1.0], &[1.0, f32::INFINITY]).contains("row 2"));
        assert!(refused(&[0.0], &[1.0]).contains("one more time"));
    }

    #[test]
    fn units_are_the_largest_values() {
        let observed = Observed::new(&["x", "y"], &[0.0, 1.0], &[1.0, 0.0, -3.0, 0.0]).unwrap().in_units_of_largest();
        assert_eq!(observed.units, [3.0, 1.0]);
        assert_eq!(observed.trajectories().map(|rows| (rows.start, rows.end)).collect::<Vec<_>>(), [(0, 2)]);
    }
}
