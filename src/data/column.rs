//! One raw column: how it is fitted on the training rows, and what becomes of its cells.
//!
//! A number becomes (x - mean) / sd. A category becomes one feature per level seen in training, 1 where the
//! cell has that level and 0 elsewhere, standardised like a number so that a search which starts alike in
//! every weight finds every input alike. A floor under the deviation keeps rare levels from shouting.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::table::{Grid, Notes, counted, is_missing, number, shown};
use crate::error::Result;

/// Smallest standard deviation a level is divided by: that of a level in 4 % of the rows, so that no level
/// is worth more than 5.
const LEVEL_SD_FLOOR: f64 = 0.2;

/// Encoded values stay within ± this, so that no row, however strange, becomes infinite.
pub const SCALED_LIMIT: f64 = 1e6;

/// The largest number accepted: features are `f32`, and squares must stay finite in `f64`.
const LARGEST: f64 = f32::MAX as f64;

/// A text column with more levels than this, each in fewer than two rows on average, is taken for names or
/// identifiers, from which nothing can be learnt, and dropped.
const NAME_LEVELS: usize = 32;

/// More levels than this are encoded but said aloud.
const MANY_LEVELS: usize = 256;

/// A raw column and what becomes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// What becomes of it.
    pub kind: Kind,
}

/// What becomes of a raw column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One feature; a missing cell counts as the mean.
    Number {
        /// Mean of the training cells that are present.
        mean: f64,
        /// Population standard deviation of the training cells after imputing, above 0.
        sd: f64,
    },
    /// One feature per level.
    Category {
        /// The levels seen in training, sorted; any other cell has none of them.
        levels: Vec<Level>,
        /// Which of them a missing cell counts as.
        most_frequent: usize,
    },
    /// No feature.
    Dropped {
        /// Why, in a few words.
        reason: String,
    },
}

/// How a feature comes of a cell: (x - mean) / sd, held within [`SCALED_LIMIT`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// x is 1 for a cell of this level and 0 for others; without a level it is the cell's number.
    pub level: Option<usize>,
    /// What is taken off.
    pub mean: f64,
    /// What the rest is divided by, above 0.
    pub sd: f64,
}

/// One level of a category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The cell's text.
    pub text: String,
    /// Share of the training rows that have it, 0 to 1.
    pub share: f64,
}

impl Column {
    /// Judges from all rows whether a column is a number (no present cell is text) and learns the rest from
    /// the training rows.
    ///
    /// # Errors
    /// An infinite cell among numbers.
    pub(super) fn fit(grid: &Grid, column: usize, training_rows: &[usize]) -> Result<Self> {
        let kind = match numbers(grid, column)? {
            Some(numbers) => number_kind(&numbers, training_rows),
            None => category_kind(grid, column, training_rows),
        };
        Ok(Self { name: grid.names[column].clone(), kind })
    }

    /// Number of features made of it.
    pub(super) fn width(&self) -> usize {
        match &self.kind {
            Kind::Number { .. } => 1,
            Kind::Category { levels, .. } => levels.len(),
            Kind::Dropped { .. } => 0,
        }
    }

    /// The features' names: the column's, or `column=level`.
    pub(super) fn feature_names(&self) -> Vec<String> {
        match &self.kind {
            Kind::Number { .. } => vec![self.name.clone()],
            Kind::Category { levels, .. } => {
                levels.iter().map(|level| format!("{}={}", self.name, level.text)).collect()
            }
            Kind::Dropped { .. } => Vec::new(),
        }
    }

    /// How each feature comes of a cell.
    pub(super) fn scales(&self) -> Vec<Scale> {
        match &self.kind {
            Kind::Number { mean, sd } => vec![Scale { level: None, mean: *mean, sd: *sd }],
            Kind::Category { levels, .. } => {
                let scale = |(at, level): (usize, &Level)| Scale { level: Some(at), mean: level.share, sd: level.sd() };
                levels.iter().enumerate().map(scale).collect()
            }
            Kind::Dropped { .. } => Vec::new(),
        }
    }

    /// What fitting decided that someone might not expect.
    pub(super) fn note(&self) -> Option<String> {
        match &self.kind {
            Kind::Dropped { reason } => Some(format!("{}: {reason}, dropped", self.name)),
            Kind::Category { levels, .. } if levels.len() > MANY_LEVELS => {
                Some(format!("{}: {} levels, a feature for each", self.name, levels.len()))
            }
            _ => None,
        }
    }

