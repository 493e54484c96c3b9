//! Rows that were not there in training: a file to predict or to score, matched to a fitted encoder.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::builtin::{self, Cells};
use super::table::{Grid, Notes, counted, is_missing, listed, number, shown, targets_of};
use super::{Column, Encoder, Images, Options, Part, cifar, csv, folder, remote};
use crate::error::{Error, Result};

/// Where the encoder's columns and the label are in a grid.
type Places = (Vec<Option<usize>>, Option<usize>);

/// A file's rows as a fitted encoder sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct Unseen {
    /// The raw rows.
    pub grid: Grid,
    /// `grid.rows()` × `Encoder::width()` values, row by row; all finite.
    pub features: Vec<f32>,
    /// The class of every row, where the file has a label column without gaps.
    pub labels: Option<Vec<u32>>,
    /// The same of a regression: the number of every row.
    pub targets: Option<Vec<f32>>,
    /// What was ignored, imputed or unknown.
    pub notes: Notes,
}

impl Encoder {
    /// Reads and encodes a file; `header` says whether it has one, `None` judges by its first row.
    ///
    /// # Errors
    /// Those of [`super::read`] and [`Encoder::encode_grid`].
    pub fn read_file(&self, path: &Path, header: Option<bool>) -> Result<Unseen> {
        let names = self.columns.iter().map(|column| column.name.as_str()).chain([self.label.as_str()]);
        let telling: Vec<&str> = names.filter(|_| self.named || self.pixels.is_some()).collect();
        let (grid, mut notes) = csv::read(path, header, &telling)?;
        let mut unseen = self.encode_grid(grid)?;
        notes.append(&mut unseen.notes);
        Ok(Unseen { notes, ..unseen })
    }

    /// Reads and encodes labelled rows to score: those of a file, of a set by its name, or of a folder of
    /// images (its test part where it has one).
    ///
    /// # Errors
    /// Those of [`Encoder::read_file`], [`super::read_folder`] and [`Encoder::encode_images`]; rows without labels.
    pub fn read_labelled(&self, source: &str, header: Option<bool>) -> Result<(Part, Notes)> {
        let fetched = remote::folder(source)?;
        let path = fetched.as_deref().unwrap_or(Path::new(source));
        let unseen = match builtin::find(source, Options::default().seed)? {
            Some((Cells::Images(images), _)) => return self.all_images(images, Notes::new()),
            Some((Cells::Grid(grid), _)) => self.encode_grid(grid)?,
            None if path.is_dir() => {
                let wanted = self.pixels.as_ref().map_or_else(folder::Wanted::default, |pixels| folder::Wanted {
                    size: Some([pixels.height, pixels.width]),
                    channels: Some(pixels.channels),
                });
                let (images, notes) = folder::read_test(path, wanted)?;
                return self.all_images(images, notes);
            }
            None if cifar::is_named(path) => return self.all_images(cifar::read_file(path)?, Notes::new()),
            None => self.read_file(path, header)?,
        };
        let Unseen { features, labels, targets, notes, grid } = unseen;
        if labels.is_none() && targets.is_none() {
            let cause = format!("there is no complete label column {:?} to score against", self.label);
            return Err(Error::file(path, cause));
        }
        let (labels, targets) = (labels.unwrap_or_default(), targets.unwrap_or_default());
        Ok((Part { features, labels, targets, rows: grid.rows(), width: self.width() }, notes))
    }

    /// All of them, in the size that the model knows.
    fn all_images(&self, mut images: Images, mut notes: Notes) -> Result<(Part, Notes)> {
        if let Some(pixels) = &self.pixels {
            notes.extend(images.resize([pixels.height, pixels.width]));
        }
        let rows: Vec<usize> = (0..images.rows()).collect();
        Ok((self.encode_images(&images, &rows)?, notes))
    }

