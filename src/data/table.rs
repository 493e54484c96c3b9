//! Raw data as text: a grid of cells, and the table that knows which of its columns is the label.
//!
//! Cells stay text until the encoder is fitted, so a table can be written back as it was read.

use std::collections::{BTreeSet, HashMap};

use crate::error::{Error, Place, Result};

/// More classes than this are taken for a mistake.
pub const MAXIMUM_CLASSES: usize = 1024;

/// Columns of these names (in any case) are the label where none is asked for, the first found first.
pub(super) const LABEL_NAMES: [&str; 4] = ["class", "label", "target", "y"];

/// Up to this many classes nobody asks whether they are classes.
const UNSUSPICIOUS_CLASSES: usize = 32;

/// What was decided on someone's behalf, one sentence each, to be shown beside the results.
pub type Notes = Vec<String>;

/// Text cells in named columns, each row with the line it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The file, or the name of a built-in set.
    pub origin: String,
    /// One per column, all different; `column 1`, `column 2` ... where there is no header.
    pub names: Vec<String>,
    /// Whether the names come from a header.
    pub named: bool,
    /// The cells row by row, end to end; a cell is what lies between two `ends`.
    text: String,
    ends: Vec<u32>,
    lines: Vec<u64>,
}

impl Grid {
    pub(super) fn new(origin: &str, names: Vec<String>, named: bool) -> Self {
        Self { origin: origin.into(), names, named, text: String::new(), ends: Vec::new(), lines: Vec::new() }
    }

    /// Adds a row, one cell per column. The text must stay below 4 GiB, which `csv` and `builtin` see to.
    pub(super) fn push<'a>(&mut self, line: u64, cells: impl IntoIterator<Item = &'a str>) {
        for cell in cells {
            self.text.push_str(cell);
            self.ends.push(self.text.len() as u32);
        }
        self.lines.push(line);
        debug_assert_eq!(self.ends.len(), self.lines.len() * self.names.len());
    }

    /// Number of rows, the header not counted.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The text of a cell, trimmed. Row and column count from 0.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        let index = row * self.names.len() + column;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start as usize..self.ends[index] as usize]
    }

    /// The cells of a column, top to bottom.
    pub fn column(&self, column: usize) -> impl Iterator<Item = &str> {
        (0..self.rows()).map(move |row| self.cell(row, column))
    }

    /// The cells of a row, left to right.
    pub fn row(&self, row: usize) -> impl Iterator<Item = &str> {
        (0..self.names.len()).map(move |column| self.cell(row, column))
    }

    /// The line of the file a row starts on, from 1.
    pub fn line(&self, row: usize) -> u64 {
        self.lines[row]
    }

    /// An error about a row and a column of this grid, where known.
    pub fn error(&self, row: Option<usize>, column: Option<usize>, cause: impl Into<String>) -> Error {
        let line = row.map(|row| self.lines[row]);
        let column = column.map(|column| shown(&self.names[column]));
        Error::Data { place: Place { file: self.origin.clone(), line, column }, cause: cause.into() }
    }

    /// The rows `keep` says yes to, and how many went.
    pub(super) fn filtered(self, keep: impl Fn(&Self, usize) -> bool) -> (Self, usize) {
        let kept: Vec<usize> = (0..self.rows()).filter(|&row| keep(&self, row)).collect();
        let dropped = self.rows() - kept.len();
        if dropped == 0 {
            return (self, 0);
        }
        let mut grid = Self::new(&self.origin, self.names.clone(), self.named);
        for row in kept {
            grid.push(self.lines[row], self.row(row));
        }
        (grid, dropped)
    }

    /// Makes the first row the columns' names. An empty name becomes `column` and its number.
    pub(super) fn promote_header(self) -> Result<Self> {
        let names: Vec<String> = (self.row(0).enumerate())
            .map(|(column, cell)| if cell.is_empty() { format!("column {}", column + 1) } else { cell.into() })
            .collect();
        let mut seen = HashMap::new();
        for (column, name) in names.iter().enumerate() {
            if let Some(first) = seen.insert(name.as_str(), column) {
                let cause = format!(
                    "columns {} and {} are both called {}: rename one, or say that the file has no header",
                    first + 1,
                    column + 1,
                    shown(name)
                );
                return Err(self.error(Some(0), None, cause));
            }
        }
        let mut grid = Self::new(&self.origin, names, true);
        for row in 1..self.rows() {
            grid.push(self.lines[row], self.row(row));
        }
        Ok(grid)
    }
}