    /// Whether the numbers of a column read from a file can be worked with.
    pub(super) fn is_sound(&self) -> bool {
        match &self.kind {
            Kind::Number { mean, sd } => mean.is_finite() && sd.is_finite() && *sd > 0.0,
            Kind::Category { levels, most_frequent } => {
                *most_frequent < levels.len()
                    && levels.is_sorted_by(|a, b| a.text < b.text)
                    && levels.iter().all(|level| level.share > 0.0 && level.share < 1.0)
            }
            Kind::Dropped { .. } => true,
        }
    }

    /// Encodes a grid's `column`: for each of `rows` writes our features into its slice of `targets`. The
    /// notes tell of missing cells and unknown levels.
    ///
    /// # Errors
    /// Text or infinity where training had numbers.
    pub(super) fn encode<'a>(
        &self,
        grid: &Grid,
        column: usize,
        rows: &[usize],
        targets: impl Iterator<Item = &'a mut [f32]>,
    ) -> Result<Notes> {
        let cells = rows.iter().map(|&row| (row, grid.cell(row, column))).zip(targets);
        let (mut missing, mut unknown) = (0, 0);
        let substitute = match &self.kind {
            Kind::Number { mean, sd } => {
                for ((row, cell), target) in cells {
                    let value = if is_missing(cell) {
                        missing += 1;
                        *mean
                    } else {
                        finite(cell).map_err(|cause| grid.error(Some(row), Some(column), cause))?
                    };
                    target[0] = scaled(value, *mean, *sd);
                }
                format!("the training mean {}", brief(*mean))
            }
            Kind::Category { levels, most_frequent } => {
                let values: Vec<[f32; 2]> = levels.iter().map(Level::values).collect();
                for ((_, cell), target) in cells {
                    let level = if is_missing(cell) {
                        missing += 1;
                        Some(*most_frequent)
                    } else {
                        levels.binary_search_by(|level| level.text.as_str().cmp(cell)).ok()
                    };
                    unknown += usize::from(level.is_none());
                    for (index, (feature, values)) in target.iter_mut().zip(&values).enumerate() {
                        *feature = values[usize::from(level == Some(index))];
                    }
                }
                format!("the most frequent level {}", shown(levels.get(*most_frequent).map_or("", |level| &level.text)))
            }
            Kind::Dropped { .. } => return Ok(Notes::new()),
        };
        let name = &self.name;
        let imputed = format!("{name}: {} imputed with {substitute}", counted(missing, "missing cell"));
        let strange = format!("{name}: {} of a level not seen in training, encoded as none", counted(unknown, "cell"));
        Ok([(missing, imputed), (unknown, strange)].into_iter().filter(|note| note.0 > 0).map(|note| note.1).collect())
    }
}

impl Level {
    /// What its feature is divided by.
    fn sd(&self) -> f64 {
        (self.share * (1.0 - self.share)).sqrt().max(LEVEL_SD_FLOOR)
    }

    /// The encoded values of a row without this level and of one with it.
    fn values(&self) -> [f32; 2] {
        let sd = self.sd();
        [scaled(0.0, self.share, sd), scaled(1.0, self.share, sd)]
    }
}

/// A column's cells as numbers, `None` where missing; nothing if any of them is text.
fn numbers(grid: &Grid, column: usize) -> Result<Option<Vec<Option<f64>>>> {
    let mut numbers = Vec::with_capacity(grid.rows());
    let mut unusable = None;
    for (row, cell) in grid.column(column).enumerate() {
        let value = if is_missing(cell) { None } else { number(cell) };
        if value.is_none() && !is_missing(cell) {
            return Ok(None);
        }
        if value.is_some_and(|value| value.abs() > LARGEST) {
            unusable.get_or_insert(row);
        }
        numbers.push(value);
    }
    // Only now is it sure that an `inf` is no text among text.
    match unusable {
        Some(row) => {
            finite(grid.cell(row, column)).map_err(|cause| grid.error(Some(row), Some(column), cause)).map(|_| None)
        }
        None => Ok(Some(numbers)),
    }
}