    /// Encodes all rows of a grid. Columns are matched by name if both sides have names, else by position,
    /// with or without the label. Missing cells are imputed, further columns ignored.
    ///
    /// # Errors
    /// A feature column missing, text or infinity where training had numbers, an unknown class.
    pub fn encode_grid(&self, grid: Grid) -> Result<Unseen> {
        if let Some(pixels) = &self.pixels {
            return self.encode_pixel_grid(pixels, grid);
        }
        let (columns, label) = if self.named && grid.named { self.by_name(&grid)? } else { self.by_position(&grid)? };
        let rows: Vec<usize> = (0..grid.rows()).collect();
        let (features, mut notes) = self.features(&grid, &columns, &rows)?;
        let used: HashSet<usize> = columns.iter().copied().flatten().chain(label).collect();
        let extra: Vec<String> = (0..grid.names.len())
            .filter(|column| !used.contains(column))
            .map(|column| grid.names[column].clone())
            .collect();
        if !extra.is_empty() {
            notes.push(format!("not among the model's features, ignored: {}", listed(&extra)));
        }
        let (mut labels, mut targets) = (None, None);
        match label {
            Some(label) if self.is_regression() && self.is_complete(&grid, label, &mut notes) => {
                targets = Some(targets_of(&grid, label)?);
            }
            Some(label) if !self.is_regression() => labels = self.labels(&grid, label, &mut notes)?,
            _ => {}
        }
        Ok(Unseen { grid, features, labels, targets, notes })
    }

    fn by_name(&self, grid: &Grid) -> Result<Places> {
        let places: HashMap<&str, usize> =
            grid.names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let place = |column: &Column| match places.get(column.name.as_str()) {
            None if column.width() > 0 => {
                let cause = format!(
                    "no column {}, which the model needs; there are {}",
                    shown(&column.name),
                    listed(&grid.names)
                );
                Err(grid.error(None, None, cause))
            }
            found => Ok(found.copied()),
        };
        Ok((self.columns.iter().map(place).collect::<Result<_>>()?, places.get(self.label.as_str()).copied()))
    }

    fn by_position(&self, grid: &Grid) -> Result<Places> {
        let (found, features) = (grid.names.len(), self.columns.len());
        let label = (found == features + 1).then_some(self.label_position);
        if label.is_none() && found != features {
            let cause = format!(
                "{found} columns, the model has {features} (or {} with the label): add a header, or \
                 bring them in line with the training file",
                features + 1
            );
            return Err(grid.error(None, None, cause));
        }
        Ok(((0..found).filter(|&column| Some(column) != label).map(Some).collect(), label))
    }

    /// Whether every row has a label.
    fn is_complete(&self, grid: &Grid, label: usize, notes: &mut Notes) -> bool {
        let missing = grid.column(label).filter(|cell| is_missing(cell)).count();
        if missing > 0 && missing < grid.rows() {
            notes.push(format!("{}: missing in {}, so nothing is scored", self.label, counted(missing, "row")));
        }
        missing == 0
    }

    /// The classes of all rows, if every row has one.
    pub(super) fn labels(&self, grid: &Grid, label: usize, notes: &mut Notes) -> Result<Option<Vec<u32>>> {
        if !self.is_complete(grid, label, notes) {
            return Ok(None);
        }
        let exact: HashMap<&str, u32> = (0..).zip(&self.classes).map(|(class, name)| (name.as_str(), class)).collect();
        let equal =
            |cell| (0..).zip(&self.classes).find(|(_, name)| number(cell).is_some() && number(cell) == number(name));
        let class = |(row, cell)| {
            let found = exact.get(cell).copied().or_else(|| Some(equal(cell)?.0));
            let cause = || format!("{} is not a class the model knows: {}", shown(cell), listed(&self.classes));
            found.ok_or_else(|| grid.error(Some(row), Some(label), cause()))
        };
        grid.column(label).enumerate().map(class).collect::<Result<_>>().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Table, parse};
    use super::*;

