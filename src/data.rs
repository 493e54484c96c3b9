//! Data: from a name, a CSV file or a folder of images to scaled numbers, ready for the device.
//!
//! The tour: [`builtin`](known) and `csv` give a [`Grid`] of text cells; [`Table`] says which column is
//! the label; `idx`, `cifar` and `pictures` give [`Images`], which need no text; [`split()`] holds rows out; [`Encoder`], fitted on
//! the rest alone, turns cells and pixels into numbers.
//! Whatever is decided on the way that someone might not expect is said aloud in [`Notes`].

mod builtin;
mod cifar;
mod column;
mod csv;
mod drawn;
mod encode;
#[cfg(all(feature = "fetch", not(target_arch = "wasm32")))]
mod fetch;
mod folder;
mod generated;
mod idx;
mod images;
mod options;
mod picture;
mod pictures;
mod remote;
mod resize;
mod split;
mod table;
#[cfg(all(feature = "fetch", not(target_arch = "wasm32")))]
mod tar;
mod unseen;

use std::path::Path;

use crate::error::{Error, Result};
use builtin::Cells;
pub use builtin::{Known, known};
pub use column::{Column, Kind, Level, SCALED_LIMIT, Scale};
pub use csv::{MAXIMUM_BYTES, MAXIMUM_COLUMNS, parse, read};
pub use encode::{Encoder, MAXIMUM_FEATURES, MAXIMUM_VALUES, Part};
#[cfg(all(feature = "fetch", not(target_arch = "wasm32")))]
pub use fetch::Fetcher;
pub use folder::read_folder;
pub use images::{Images, Pixels};
pub use options::{Missing, Options, Task};
pub use remote::{File, REMOTES, Remote, cache};
pub use split::{Split, split};
pub use table::{Grid, MAXIMUM_CLASSES, Notes, Table};
pub use unseen::Unseen;

/// What does not exist and ends like this is a missing file, not an unknown name.
const FILE_ENDINGS: [&str; 3] = ["csv", "tsv", "txt"];

/// Names by which a header is known. Not `y`, which is also a frequent cell.
const HEADER_NAMES: [&str; 3] = ["class", "label", "target"];

/// A data set divided and encoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Short name: the built-in's, or the file's without its ending.
    pub name: String,
    /// Class names; a label is an index into them. None for a regression.
    pub classes: Vec<String>,
    /// One name per encoded feature: `column`, or `column=level`.
    pub feature_names: Vec<String>,
    /// The rows to learn from, shuffled.
    pub train: Part,
    /// The rows to choose the best network by, shuffled; none where `validation_fraction` is 0.
    pub validation: Part,
    /// The rows held out, shuffled; none where `test_fraction` is 0. Those of test files are in their order.
    pub test: Part,
    /// Turns raw cells or pixels into features; belongs into the model file.
    pub encoder: Encoder,
    /// The raw rows.
    pub raw: Raw,
    /// Which of the raw rows went where.
    pub split: Split,
    /// What was decided on the way.
    pub notes: Notes,
}

/// Rows as they came.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    /// Of text cells.
    Table(Table),
    /// Of pixels.
    Images(Images),
}

impl Raw {
    /// The table, if it is one.
    pub fn table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Images(_) => None,
        }
    }

    /// The class of every row; none for a regression.
    pub fn labels(&self) -> &[u32] {
        match self {
            Self::Table(table) => &table.labels,
            Self::Images(images) => &images.labels,
        }
    }

    /// A 64-bit hash: the same on every machine, different when the data changed.
    pub fn fingerprint(&self) -> u64 {
        match self {
            Self::Table(table) => table.fingerprint(),
            Self::Images(images) => images.fingerprint(),
        }
    }
}