fn number_kind(numbers: &[Option<f64>], rows: &[usize]) -> Kind {
    let present = || rows.iter().filter_map(|&row| numbers[row]);
    let Some(first) = present().next() else {
        return Kind::Dropped { reason: "no value in the training rows".into() };
    };
    let mean = present().sum::<f64>() / present().count() as f64;
    let squares: f64 = present().map(|value| (value - mean).powi(2)).sum();
    // Missing cells become the mean, so they add rows but no squares.
    let sd = (squares / rows.len() as f64).sqrt();
    // Equality first: the mean of many 0.1 is not quite 0.1.
    if present().all(|value| value == first) || sd <= 0.0 {
        return Kind::Dropped { reason: "constant".into() };
    }
    Kind::Number { mean, sd }
}

fn category_kind(grid: &Grid, column: usize, rows: &[usize]) -> Kind {
    let present = || grid.column(column).filter(|cell| !is_missing(cell));
    let levels = present().collect::<BTreeSet<_>>().len();
    if levels > NAME_LEVELS && levels * 2 > present().count() {
        return Kind::Dropped { reason: format!("{levels} different texts, as in names or identifiers") };
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for cell in rows.iter().map(|&row| grid.cell(row, column)).filter(|cell| !is_missing(cell)) {
        *counts.entry(cell).or_default() += 1;
    }
    let missing = rows.len() - counts.values().sum::<usize>();
    let most = counts.values().max().copied().unwrap_or(0);
    let most_frequent = counts.values().position(|&count| count == most).unwrap_or(0);
    match counts.len() {
        0 => return Kind::Dropped { reason: "no value in the training rows".into() },
        1 => return Kind::Dropped { reason: "constant".into() },
        _ => {}
    }
    let level = |(index, (text, count)): (usize, (&str, usize))| Level {
        text: text.into(),
        share: (count + if index == most_frequent { missing } else { 0 }) as f64 / rows.len() as f64,
    };
    Kind::Category { levels: counts.into_iter().enumerate().map(level).collect(), most_frequent }
}

/// A cell as a number that can be worked with.
pub(super) fn finite(cell: &str) -> Result<f64, String> {
    let value = number(cell).ok_or_else(|| format!("{} is not a number, as it was in training", shown(cell)))?;
    let cause = || format!("{} is infinite or beyond 3.4e38: correct it, or leave the cell empty", shown(cell));
    if value.abs() <= LARGEST { Ok(value) } else { Err(cause()) }
}

pub(super) fn scaled(value: f64, mean: f64, sd: f64) -> f32 {
    ((value - mean) / sd).clamp(-SCALED_LIMIT, SCALED_LIMIT) as f32
}

/// Four significant digits.
pub(super) fn brief(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::super::{Encoder, Table, parse};
    use super::*;
    use proptest::prelude::*;

    fn table(text: &str) -> Table {
        let (grid, _) = parse(text.as_bytes(), "t.csv", Some(true), &[]).expect("reads");
        Table::new(grid, None).expect("has classes").0
    }

    fn fitted(text: &str) -> Result<(Encoder, Notes)> {
        let table = table(text);
        Encoder::fit(&table, &(0..table.grid.rows()).collect::<Vec<_>>())
    }

    #[test]
    fn values_are_as_worked_out_by_hand() {
        // Training rows 0 to 3: numbers 1, 3, missing, 2 (mean 2, variance 2/4); levels a, a, b, missing = a.
        let table = table("n,c,class\n1,a,x\n3,a,y\n,b,x\n2,,y\n100,z,x\n");
        let (encoder, notes) = Encoder::fit(&table, &[0, 1, 2, 3]).expect("fits");
        assert_eq!(notes, Notes::new());
        assert_eq!(encoder.feature_names(), ["n", "c=a", "c=b"]);
        let (part, notes) = encoder.encode(&table, &[1, 2, 4]).expect("encodes");
        let (n, a, b) = (0.5_f64.sqrt(), 0.75_f64, 0.25);
        let sd = (a * b).sqrt();
        let expected = [1.0 / n, (1.0 - a) / sd, -b / sd, 0.0, -a / sd, (1.0 - b) / sd, 98.0 / n, -a / sd, -b / sd];
        for (value, expected) in part.features.iter().zip(expected) {
            // One rounding to f32.
            assert!((f64::from(*value) - expected).abs() <= 1e-7 * expected.abs(), "{:?}", part.features);
        }
        assert_eq!(part.labels, [1, 0, 0]);
        let missing = "n: 1 missing cell imputed with the training mean 2";
        assert_eq!(notes, [missing, "c: 1 cell of a level not seen in training, encoded as none"]);
    }

    #[test]
    fn useless_columns_are_dropped_and_said() {
        let row = |i: usize| format!("0.1,k,,{i}name,{},{}\n", ["p", "q"][i % 2], i % 2);
        let text = format!("tenth,text,void,name,kept,class\n{}", (0..33).map(row).collect::<String>());
        let (encoder, notes) = fitted(&text).expect("fits");
        assert_eq!(
            notes,
            [
                "tenth: constant, dropped",
                "text: constant, dropped",
                "void: no value in the training rows, dropped",
                "name: 33 different texts, as in names or identifiers, dropped"
            ]
        );
        assert_eq!(encoder.feature_names(), ["kept=p", "kept=q"]);
        let error = fitted("a,class\n1,x\n1,y\n").expect_err("nothing varies").to_string();
        assert!(error.contains("no column to learn from is left (a: constant, dropped)"), "{error}");
    }

    #[test]
    fn extreme_numbers_stay_finite_and_infinite_ones_are_named() {
        let table = table("a,class\n1e38,x\n-3e38,y\n2e-150,x\n3e-150,y\n");
        for (rows, largest) in [([0, 1], 1.0), ([2, 3], 1e6)] {
            let (encoder, _) = Encoder::fit(&table, &rows).expect("fits");
            let (part, _) = encoder.encode(&table, &[0, 1, 2, 3]).expect("encodes");
            assert_eq!(part.features[..2], [largest, -largest]);
            assert_eq!(encoder.check(), Ok(()));
        }
        for cell in ["inf", "-Infinity", "1e999", "4e38"] {
            let error = fitted(&format!("a,class\n1,x\n{cell},y\n")).expect_err(cell).to_string();
            assert!(error.starts_with("t.csv, line 3, column `a`: ") && error.contains("infinite"), "{error}");
        }
        assert!(fitted("a,class\ninf,x\nlow,y\n").is_ok(), "text among text");
    }

    #[test]
    fn rare_levels_stay_small() {
        let rows: String =
            (0..1000).map(|i| format!("{},{}\n", if i == 7 { "rare" } else { "usual" }, i % 2)).collect();
        let table = table(&format!("a,class\n{rows}"));
        let (encoder, _) = Encoder::fit(&table, &(0..1000).collect::<Vec<_>>()).expect("fits");
        let (part, _) = encoder.encode(&table, &[7]).expect("encodes");
        assert!(part.features.iter().all(|value| value.abs() <= 5.0), "{:?}", part.features);
    }

    proptest! {
        #[test]
        fn training_features_are_standardised(
            cells in prop::collection::vec((prop::option::weighted(0.9, -1e6..1e6), 0..3u8), 8..60),
        ) {
            let row = |(index, (number, level)): (usize, &(Option<f64>, u8))| {
                format!("{},{},{}\n", number.map_or(String::new(), |number| number.to_string()), ["p", "q", ""][*level as usize], index % 2)
            };
            let table = table(&format!("n,c,class\n{}", cells.iter().enumerate().map(row).collect::<String>()));
            let rows: Vec<usize> = (0..cells.len()).step_by(2).chain([1]).collect();
            let Ok((encoder, _)) = Encoder::fit(&table, &rows) else { return Ok(()) };
            prop_assert_eq!(encoder.check(), Ok(()));
            let (part, _) = encoder.encode(&table, &rows).expect("encodes");
            for (column, name) in encoder.feature_names().iter().enumerate() {
                let values = || part.features.iter().skip(column).step_by(part.width).map(|&value| f64::from(value));
                let mean = values().sum::<f64>() / part.rows as f64;
                let variance = values().map(|value| value * value).sum::<f64>() / part.rows as f64;
                let share = values().filter(|&value| value > 0.0).count() as f64 / part.rows as f64;
                let floor = if name == "n" { 0.0 } else { LEVEL_SD_FLOOR };
                let expected = (share * (1.0 - share) / floor.powi(2)).min(1.0);
                // f32 rounding of at most 31 values of size up to sqrt(31).
                prop_assert!(mean.abs() < 1e-5, "{name}: mean {mean}");
                prop_assert!((variance - expected).abs() < 1e-4, "{name}: variance {variance}, not {expected}");
            }
        }
    }
}
