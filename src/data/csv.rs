//! Comma-separated files: bytes to a [`Grid`], and a [`Table`] back to bytes.
//!
//! UTF-8 with or without a mark, any line ending, quoted cells, `,` or `;` or tab between them. Cells are
//! trimmed. What cannot be read is an error that names file, line and what would help.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use super::table::{Grid, Notes, Table, counted, is_missing, number};
use crate::error::{Error, Place, Result};

/// Largest file read, in bytes.
pub const MAXIMUM_BYTES: usize = 512 << 20;

/// Most columns in a file.
pub const MAXIMUM_COLUMNS: usize = 65_536;

/// The header is judged from this many rows below it.
const JUDGED_ROWS: usize = 1000;

/// Reads a file. `header` says whether its first row holds names; `None` judges by the cells, with the help
/// of `telling` names that only a header would hold.
///
/// # Errors
/// See [`parse`]; and a file that is missing, a folder, or not ours to read.
pub fn read(path: &Path, header: Option<bool>, telling: &[&str]) -> Result<(Grid, Notes)> {
    if path.is_dir() {
        return Err(Error::file(path, "this is a folder: give a CSV file in it"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| Error::file(path, error))?;
    // One byte more than allowed is enough to know, however long the file or endless the device.
    file.take(MAXIMUM_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| Error::file(path, error))?;
    parse(&bytes, &path.display().to_string(), header, telling)
}

/// Reads a file's bytes; `origin` names them in messages, the rest is as for [`read`].
///
/// # Errors
/// Empty or too large, binary or not UTF-8, a header and nothing else, rows of different lengths, too many
/// columns, a quote never closed, two columns of one name.
pub fn parse(bytes: &[u8], origin: &str, header: Option<bool>, telling: &[&str]) -> Result<(Grid, Notes)> {
    let text = decoded(bytes).map_err(|(line, cause)| at(origin, line, cause))?;
    let Some(first) = text.split(['\n', '\r']).find(|line| !line.trim().is_empty()) else {
        return Err(at(origin, None, "the file is empty".into()));
    };
    let delimiter = delimiter_of(first);
    let (grid, notes) = cells(text, delimiter, origin)?;
    let grid = if header.unwrap_or_else(|| has_header(&grid, telling)) { grid.promote_header()? } else { grid };
    if grid.rows() == 0 {
        return Err(at(origin, None, "a header and no rows: add rows, or say that the file has no header".into()));
    }
    Ok((grid, notes))
}

fn at(origin: &str, line: Option<u64>, cause: String) -> Error {
    Error::Data { place: Place { file: origin.into(), line, column: None }, cause }
}

/// The bytes as text without its mark, or the line and cause of why they are not text.
fn decoded(bytes: &[u8]) -> Result<&str, (Option<u64>, String)> {
    let line = |end| Some(1 + newlines(&bytes[..end]));
    if bytes.len() > MAXIMUM_BYTES {
        return Err((None, format!("larger than {} MiB: take a sample of its rows", MAXIMUM_BYTES >> 20)));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err((None, "this is UTF-16: save it as UTF-8".into()));
    }
    if let Some(end) = bytes.iter().position(|&byte| byte == 0) {
        return Err((line(end), "a NUL byte, so this is no text: give a CSV file".into()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let byte = bytes[error.valid_up_to()];
        (line(error.valid_up_to()), format!("byte 0x{byte:02x} is not UTF-8: save the file as UTF-8"))
    })?;
    Ok(text.trim_start_matches('\u{feff}'))
}

/// Line ends in a piece of text: `\n`, `\r\n` or a lone `\r`.
fn newlines(bytes: &[u8]) -> u64 {
    let ends = |(index, &byte): (usize, &u8)| byte == b'\n' || byte == b'\r' && bytes.get(index + 1) != Some(&b'\n');
    bytes.iter().enumerate().filter(|&pair| ends(pair)).count() as u64
}

/// How often the delimiter occurs outside quotes.
fn unquoted(line: &str, delimiter: u8) -> usize {
    let mut quoted = false;
    let separates = |byte: &u8| {
        quoted ^= *byte == b'"';
        !quoted && *byte == delimiter
    };
    line.as_bytes().iter().copied().filter(separates).count()
}

/// `,` if the line has one, else the more frequent of `;` and tab.
fn delimiter_of(line: &str) -> u8 {
    match [b',', b';', b'\t'].map(|delimiter| unquoted(line, delimiter)) {
        [0, semicolons, tabs] if semicolons + tabs > 0 => [b';', b'\t'][usize::from(tabs > semicolons)],
        _ => b',',
    }
}

/// All rows, the header among them, under the names `column 1`, `column 2` ...
fn cells(text: &str, delimiter: u8, origin: &str) -> Result<(Grid, Notes)> {
    let bytes = text.as_bytes();
    refuse_wide(text, delimiter, origin)?;
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
    let mut record = ::csv::StringRecord::new();
    let mut grid: Option<Grid> = None;
    let (mut line, mut passed, mut decimal_commas) = (1, 0, 0);
    while reader.read_record(&mut record).map_err(|error| at(origin, None, error.to_string()))? {
        // The parser's own line numbers are those of the blank lines before a record, so we count.
        let start = record.position().map_or(0, |position| position.byte() as usize);
        let start = start + bytes[start..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
        line += newlines(&bytes[passed..start]);
        passed = start;
        let lines = text.get(start..reader.position().byte() as usize).unwrap_or_default();
        let spans = record.iter().any(|cell| cell.contains(['\n', '\r']));
        if spans && lines.matches('"').count() % 2 == 1 {
            let cause = "a quote opened on this line is never closed: close or double it";
            return Err(at(origin, Some(line), cause.into()));
        }
        if record.len() == 1 && record[0].trim().is_empty() {
            continue;
        }
        let names = || (1..=record.len()).map(|number| format!("column {number}")).collect();
        let grid = grid.get_or_insert_with(|| Grid::new(origin, names(), false));
        if record.len() != grid.names.len() {
            let (found, expected) = (record.len(), grid.names.len());
            let cause =
                format!("{found} cells where the first row has {expected}: complete the row or quote its cells");
            return Err(at(origin, Some(line), cause));
        }
        let row: Vec<Cow<str>> = record.iter().map(|cell| decimal_point(cell.trim(), delimiter)).collect();
        decimal_commas += row.iter().filter(|cell| matches!(cell, Cow::Owned(_))).count();
        grid.push(line, row.iter().map(AsRef::as_ref));
    }
    let note = format!("decimal commas read as points in {}", counted(decimal_commas, "cell"));
    let grid = grid.ok_or_else(|| at(origin, None, "the file has no cells".into()))?;
    Ok((grid, if decimal_commas > 0 { vec![note] } else { Notes::new() }))
}

/// Counts the cells of long lines before the parser makes room for them.
fn refuse_wide(text: &str, delimiter: u8, origin: &str) -> Result<()> {
    let mut start = 0;
    for line in text.split(['\n', '\r']).map(str::as_bytes) {
        // A quote may never have been meant as one, so separators inside quotes count too.
        let separators = || line.iter().filter(|&&byte| byte == delimiter).count();
        if line.len() >= MAXIMUM_COLUMNS && separators() >= MAXIMUM_COLUMNS {
            let cause = format!("{} columns, at most {MAXIMUM_COLUMNS}: leave some out", separators() + 1);
            return Err(at(origin, Some(1 + newlines(&text.as_bytes()[..start])), cause));
        }
        start += line.len() + 1;
    }
    Ok(())
}

/// Where the comma does not separate cells, `3,14` is a number.
fn decimal_point(cell: &str, delimiter: u8) -> Cow<'_, str> {
    if delimiter != b',' && cell.contains(',') {
        let pointed = cell.replacen(',', ".", 1);
        if number(&pointed).is_some() {
            return pointed.into();
        }
    }
    cell.into()
}

/// Whether the first row holds names. It does if one of its cells is a `telling` name and occurs nowhere
/// below; or if, of the columns that are numbers below, at least half begin with text; or, where there are
/// no such columns, if no cell of it is a number or occurs again below.
fn has_header(grid: &Grid, telling: &[&str]) -> bool {
    let below = |column| (1..grid.rows().min(1 + JUDGED_ROWS)).map(move |row| grid.cell(row, column));
    let columns = || (0..grid.names.len()).map(|column| (column, grid.cell(0, column)));
    let unique = |(column, first)| !below(column).any(|cell| cell == first);
    if columns().any(|pair| telling.iter().any(|name| name.eq_ignore_ascii_case(pair.1)) && unique(pair)) {
        return true;
    }
    let (mut names, mut numbers) = (0, 0);
    for (column, first) in columns().filter(|(_, first)| !is_missing(first)) {
        let mut present = below(column).filter(|cell| !is_missing(cell)).peekable();
        if present.peek().is_some() && present.all(|cell| number(cell).is_some()) {
            *(if number(first).is_some() { &mut numbers } else { &mut names }) += 1;
        }
    }
    let text = |first| number(first).is_none();
    if names + numbers > 0 {
        names >= numbers
    } else {
        columns().all(|pair| is_missing(pair.1) || text(pair.1) && unique(pair))
    }
}

impl Table {
    /// Writes some rows, in this order, under a header; all columns in their original order. Read with
    /// `header` set to true it comes back cell for cell.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_csv(&self, rows: &[usize], out: impl Write) -> std::io::Result<()> {
        let mut writer = ::csv::Writer::from_writer(out);
        writer.write_record(&self.grid.names)?;
        for &row in rows {
            writer.write_record(self.grid.row(row))?;
        }
        writer.flush()
    }

    /// [`Table::write_csv`] into a file, replacing it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save_csv(&self, rows: &[usize], path: &Path) -> Result<()> {
        let written = File::create(path).and_then(|file| self.write_csv(rows, file));
        written.map_err(|error| Error::file(path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid(text: &str) -> Grid {
        parse(text.as_bytes(), "t.csv", None, &["class"]).expect(text).0
    }

    #[test]
    fn dialects_read_the_same() {
        let plain = grid("a,b,class\n1,2.5,x\n3,,y\n");
        for text in [
            "\u{feff}a,b,class\r\n1,2.5,x\r\n3,,y",
            "a;b;class\n1;2,5;x\n3;;y\n",
            "a\tb\tclass\n1\t2.5\tx\n3\t\ty\n",
            "\"a\", b ,\"class\"\n\"1\",2.5,\" x \"\n3,\"\",y\n",
        ] {
            assert_eq!(grid(text), plain, "{text}");
        }
        let (_, notes) = parse(b"a;class\n1,5;x\n", "t.csv", None, &[]).expect("reads");
        assert_eq!(notes, ["decimal commas read as points in 1 cell"]);
    }

    #[test]
    fn lines_are_those_an_editor_shows() {
        let lines = |text: &str| {
            let grid = grid(text);
            (0..grid.rows()).map(|row| grid.line(row)).collect::<Vec<_>>()
        };
        assert_eq!(lines("a,class\n1,x\n2,y\n"), [2, 3]);
        assert_eq!(lines("a,class\r\n1,x\r\n\r\n  \r\n2,y\r\n"), [2, 5]);
        assert_eq!(lines("\n\na,class\n1,\"x\n\nx\"\n\n2,y"), [4, 8]);
        assert_eq!(lines("a,class\r1,x\r\r2,y"), [2, 4]);
    }

    #[test]
    fn headers_are_told_from_rows() {
        let named = |text: &str| grid(text).named;
        for header in [
            "a,b,c\n1,2,x\n3,4,y\n",
            "1,2,class\n1,2,x\n3,4,y\n",
            "cap,odor,kind\nx,p,e\nx,q,p\n",
            "name,size,b\nred,0,x\nblue,1,y\n",
            "a,2001,class\n1,2,x\n3,4,y\n",
        ] {
            assert!(named(header), "{header}");
        }
        for row in ["1,2,x\n3,4,y\n", "x,p,e\nx,q,p\n", "5.1,?,x\n3,4,y\n", "1,2,x\n", "class,1\nclass,2\nb,3\n"] {
            assert!(!named(row), "{row}");
        }
        let forced = parse(b"a,b\nc,d\n", "t.csv", Some(false), &[]).expect("reads").0;
        assert_eq!((forced.rows(), &*forced.names[1]), (2, "column 2"));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            cells in prop::collection::vec(prop::collection::vec("[ -~\n\r\té,;\"]{0,6}", 3), 2..20)
        ) {
            let mut written = Grid::new("t.csv", ["a;b", "c\n\"d\"", "e,f"].map(String::from).to_vec(), true);
            for row in &cells {
                written.push(0, row.iter().map(|cell| cell.trim()));
            }
            let table = Table { grid: written, label: 2, classes: Vec::new(), labels: Vec::new(), targets: Vec::new() };
            let mut bytes = Vec::new();
            table.write_csv(&(0..cells.len()).collect::<Vec<_>>(), &mut bytes).expect("writes");
            let (read, _) = parse(&bytes, "t.csv", Some(true), &[]).expect("reads");
            prop_assert_eq!(&read.names, &table.grid.names);
            prop_assert_eq!(read.rows(), cells.len());
            for row in 0..cells.len() {
                prop_assert!(read.row(row).eq(table.grid.row(row)), "row {}", row);
            }
        }
    }
}