/// Loads a built-in or generated set by its name (`iris`, `moons`, `moons:500`, `moons:n=500,noise=0.1`), a
/// CSV file by its path, a folder of images ([`read_folder`]), a set that
/// was fetched ([`REMOTES`]), or a file of CIFAR records (`.bin`, `.bin.gz`). A
/// built-in name goes before a file of that name; `./iris` is the file.
///
/// # Errors
/// An unknown name, a file that cannot be read or understood, an option out of range.
pub fn load(source: &str, options: &Options) -> Result<Dataset> {
    match builtin::find(source, options.seed)? {
        Some((Cells::Images(images), name)) => return Dataset::of_images(&name, images, options),
        Some((Cells::Grid(grid), name)) => {
            let numbers = builtin::is_of_numbers(source);
            if numbers && options.task == Some(Task::Classification) {
                let remedy = format!("{name} has numbers to come near, not classes: leave the task out");
                return Err(Error::setting("task", "classification", remedy));
            }
            let (table, notes) = options.table(grid, numbers)?;
            return Dataset::new(&name, table, notes, options);
        }
        None => {}
    }
    let fetched = remote::folder(source)?;
    let path = fetched.as_deref().unwrap_or(Path::new(source));
    let ending =
        path.extension().is_some_and(|ending| FILE_ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)));
    if !path.exists() && !ending && path.components().count() < 2 {
        let names = known().iter().map(|known| known.name).chain(REMOTES.iter().map(|remote| remote.name));
        let names: Vec<&str> = names.collect();
        let names = names.join(", ");
        let remedy = format!("neither a known data set ({names}) nor there; give a CSV file or a folder of images");
        return Err(Error::setting("data", source, remedy));
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    if path.is_dir() {
        // `.` has no name of its own.
        let whole = || Some(path.canonicalize().ok()?.file_name()?.to_string_lossy().into_owned());
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).or_else(whole);
        options.check()?;
        let (images, notes) = folder::read_sized(path, folder::Wanted { size: options.size, channels: None })?;
        let mut set = Dataset::of_images(&name.unwrap_or_else(|| "images".into()), images, options)?;
        set.notes.splice(0..0, notes);
        return Ok(set);
    }
    if cifar::is_named(path) {
        return Dataset::of_images(&cifar::stem(path), cifar::read_file(path)?, options);
    }
    // A label given by number tells nothing about the first row.
    let label = options.label.as_deref().filter(|label| table::number(label).is_none());
    let telling: Vec<&str> = label.into_iter().chain(HEADER_NAMES).collect();
    let (grid, mut notes) = read(path, options.header, &telling)?;
    let (table, more) = options.table(grid, false)?;
    notes.extend(more);
    Dataset::new(stem.as_deref().unwrap_or(source), table, notes, options)
}

/// Whether a known set of this name has numbers, not classes.
pub fn is_of_numbers(source: &str) -> bool {
    builtin::is_of_numbers(source)
}

impl Dataset {
    /// Divides and encodes a table; `notes` are those of reading it.
    ///
    /// # Errors
    /// A fraction out of range, an infinite cell, no usable column, too many features.
    pub fn new(name: &str, mut table: Table, mut notes: Notes, options: &Options) -> Result<Self> {
        options.check()?;
        if let Some(size) = options.size {
            return Err(Error::setting("size", format!("{size:?}"), "these rows are no pictures: leave it out"));
        }
        if options.missing == Missing::Drop {
            let (complete, more) = table.complete()?;
            table = complete;
            notes.extend(more);
        }
        // Numbers are not stratified: all rows count as one class.
        let one = vec![0; table.targets.len()];
        let labels = if table.targets.is_empty() { &table.labels } else { &one };
        let split = split(labels, options.test_fraction, options.seed);
        let split = split.with_validation(labels, options.validation_fraction, options.seed);
        notes.extend(unbalanced(&table.classes, &table.labels, &split));
        notes.extend(far_off(&table));
        let (encoder, dropped) = Encoder::fit(&table, &split.train)?;
        notes.extend(dropped);
        // All parts in one go, so that a column's missing cells are one note.
        let (part, more) = encoder.encode(&table, &split.rows())?;
        notes.extend(more);
        let classes = table.classes.clone();
        Ok(Self::parted(name, classes, part, (encoder, Raw::Table(table)), split, notes))
    }

    /// Divides and encodes images. Where they come with a test part, that is it.
    ///
    /// # Errors
    /// A fraction out of range, a label column asked for, fewer than two classes, pixels that are all equal.
    pub fn of_images(name: &str, mut images: Images, options: &Options) -> Result<Self> {
        options.check()?;
        if let Some(label) = &options.label {
            return Err(Error::setting("label", label, "images have their labels beside them: leave it out"));
        }
        if options.task == Some(Task::Regression) {
            let remedy = "images have classes, not numbers: choose a loss of classes, such as cross-entropy";
            return Err(Error::setting("task", "regression", remedy));
        }
        let resized = options.size.and_then(|size| images.resize(size));
        let split = match images.test_from {
            Some(row) => Split::at(&images.labels, row, options.seed),
            None => split(&images.labels, options.test_fraction, options.seed),
        };
        let split = split.with_validation(&images.labels, options.validation_fraction, options.seed);
        let encoder = Encoder::fit_images(&images, &split.train)?;
        let mut notes: Notes = resized.into_iter().collect();
        notes.extend(unbalanced(&images.classes, &images.labels, &split));
        let part = encoder.encode_images(&images, &split.rows())?;
        let classes = images.classes.clone();
        Ok(Self::parted(name, classes, part, (encoder, Raw::Images(images)), split, notes))
    }