/// A grid with a label column, every row belonging to a class or having a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The cells, label column included.
    pub grid: Grid,
    /// Which column is the label, from 0.
    pub label: usize,
    /// Class names, sorted: by value if all are numbers, else by text.
    pub classes: Vec<String>,
    /// The class of every row, an index into `classes`; empty for a regression, as `classes` is.
    pub labels: Vec<u32>,
    /// The number of every row, for a regression; else empty.
    pub targets: Vec<f32>,
}

impl Table {
    /// For a regression: finds the label column as [`Table::new`] does, and the number of every row. Rows without
    /// one are dropped and noted.
    ///
    /// # Errors
    /// No such column, no feature column, no row, or a cell that is no finite number.
    pub fn of_numbers(grid: Grid, label: Option<&str>) -> Result<(Self, Notes)> {
        let (grid, label, notes) = labelled(grid, label)?;
        let targets = targets_of(&grid, label)?;
        if targets.is_empty() {
            return Err(grid.error(None, Some(label), "no row has a number: choose another label column"));
        }
        Ok((Self { grid, label, classes: Vec::new(), labels: Vec::new(), targets }, notes))
    }

    /// Finds the label column (`label` is its name, or its number from 1) and the classes. Rows without a
    /// label are dropped and noted.
    ///
    /// # Errors
    /// No such column, no feature column, fewer than two classes, or labels that look like measurements.
    pub fn new(grid: Grid, label: Option<&str>) -> Result<(Self, Notes)> {
        let (grid, label, notes) = labelled(grid, label)?;
        let (classes, labels) = classes_of(&grid, label);
        if let Some(cause) = class_trouble(&classes, labels.len()) {
            return Err(grid.error(None, Some(label), cause));
        }
        Ok((Self { grid, label, classes, labels, targets: Vec::new() }, notes))
    }

    /// The feature columns, left to right.
    pub fn features(&self) -> impl Iterator<Item = usize> {
        let label = self.label;
        (0..self.grid.names.len()).filter(move |&column| column != label)
    }

    /// The table without the rows that have a missing cell. Columns with no value at all do not count.
    ///
    /// # Errors
    /// Fewer than two classes are left.
    pub fn complete(self) -> Result<(Self, Notes)> {
        let columns: Vec<usize> = self.features().filter(|&column| !self.grid.column(column).all(is_missing)).collect();
        let label = self.grid.names[self.label].clone();
        let (grid, dropped) =
            self.grid.filtered(|grid, row| !columns.iter().any(|&column| is_missing(grid.cell(row, column))));
        let note = format!("{} dropped (missing cells)", counted(dropped, "row"));
        if grid.rows() == 0 {
            return Err(grid.error(None, None, format!("{note}, none left: impute missing cells instead")));
        }
        let numbers = !self.targets.is_empty();
        let (table, _) = if numbers { Self::of_numbers(grid, Some(&label))? } else { Self::new(grid, Some(&label))? };
        Ok((table, if dropped > 0 { vec![note] } else { Notes::new() }))
    }

    /// A 64-bit FNV-1a hash of names, label column and cells in order: the same on every machine, different
    /// when the data changed. Where the file lies and how it was quoted does not matter.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::default();
        self.grid.names.iter().for_each(|name| hash.add(name.as_bytes()));
        hash.add(&(self.label as u64).to_le_bytes());
        (0..self.grid.rows()).for_each(|row| self.grid.row(row).for_each(|cell| hash.add(cell.as_bytes())));
        hash.0
    }
}

