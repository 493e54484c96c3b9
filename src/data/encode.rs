//! From a table's text cells to rows of features, as fitted on the training rows alone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::column::Scale;
use super::table::{Grid, Notes, Table, shown};
use super::{Column, Pixels};
use crate::error::Result;

/// Most features after encoding.
pub const MAXIMUM_FEATURES: usize = 65_536;

/// Most encoded values (rows × features) of a data set: 1 GiB of them.
pub const MAXIMUM_VALUES: usize = 1 << 28;

/// Turns the raw columns of a table, or the pixels of images, into features. Saved with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoder {
    /// The raw feature columns, in the order of the file; none where there are pixels.
    pub columns: Vec<Column>,
    /// The scale of pixels, for images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<Pixels>,
    /// Whether the columns' names came from a header; if not, files are matched by position.
    pub named: bool,
    /// The label column's name.
    pub label: String,
    /// The label's place among all columns of the training file, from 0.
    pub label_position: usize,
    /// Class names, in the order of the network's outputs; none for a regression.
    pub classes: Vec<String>,
}

/// Encoded rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// `rows` × `width` values, row by row; all finite.
    pub features: Vec<f32>,
    /// The class of every row; empty for a regression.
    pub labels: Vec<u32>,
    /// The number of every row, for a regression; else empty.
    pub targets: Vec<f32>,
    /// Number of rows.
    pub rows: usize,
    /// Number of features of a row.
    pub width: usize,
}

impl Part {
    /// Keeps the first `rows` rows and returns the others.
    pub(super) fn split_off(&mut self, rows: usize) -> Self {
        let features = self.features.split_off(rows * self.width);
        let labels = self.labels.split_off(rows.min(self.labels.len()));
        let targets = self.targets.split_off(rows.min(self.targets.len()));
        let rest = Self { features, labels, targets, rows: self.rows - rows, width: self.width };
        self.rows = rows;
        rest
    }
}

impl Encoder {
    /// Learns means, deviations and levels from some rows of a table. The notes tell what was dropped.
    ///
    /// # Errors
    /// An infinite cell among numbers, no usable column, more than [`MAXIMUM_FEATURES`] features.
    pub fn fit(table: &Table, training_rows: &[usize]) -> Result<(Self, Notes)> {
        let grid = &table.grid;
        let mut notes = Notes::new();
        let mut columns = Vec::new();
        let mut width = 0;
        for index in table.features() {
            let column = Column::fit(grid, index, training_rows)?;
            notes.extend(column.note());
            width += column.width();
            if width > MAXIMUM_FEATURES {
                let cause = format!("more than {MAXIMUM_FEATURES} features with this one: leave columns out");
                return Err(grid.error(None, Some(index), cause));
            }
            columns.push(column);
        }
        if width == 0 {
            let cause = format!("no column to learn from is left ({})", notes.join("; "));
            return Err(grid.error(None, None, cause));
        }
        let label = grid.names[table.label].clone();
        let classes = table.classes.clone();
        Ok((Self { columns, pixels: None, named: grid.named, label, label_position: table.label, classes }, notes))
    }

    /// Whether labels are numbers, not classes.
    pub fn is_regression(&self) -> bool {
        self.classes.is_empty()
    }

    /// Number of outputs of a network for these labels.
    pub fn outputs(&self) -> usize {
        self.classes.len().max(1)
    }

    /// Number of features.
    pub fn width(&self) -> usize {
        match &self.pixels {
            Some(pixels) => pixels.count(),
            None => self.columns.iter().map(Column::width).sum(),
        }
    }

    /// The features' names: the column's, or `column=level`.
    pub fn feature_names(&self) -> Vec<String> {
        match &self.pixels {
            Some(pixels) => pixels.feature_names(),
            None => self.columns.iter().flat_map(Column::feature_names).collect(),
        }
    }

    /// How the features of every column that has any come of its cells.
    pub fn scales(&self) -> Vec<(&Column, Vec<Scale>)> {
        let scales = self.columns.iter().map(|column| (column, column.scales()));
        scales.filter(|(_, scales)| !scales.is_empty()).collect()
    }

    /// Encodes some rows of the table it was fitted on. The notes tell of missing cells and unknown levels.
    ///
    /// # Errors
    /// More than [`MAXIMUM_VALUES`] values; with another table, what does not fit.
    pub fn encode(&self, table: &Table, rows: &[usize]) -> Result<(Part, Notes)> {
        let columns: Vec<Option<usize>> = table.features().map(Some).collect();
        let (features, notes) = self.features(&table.grid, &columns, rows)?;
        let labels = rows.iter().filter_map(|&row| table.labels.get(row).copied()).collect();
        let targets = rows.iter().filter_map(|&row| table.targets.get(row).copied()).collect();
        Ok((Part { features, labels, targets, rows: rows.len(), width: self.width() }, notes))
    }

