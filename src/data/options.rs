//! How a data set is read and divided.

use serde::{Deserialize, Serialize};

use super::{Grid, MAXIMUM_FEATURES, Notes, Table};
use crate::error::{Error, Result};

/// How a data set is read and divided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The label column: its name, or its number from 1. Default: a column called class, label, target or
    /// y, else the last.
    pub label: Option<String>,
    /// Whether the first row of a file holds the columns' names. Default: judged from the cells.
    pub header: Option<bool>,
    /// What becomes of missing cells (empty, `?`, `NA`, `NaN`, `null`).
    pub missing: Missing,
    /// Share of the rows held out for testing, 0 to 0.9. Where test files are given, these are the test part.
    pub test_fraction: f64,
    /// Share of the training rows set aside for choosing the best network while training, 0 to 0.5.
    pub validation_fraction: f64,
    /// Lines and pixels of a line that pictures are brought to, whatever that does to their proportions. Default: as they
    /// are; of files that differ, the size of the first.
    pub size: Option<[usize; 2]>,
    /// Seed of the split and of generated points.
    pub seed: u64,
    /// What labels are. Default: classes, but in known sets that have numbers.
    pub task: Option<Task>,
}

/// What labels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Classes to tell apart.
    Classification,
    /// Numbers to come near, taken as they are: they are not scaled.
    Regression,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            label: None,
            header: None,
            missing: Missing::Impute,
            test_fraction: 0.2,
            validation_fraction: 0.0,
            size: None,
            seed: 1,
            task: None,
        }
    }
}

/// What becomes of missing feature cells. Rows without a label are dropped either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// The training mean of a number, the most frequent level of a category.
    #[default]
    Impute,
    /// The row is dropped, from the training and the test part.
    Drop,
}

impl Options {
    /// A grid with its labels; `numbers` where no task is asked for.
    pub(super) fn table(&self, grid: Grid, numbers: bool) -> Result<(Table, Notes)> {
        let label = self.label.as_deref();
        let numbers = self.task.map_or(numbers, |task| task == Task::Regression);
        if numbers { Table::of_numbers(grid, label) } else { Table::new(grid, label) }
    }

    /// Whether the shares are such that rows are left to learn from.
    pub(super) fn check(&self) -> Result<()> {
        if !(0.0..=0.9).contains(&self.test_fraction) {
            let remedy = "a share of the rows from 0 to 0.9, such as 0.2";
            return Err(Error::setting("test", self.test_fraction, remedy));
        }
        if !(0.0..=0.5).contains(&self.validation_fraction) {
            let remedy = "a share of the training rows from 0 to 0.5, such as 0.1";
            return Err(Error::setting("validation", self.validation_fraction, remedy));
        }
        if let Some(size @ [height, width]) = self.size
            && !(1..=MAXIMUM_FEATURES).contains(&height.saturating_mul(width))
        {
            let remedy = format!("lines times pixels of a line are 1 to {MAXIMUM_FEATURES}: such as 32");
            return Err(Error::setting("size", format!("{size:?}"), remedy));
        }
        Ok(())
    }
}