/// A 64-bit FNV-1a hash in the making.
pub(super) struct Fnv(pub(super) u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Adds some bytes and an end mark.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        // 0xff occurs in no UTF-8 text, so it tells `ab|c` from `a|bc`.
        for &byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The rows that have a label, the label's column, and how many have none.
fn labelled(grid: Grid, label: Option<&str>) -> Result<(Grid, usize, Notes)> {
    if grid.names.len() < 2 {
        let cause = "only one column: a label and at least one feature are needed, separated by , ; or tab";
        return Err(grid.error(None, None, cause));
    }
    let label = find_label(&grid, label)?;
    let (grid, dropped) = grid.filtered(|grid, row| !is_missing(grid.cell(row, label)));
    let notes = (dropped > 0).then(|| format!("{} dropped (no label)", counted(dropped, "row")));
    Ok((grid, label, notes.into_iter().collect()))
}

/// The numbers of a label column.
pub(super) fn targets_of(grid: &Grid, label: usize) -> Result<Vec<f32>> {
    let target = |(row, cell)| {
        let cause = match number(cell) {
            Some(value) if (value as f32).is_finite() => return Ok(value as f32),
            Some(_) => format!("{} is infinite or beyond 3.4e38: correct it, or leave the cell empty", shown(cell)),
            None => format!(
                "{} is not a number, and a regression needs one in every row: choose another label column, or a loss \
                 of classes",
                shown(cell)
            ),
        };
        Err(grid.error(Some(row), Some(label), cause))
    };
    grid.column(label).enumerate().map(target).collect()
}

fn find_label(grid: &Grid, wanted: Option<&str>) -> Result<usize> {
    let position = |wanted: &str| grid.names.iter().position(|name| name == wanted);
    let position_in_any_case = |wanted: &str| grid.names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let Some(wanted) = wanted.map(str::trim) else {
        let last = grid.names.len() - 1;
        return Ok(LABEL_NAMES.into_iter().find_map(position_in_any_case).unwrap_or(last));
    };
    let number = || wanted.parse().ok().filter(|number| (1..=grid.names.len()).contains(number));
    let found = position(wanted).or_else(|| position_in_any_case(wanted)).or_else(|| Some(number()? - 1));
    found.ok_or_else(|| {
        let names = listed(&grid.names);
        let cause = format!("no column {} for the label; there are {names}, or a number from 1", shown(wanted));
        grid.error(None, None, cause)
    })
}

/// The classes in order and the class of every row. Numbers that are equal (`1`, `1.0`) are one class.
fn classes_of(grid: &Grid, label: usize) -> (Vec<String>, Vec<u32>) {
    let mut texts: Vec<&str> = grid.column(label).collect::<BTreeSet<_>>().into_iter().collect();
    let numeric = texts.iter().all(|text| number(text).is_some());
    if numeric {
        texts.sort_by(|a, b| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)));
    }
    let mut classes: Vec<&str> = Vec::new();
    let mut class_of = HashMap::new();
    for text in texts {
        if !(numeric && classes.last().is_some_and(|last| number(last) == number(text))) {
            classes.push(text);
        }
        class_of.insert(text, classes.len() as u32 - 1);
    }
    let labels = grid.column(label).map(|cell| class_of[cell]).collect();
    (classes.into_iter().map(String::from).collect(), labels)
}

/// What is wrong with labels of these classes over so many rows, if anything is.
fn class_trouble(classes: &[String], rows: usize) -> Option<String> {
    let numbers: Option<Vec<f64>> = classes.iter().map(|class| number(class)).collect();
    let unique = classes.len() > UNSUSPICIOUS_CLASSES && classes.len() * 2 > rows;
    let fractions = numbers.as_ref().is_some_and(|numbers| numbers.iter().any(|number| number.fract() != 0.0));
    let measured = unique || classes.len() > MAXIMUM_CLASSES || (fractions && classes.len() > UNSUSPICIOUS_CLASSES);
    let count = classes.len();
    match count {
        0 => Some("no row has a label: choose another label column".into()),
        1 => Some(format!("only one class, {}: there is nothing to tell apart", shown(&classes[0]))),
        _ if numbers.is_some() && measured => Some(format!(
            "{count} different numbers in {rows} rows look like regression: ask for it by --loss squared, choose another \
             label column, or make at most {MAXIMUM_CLASSES} classes of it"
        )),
        _ if unique => Some(format!(
            "{count} classes in {rows} rows, as in a column of names or identifiers: choose another label column"
        )),
        _ if count > MAXIMUM_CLASSES => {
            Some(format!("{count} classes, at most {MAXIMUM_CLASSES}: choose another label column or merge classes"))
        }
        _ => None,
    }
}