    /// Whether labels are numbers, not classes.
    pub fn is_regression(&self) -> bool {
        self.encoder.is_regression()
    }

    /// Takes the encoded rows of all parts apart.
    fn parted(
        name: &str,
        classes: Vec<String>,
        mut train: Part,
        (encoder, raw): (Encoder, Raw),
        split: Split,
        notes: Notes,
    ) -> Self {
        let test = train.split_off(split.train.len() + split.validation.len());
        let validation = train.split_off(split.train.len());
        let feature_names = encoder.feature_names();
        Self { name: name.into(), classes, feature_names, train, validation, test, encoder, raw, split, notes }
    }

    /// Writes the raw rows held out as a CSV file. Nothing is written where there are none, or where they
    /// came as files of their own.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn save_test(&self, path: &Path) -> Result<()> {
        match &self.raw {
            _ if self.split.test.is_empty() => Ok(()),
            Raw::Table(table) => table.save_csv(&self.split.test, path),
            Raw::Images(images) if images.test_from.is_some() => Ok(()),
            Raw::Images(images) => images.save_csv(&self.split.test, path),
        }
    }
}

/// A note on numbers that bounded weights hardly come near.
fn far_off(table: &Table) -> Option<String> {
    const FAR: f32 = 40.0;
    let largest = table.targets.iter().fold(0.0f32, |largest, target| largest.max(target.abs()));
    let name = &table.grid.names[table.label];
    (largest > FAR)
        .then(|| format!("{name}: up to {largest} and not scaled, while weights are bounded: bring it to about 10"))
}