    /// Encodes some rows of a grid in which our columns are at `columns`; dropped ones need not be there.
    pub(super) fn features(&self, grid: &Grid, columns: &[Option<usize>], rows: &[usize]) -> Result<(Vec<f32>, Notes)> {
        let width = self.width();
        if columns.len() != self.columns.len() || self.pixels.is_some() {
            let cause = format!("{} feature columns, the model has {}", columns.len(), self.columns.len());
            return Err(grid.error(None, None, cause));
        }
        if rows.len().saturating_mul(width) > MAXIMUM_VALUES {
            let most = MAXIMUM_VALUES / width;
            let cause = format!("{} rows of {width} features, at most {most} rows: take a sample", rows.len());
            return Err(grid.error(None, None, cause));
        }
        let mut features = vec![0.0; rows.len() * width];
        let mut notes = Notes::new();
        let mut first = 0;
        for (column, place) in self.columns.iter().zip(columns) {
            let end = first + column.width();
            if let Some(place) = *place {
                let targets = features.chunks_exact_mut(width.max(1)).map(|row| &mut row[first..end]);
                notes.extend(column.encode(grid, place, rows, targets)?);
            }
            first = end;
        }
        Ok((features, notes))
    }

    /// Whether an encoder read from a file makes sense; to be asked before it is used.
    ///
    /// # Errors
    /// Says which column or field is damaged.
    pub fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::from([self.label.as_str()]);
        for column in &self.columns {
            if !column.is_sound() {
                return Err(format!("the encoding of column {} is damaged", shown(&column.name)));
            }
            if !names.insert(&column.name) {
                return Err(format!("column {} occurs twice", shown(&column.name)));
            }
        }
        if self.pixels.as_ref().is_some_and(|pixels| !pixels.is_sound() || !self.columns.is_empty()) {
            return Err("the scale of pixels is damaged".into());
        }
        if !(1..=MAXIMUM_FEATURES).contains(&self.width()) {
            return Err(format!("{} features, not 1 to {MAXIMUM_FEATURES}", self.width()));
        }
        if self.label_position > self.columns.len() {
            return Err(format!("the label is column {} of {}", self.label_position + 1, self.columns.len() + 1));
        }
        if self.is_regression() && self.pixels.is_none() {
            return Ok(());
        }
        if self.classes.len() < 2 || self.classes.iter().collect::<BTreeSet<_>>().len() < self.classes.len() {
            return Err("fewer than two classes, or two of one name".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, parse};
    use super::*;

    #[test]
    fn json_comes_back_and_damage_shows() {
        let (grid, _) = parse(b"n,c,k,class\n1,a,0,x\n2,b,0,y\n4,a,0,x\n", "t.csv", None, &[]).expect("reads");
        let (table, _) = Table::new(grid, None).expect("has classes");
        let (encoder, _) = Encoder::fit(&table, &[0, 1, 2]).expect("fits");
        let json = serde_json::to_string(&encoder).expect("writes");
        let read: Encoder = serde_json::from_str(&json).expect("reads");
        assert_eq!((&read, read.check()), (&encoder, Ok(())));
        type Change = fn(&mut Encoder);
        let changes: [(&str, Change); 8] = [
            ("`n` is damaged", |e| e.columns[0].kind = Kind::Number { mean: f64::NAN, sd: 1.0 }),
            ("`n` is damaged", |e| e.columns[0].kind = Kind::Number { mean: 0.0, sd: 0.0 }),
            ("`c` is damaged", |e| e.columns[1].kind = Kind::Category { levels: Vec::new(), most_frequent: 0 }),
            ("0 features", |e| e.columns.truncate(0)),
            ("`n` occurs twice", |e| e.columns[1].name = "n".into()),
            ("column 9 of 4", |e| e.label_position = 8),
            ("two classes", |e| e.classes.truncate(1)),
            ("two of one name", |e| e.classes[1] = "x".into()),
        ];
        for (cause, change) in changes {
            let mut damaged = encoder.clone();
            change(&mut damaged);
            let found = damaged.check().expect_err(cause);
            assert!(found.contains(cause), "{found}");
        }
        assert!(serde_json::from_str::<Encoder>(&json.replace("\"sd\":", "\"sf\":")).is_err());
    }
}