/// Whether a cell counts as not filled in.
pub(super) fn is_missing(cell: &str) -> bool {
    // Most cells are longer than the longest marker: length first keeps this out of the profile.
    cell.len() <= 4
        && ["", "?", "na", "nan", "-nan", "+nan", "null"].iter().any(|marker| cell.eq_ignore_ascii_case(marker))
}

/// A cell read as a number, infinities included.
pub(super) fn number(cell: &str) -> Option<f64> {
    cell.parse().ok()
}

/// `1 row`, `2 rows`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Text from a file as it may appear in a message: on one line, quoted, at most 40 characters of it.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("`{}{}`", short.escape_debug(), if short.len() < text.len() { "…" } else { "" })
}

/// At most twelve names for a message.
pub(super) fn listed(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(12).map(|name| shown(name)).collect();
    let more = names.len() - first.len();
    if more > 0 { format!("{} and {more} more", first.join(", ")) } else { first.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str, label: Option<&str>) -> Result<Table> {
        let (grid, _) = super::super::parse(text.as_bytes(), "t.csv", Some(true), &[])?;
        Ok(Table::new(grid, label)?.0)
    }

    #[test]
    fn the_label_is_found_by_name_number_custom_and_place() {
        let label = |header: &str, label| table(&format!("{header}\n1,2,3\n4,5,6\n"), label).expect(header).label;
        assert_eq!(label("a,Class,c", None), 1);
        assert_eq!(label("y,b,target", None), 2);
        assert_eq!(label("a,b,c", None), 2);
        assert_eq!(label("a,b,class", Some("A")), 0);
        assert_eq!(label("a,b,class", Some("2")), 1);
        assert_eq!(label("2,3,1", Some("1")), 2);
        let error = table("a,b,c\n1,2,3\n", Some("d")).expect_err("no column d").to_string();
        assert_eq!(error, "t.csv: no column `d` for the label; there are `a`, `b`, `c`, or a number from 1");
    }

    #[test]
    fn classes_are_ordered_by_value_and_equal_numbers_are_one() {
        let numbers = table("a,class\n1,10\n1,9\n1,9.0\n1,?\n", None).expect("two classes");
        assert_eq!((numbers.classes, numbers.labels), (vec!["9".into(), "10".into()], vec![1, 0, 0]));
        let texts = table("a,class\n1,b\n1,10\n1,a\n", None).expect("three classes");
        assert_eq!((texts.classes, texts.labels), (vec!["10".into(), "a".into(), "b".into()], vec![2, 0, 1]));
    }

    #[test]
    fn measurements_and_names_are_no_classes() {
        let of = |cell: &dyn Fn(usize) -> String, rows: usize| {
            let rows: String = (0..rows).map(|i| format!("1,{}\n", cell(i))).collect();
            table(&format!("a,class\n{rows}"), None).map(|table| table.classes.len()).map_err(|error| error.to_string())
        };
        assert_eq!(of(&|i| i.to_string(), 32), Ok(32));
        assert_eq!(of(&|i| (i % 1024).to_string(), 4096), Ok(1024));
        assert!(of(&|i| i.to_string(), 33).is_err_and(|error| error.contains("regression")));
        assert!(of(&|i| format!("{}", (i % 40) as f64 / 8.0), 4000).is_err_and(|error| error.contains("regression")));
        assert!(of(&|i| format!("n{i}"), 33).is_err_and(|error| error.contains("identifiers")));
        assert!(of(&|i| format!("n{}", i % 1025), 4100).is_err_and(|error| error.contains("at most 1024")));
    }

    #[test]
    fn the_fingerprint_sees_every_cell_and_only_cells() {
        let print = |text| table(text, None).expect(text).fingerprint();
        let original = print("a,b,class\n12,3,x\n1,2,y\n");
        assert_eq!(original, print("a;b;class\r\n\"12\";3;x\r\n1;2;y"));
        for changed in ["a,b,class\n1,23,x\n1,2,y\n", "a,b,class\n1,2,y\n12,3,x\n", "a,c,class\n12,3,x\n1,2,y\n"] {
            assert_ne!(original, print(changed), "{changed}");
        }
        // FNV-1a of the bytes `a ff class ff 01 00.. ff 1 ff x ff 2 ff y ff`, so that it never changes unnoticed.
        assert_eq!(print("a,class\n1,x\n2,y\n"), 0x823a_61bd_adac_51f4);
    }
}