/// Notes on the classes that have no test row though rows are held out, and on those that have nothing else.
fn unbalanced(classes: &[String], labels: &[u32], split: &Split) -> Notes {
    if classes.is_empty() {
        return Notes::new();
    }
    let without = |rows: &[usize]| -> Vec<String> {
        let mut present = vec![false; classes.len()];
        rows.iter().for_each(|&row| present[labels[row] as usize] = true);
        classes.iter().zip(present).filter(|(_, present)| !present).map(|(class, _)| class.clone()).collect()
    };
    let mut notes = Notes::new();
    let untested = without(&split.test);
    if !split.test.is_empty() && !untested.is_empty() {
        notes.push(format!("too few rows to test on, trained on only: class {}", table::listed(&untested)));
    }
    let untrained = without(&split.train);
    if !untrained.is_empty() {
        notes.push(format!("no rows to train on, tested on only: class {}", table::listed(&untrained)));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_set_loads_as_it_is_listed() {
        for known in known() {
            let set = load(known.name, &Options::default()).expect(known.name);
            assert_eq!(set.train.rows + set.test.rows, known.rows, "{}", known.name);
            assert_eq!((set.train.width, set.classes.len()), (known.features, known.classes), "{}", known.name);
            assert_eq!(set.test.rows, known.rows / 5, "{}", known.name);
            assert_eq!(set.notes, Notes::new(), "{}", known.name);
        }
    }

    #[test]
    fn the_seed_decides_points_and_split() {
        let of = |source, seed| load(source, &Options { seed, ..Options::default() }).expect("loads");
        assert_eq!(of("moons:200", 3), of("moons:200", 3));
        assert_ne!(of("moons:200", 3).raw, of("moons:200", 4).raw);
        let text = "a,class\n1,p\n2,q\n3,p\n4,q\n5,p\n6,q\n";
        let split_of = |seed| {
            let (grid, notes) = parse(text.as_bytes(), "text", None, &[]).expect("parses");
            let (table, _) = Table::new(grid, None).expect("has labels");
            Dataset::new("text", table, notes, &Options { seed, ..Options::default() }).expect("encodes").split
        };
        assert_eq!(split_of(1), split_of(1));
        assert!((2..10).any(|seed| split_of(seed) != split_of(1)));
    }

    #[test]
    fn validation_rows_are_taken_from_the_training_rows() {
        let of = |source, validation_fraction| {
            load(source, &Options { validation_fraction, ..Options::default() }).expect("loads")
        };
        for source in [
            "moons:100",
            #[cfg(feature = "datasets")]
            "digits",
        ] {
            let (whole, parted) = (of(source, 0.0), of(source, 0.25));
            assert_eq!((whole.validation.rows, &whole.test.labels), (0, &parted.test.labels));
            assert_eq!(parted.train.rows + parted.validation.rows, whole.train.rows);
            assert_eq!(parted.validation.rows, (whole.train.rows as f64 / 4.0).round() as usize);
            for part in [&parted.train, &parted.validation, &parted.test] {
                assert_eq!((part.labels.len(), part.features.len()), (part.rows, part.rows * part.width));
            }
            let labels: Vec<u32> = parted.split.validation.iter().map(|&row| parted.raw.labels()[row]).collect();
            assert_eq!(labels, parted.validation.labels);
        }
    }

    #[test]
    fn dropping_and_imputing_are_said_aloud() {
        let rows: String = (0..20).map(|i| format!("{i},{},{}\n", ["red", "blue"][i % 2], i % 3)).collect();
        let text = format!("size,colour,class\n{rows},red,1\n7,?,2\n9,blue,\n");
        let file = |missing| {
            let (grid, _) = parse(text.as_bytes(), "t.csv", None, &[]).expect("parses");
            let (table, notes) = Table::new(grid, None).expect("has labels");
            Dataset::new("t", table, notes, &Options { missing, test_fraction: 0.0, ..Options::default() })
                .expect("encodes")
        };
        let imputed = file(Missing::Impute);
        assert_eq!(imputed.train.rows, 22);
        assert_eq!(
            imputed.notes,
            [
                "1 row dropped (no label)",
                "size: 1 missing cell imputed with the training mean 9.381",
                "colour: 1 missing cell imputed with the most frequent level `red`"
            ]
        );
        let dropped = file(Missing::Drop);
        assert_eq!(dropped.train.rows, 20);
        assert_eq!(dropped.notes, ["1 row dropped (no label)", "2 rows dropped (missing cells)"]);
    }

    #[test]
    fn numbers_are_taken_as_they_are() {
        let rows: String = (0..40).map(|i| format!("{i},{}\n", 0.5 * f64::from(i) - 3.0)).collect();
        let of = |text: &str, task| {
            let (grid, _) = parse(text.as_bytes(), "t.csv", None, &[]).expect("parses");
            let options = Options { task, ..Options::default() };
            let (table, notes) = options.table(grid, false)?;
            Dataset::new("t", table, notes, &options)
        };
        let numbers = |text: &str| of(text, Some(Task::Regression));
        let set = numbers(&format!("a,y\n{rows}5,\n6,?\n")).expect("encodes");
        assert_eq!((set.train.rows, set.test.rows, set.is_regression()), (32, 8, true));
        assert_eq!(set.notes, ["2 rows dropped (no label)"]);
        let mut all: Vec<f32> = [set.train.targets.as_slice(), &set.test.targets].concat();
        all.sort_by(f32::total_cmp);
        assert_eq!(all, (0..40).map(|i| 0.5 * i as f32 - 3.0).collect::<Vec<_>>());
        assert!(set.train.labels.is_empty() && set.encoder.check().is_ok());
        let (part, _) = set.encoder.encode(set.raw.table().expect("a table"), &[4]).expect("encodes");
        assert_eq!((part.targets, part.rows), (vec![-1.0], 1));
        let said = |text: &str| numbers(text).expect_err(text).to_string();
        let cell = said("a,y\n1,2\n2,many\n3,few\n");
        assert!(cell.starts_with("t.csv, line 3, column `y`: `many` is not a number"), "{cell}");
        assert!(said("a,y\n1,2\n2,1e39\n").contains("beyond 3.4e38"));
        assert!(said("a,y\n1,\n2,?\n").contains("no row has a number"));
        assert!(numbers(&format!("a,y\n{rows}7,5000\n")).expect("encodes").notes[0].contains("not scaled"));
        assert!(of("a,y\n1,p\n2,q\n3,p\n4,q\n", None).is_ok_and(|set| !set.is_regression()));
    }

    #[test]
    fn unknown_names_and_bad_settings_say_what_would_do() {
        let said = |source, fraction| {
            load(source, &Options { test_fraction: fraction, ..Options::default() }).expect_err(source).to_string()
        };
        assert!(said("moon", 0.2).contains("moons") && said("moon", 0.2).contains("CSV file"));
        assert!(said("moons", 1.5).contains("0 to 0.9"));
        assert!(said("moons", f64::NAN).contains("0 to 0.9"));
        let validation = Options { validation_fraction: 0.6, ..Options::default() };
        assert!(load("moons", &validation).is_err_and(|error| error.to_string().contains("0 to 0.5")));
        assert!(said("moon:noise=0.1", 0.2).contains("CSV file"));
        assert!(said("nowhere.csv", 0.2).starts_with("nowhere.csv: "));
        assert!(said("./src", 0.2).contains("folder"));
        assert!(matches!(load("nowhere.csv", &Options::default()), Err(Error::File { .. })));
    }
}