    fn encoder(text: &str) -> Encoder {
        let (table, _) = Table::new(grid(text), None).expect("has labels");
        Encoder::fit(&table, &(0..table.grid.rows()).collect::<Vec<_>>()).expect("fits").0
    }

    fn grid(text: &str) -> Grid {
        parse(text.as_bytes(), "p.csv", None, &["class"]).expect("reads").0
    }

    const TRAINING: &str = "a,k,b,class\n1,0,p,1\n3,0,q,2\n1,0,p,1\n3,0,q,2\n";

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let encoder = encoder(TRAINING);
        let plain = encoder.encode_grid(grid("a,k,b,class\n3,0,q,1\n,0,r,2\n")).expect("encodes");
        assert_eq!(plain.features, [1.0, -1.0, 1.0, 0.0, -1.0, -1.0]);
        assert_eq!(plain.labels, Some(vec![0, 1]));
        assert_eq!(plain.notes.len(), 2, "{:?}", plain.notes);
        let mixed = encoder.encode_grid(grid("b,extra,a\nq,7,3\nr,7,NA\n")).expect("encodes");
        assert_eq!((mixed.features, mixed.labels), (plain.features, None));
        assert_eq!(mixed.notes[2], "not among the model's features, ignored: `extra`");
        let error = encoder.encode_grid(grid("a,k,class\n1,0,1\n")).expect_err("no b").to_string();
        assert_eq!(error, "p.csv: no column `b`, which the model needs; there are `a`, `k`, `class`");
    }

    #[test]
    fn files_without_header_go_by_position() {
        let encoder = encoder("1,0,p\n3,1,q\n1,0,p\n3,1,q\n");
        let with = encoder.encode_grid(grid("3,0,q\n1,1,p\n")).expect("encodes");
        assert_eq!((with.features.as_slice(), with.labels), ([1.0, -1.0, -1.0, 1.0].as_slice(), Some(vec![1, 0])));
        let without = encoder.encode_grid(grid("3,0\n1,1\n")).expect("encodes");
        assert_eq!((without.features, without.labels), (with.features, None));
        let error = encoder.encode_grid(grid("3\n1\n")).expect_err("too narrow").to_string();
        assert!(error.contains("1 columns, the model has 2 (or 3 with the label)"), "{error}");
    }

    #[test]
    fn labels_are_checked() {
        let encoder = encoder(TRAINING);
        let labels = |text: &str| encoder.encode_grid(grid(text)).map(|unseen| (unseen.labels, unseen.notes.len()));
        assert_eq!(labels("a,b,class\n1,p,2.0\n3,q,1\n").expect("equal numbers"), (Some(vec![1, 0]), 0));
        assert_eq!(labels("a,b,class\n1,p,\n3,q,\n").expect("no labels"), (None, 0));
        assert_eq!(labels("a,b,class\n1,p,\n3,q,1\n").expect("a gap"), (None, 1));
        let error = labels("a,b,class\n1,p,1\n3,q,5\n").expect_err("class 5").to_string();
        assert_eq!(error, "p.csv, line 3, column `class`: `5` is not a class the model knows: `1`, `2`");
        let error = labels("a,b\n1,p\nhigh,q\n").expect_err("no number").to_string();
        assert_eq!(error, "p.csv, line 3, column `a`: `high` is not a number, as it was in training");
    }

    #[test]
    fn the_encoders_names_tell_a_header() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one.csv");
        let encoder = encoder("a,2001,class\n1,4,x\n3,9,y\n");
        for (text, rows) in [("2001,a\n9,3\n", 1), ("9,3\n", 1), ("class,a,2001\nx,3,9\ny,1,4\n", 2)] {
            std::fs::write(&path, text).expect("writes");
            assert_eq!(encoder.read_file(&path, None).expect(text).grid.rows(), rows, "{text}");
        }
    }
}
