//! Observed states: what trajectories are to follow.

use std::path::Path;

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

    /// A table of times and states: a column `t` (or `time`) and one for each component that was observed, by its name.
    /// Times may be uneven. Components without a column start where the system says and cost nothing.
    ///
    /// # Errors
    /// [`Error::File`] with line and column.
    pub fn read(path: &Path, system: &System) -> Result<Self> {
        let wrong = |cause: String| Error::file(path, cause);
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|e| wrong(e.to_string()))?;
        let header = reader.headers().map_err(|e| wrong(e.to_string()))?.clone();
        let place = |name: &str| header.iter().position(|column| column == name);
        let Some(time) = place("t").or_else(|| place("time")) else {
            return Err(wrong("no column for the time: call it t".into()));
        };
        let components = system.components.join(", ");
        let unknown =
            header.iter().enumerate().find(|(at, name)| *at != time && !components.split(", ").any(|c| c == *name));
        if let Some((_, name)) = unknown {
            return Err(wrong(format!("column {name:?} is no component of {}, which has {components}", system.name)));
        }
        let columns: Vec<Option<usize>> = system.components.iter().map(|name| place(name)).collect();
        let (mut times, mut values) = (Vec::<f64>::new(), Vec::new());
        for record in reader.records() {
            let record = record.map_err(|e| wrong(e.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let number = |column: usize| {
                let cell = record.get(column).unwrap_or_default();
                let found = cell.parse::<f64>().ok().filter(|value| value.is_finite());
                let name = header.get(column).unwrap_or_default();
                found.ok_or_else(|| wrong(format!("line {line}, column {name}: {cell:?} is no finite number")))
            };
            let t = number(time)?;
            if let Some(before) = times.last().filter(|before| t <= **before) {
                return Err(wrong(format!("line {line}: t = {t} does not come after {before}: sort the rows by time")));
            }
            times.push(t);
            for (column, start) in columns.iter().zip(&system.initial) {
                values.push(column.map_or(Ok(*start), |column| number(column).map(|value| value as f32))?);
            }
        }
        if times.len() < 2 {
            return Err(wrong(format!("{} rows: it takes a start and at least one more time", times.len())));
        }
        let units = columns.iter().map(|column| if column.is_some() { 1.0 } else { 0.0 }).collect();
        let observed = Self { components: system.components.clone(), times, values, units, starts: vec![0] };
        observed.check().map_err(|e| wrong(e.to_string()))?;
        Ok(observed)
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
    fn files_are_read_by_their_names_and_refused_by_line() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("seen.csv");
        let system = super::super::find("lotka-volterra").unwrap();
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Observed::read(&path, system)
        };
        let observed = read("predators, t\n1, 0\n1.5, 0.1\n2, 7\n").unwrap();
        assert_eq!((observed.times, observed.units), (vec![0.0, 0.1, 7.0], vec![0.0, 1.0]));
        assert_eq!(observed.values, [1.0, 1.0, 1.0, 1.5, 1.0, 2.0]);
        let refused = |text: &str| read(text).unwrap_err().to_string();
        assert!(refused("t,prey\n0,1\n2,1\n1,1\n").contains("line 4: t = 1 does not come after 2"));
        assert!(refused("t,prey\n0,1\n2,one\n").contains("line 3, column prey: \"one\""));
        assert!(refused("t,foxes\n0,1\n2,1\n").contains("prey, predators"));
        assert!(refused("prey\n1\n2\n").contains("call it t"));
        assert!(refused("t,prey\n0,1\n").contains("1 rows"));
        assert!(refused("t\n0\n1\n").contains("at least one component"));
        assert!(refused("t,prey\n0,1\n1\n").contains("seen.csv"));
        assert!(Observed::read(&home.path().join("none.csv"), system).is_err());
    }

    #[test]
    fn units_are_the_largest_values() {
        let observed = Observed::new(&["x", "y"], &[0.0, 1.0], &[1.0, 0.0, -3.0, 0.0]).unwrap().in_units_of_largest();
        assert_eq!(observed.units, [3.0, 1.0]);
        assert_eq!(observed.trajectories().map(|rows| (rows.start, rows.end)).collect::<Vec<_>>(), [(0, 2)]);
    }
}
