//! CIFAR's binary records, gzipped or not: a byte for the class, then 32 x 32 values each of red, green and blue. Those of
//! CIFAR-100 have a byte for a group of classes before it, which is left out.
//!
//! Such a file has no header: what tells it from others is its length, a multiple of 3,073 or 3,074, and classes below 10
//! or 100.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::MAXIMUM_VALUES;
use super::images::Images;
use crate::error::{Error, Result};

/// Pixels of a side.
const SIDE: usize = 32;
/// Red, green, blue.
const CHANNELS: usize = 3;
/// Values of an image.
const VALUES: usize = SIDE * SIDE * CHANNELS;
/// Bytes of a record of CIFAR-10.
const RECORD: usize = 1 + VALUES;
/// Classes there may be, in records with one byte before the values and with two.
const CLASSES: [usize; 2] = [10, 100];
/// The file beside the records that has the classes' names, one a line.
const NAMES: [&str; 3] = ["batches.meta.txt", "batches.meta", "fine_label_names.txt"];
/// What the names of training and test files begin with.
const TRAIN: [&str; 2] = ["data_batch", "train"];
const TEST: [&str; 1] = ["test"];

/// Whether a file is called as such files are.
pub(super) fn is_named(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        name.ends_with(".bin") || name.ends_with(".bin.gz")
    })
}

/// A file's name without its endings.
pub(super) fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.split('.').next().unwrap_or_default().to_string()
}

/// Whether a folder has training files of this kind.
pub(super) fn is_folder(folder: &Path) -> bool {
    parts(folder, &TRAIN).is_ok_and(|files| !files.is_empty())
}

/// The training files of a folder, in the order of their names, and behind them its test files where it has them.
pub(super) fn read_folder(folder: &Path) -> Result<Images> {
    let mut records = Records::default();
    for file in parts(folder, &TRAIN)? {
        records.extend(&file)?;
    }
    let test_from = records.labels.len();
    for file in parts(folder, &TEST)? {
        records.extend(&file)?;
    }
    let test_from = Some(test_from).filter(|&from| from < records.labels.len());
    Ok(records.images(folder, folder, test_from))
}

/// The images of one file.
pub(super) fn read_file(path: &Path) -> Result<Images> {
    let mut records = Records::default();
    records.extend(path)?;
    Ok(records.images(path, path.parent().unwrap_or(Path::new(".")), None))
}

/// Files of records whose names begin with one of `starts`, sorted; a file that is there twice, packed and not, once.
fn parts(folder: &Path, starts: &[&str]) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::file(folder, error))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| is_named(path) && path.is_file() && starts.iter().any(|start| stem(path).starts_with(start)));
    files.sort();
    files.dedup_by_key(|path| stem(path));
    Ok(files)
}

/// What was read so far.
#[derive(Default)]
struct Records {
    labels: Vec<u8>,
    pixels: Vec<u8>,
}

impl Records {
    /// Adds the records of a file.
    fn extend(&mut self, path: &Path) -> Result<()> {
        let file = File::open(path).map_err(|error| Error::file(path, error))?;
        let room = MAXIMUM_VALUES - self.pixels.len();
        let bytes = unpacked(BufReader::with_capacity(1 << 16, file), room / VALUES * (RECORD + 1));
        for record in
            checked(&bytes.map_err(|cause| Error::file(path, cause))?).map_err(|cause| Error::file(path, cause))?
        {
            let (labels, pixels) = record.split_at(record.len() - VALUES);
            self.labels.push(labels[labels.len() - 1]);
            self.pixels.extend_from_slice(pixels);
        }
        Ok(())
    }

    /// With the classes' names, where the folder has them.
    fn images(self, origin: &Path, folder: &Path, test_from: Option<usize>) -> Images {
        let names = NAMES.iter().find_map(|name| std::fs::read_to_string(folder.join(name)).ok()).unwrap_or_default();
        let names: Vec<&str> = names.lines().map(str::trim).filter(|name| !name.is_empty()).collect();
        let name = |label: usize| names.get(label).map_or_else(|| label.to_string(), ToString::to_string);
        let present: Vec<usize> = (0..CLASSES[1]).filter(|&label| self.labels.contains(&(label as u8))).collect();
        let place = |label: &u8| present.iter().take_while(|&&other| other < usize::from(*label)).count() as u32;
        Images {
            origin: origin.display().to_string(),
            height: SIDE,
            width: SIDE,
            channels: CHANNELS,
            classes: present.iter().map(|&label| name(label)).collect(),
            labels: self.labels.iter().map(place).collect(),
            pixels: self.pixels,
            test_from,
        }
    }
}

/// As the bytes say, not the name. No file begins with the bytes of a gzip by itself: 31 is no class.
fn unpacked(mut reader: impl BufRead, most: usize) -> Result<Vec<u8>, String> {
    let start = reader.fill_buf().map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    // One byte more shows that there is more, and makes the checksum at the end of a gzip be looked at.
    let limit = most as u64 + 1;
    let read = match start {
        [0x1f, 0x8b, ..] => MultiGzDecoder::new(reader).take(limit).read_to_end(&mut bytes),
        _ => reader.take(limit).read_to_end(&mut bytes),
    };
    read.map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => "the file breaks off: fetch it again".to_string(),
        _ => format!("{error}: fetch the file again"),
    })?;
    if bytes.len() > most {
        return Err(format!("more than {MAXIMUM_VALUES} values with the files before it: take a sample"));
    }
    Ok(bytes)
}

/// The records of a file.
fn checked(bytes: &[u8]) -> Result<impl Iterator<Item = &[u8]>, String> {
    if bytes.is_empty() {
        return Err("the file is empty: fetch it again".into());
    }
    let Some(extra) = (0..CLASSES.len()).find(|extra| bytes.len().is_multiple_of(RECORD + extra)) else {
        return Err(format!(
            "{} bytes are not whole records of {RECORD}, or {} (a class and {SIDE} x {SIDE} x {CHANNELS} values): fetch it again",
            bytes.len(),
            RECORD + 1
        ));
    };
    let (size, classes) = (RECORD + extra, CLASSES[extra]);
    if let Some(record) = bytes.chunks_exact(size).position(|record| usize::from(record[extra]) >= classes) {
        let class = bytes[record * size + extra];
        return Err(format!("record {}: class {class}, not 0 to {}: fetch the file again", record + 1, classes - 1));
    }
    Ok(bytes.chunks_exact(size))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;
    use crate::data::{Dataset, Options, folder, load};

    /// A record whose pixels are all `value`, the first one of each channel apart.
    fn record(class: u8, value: u8) -> Vec<u8> {
        let mut bytes = vec![value; RECORD];
        bytes[0] = class;
        (0..CHANNELS).for_each(|channel| bytes[1 + channel * SIDE * SIDE] = channel as u8);
        bytes
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("writes to memory");
        encoder.finish().expect("writes to memory")
    }

    fn files(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).expect(name);
        }
        folder
    }

    #[test]
    fn folders_are_read_in_the_order_of_their_names() {
        let folder = files(&[
            ("data_batch_2.bin", [record(7, 2), record(1, 3)].concat()),
            ("data_batch_1.bin.gz", gzipped(&record(4, 1))),
            ("test_batch.bin", [record(1, 4), record(9, 5)].concat()),
            ("batches.meta.txt", b"a\nb\nc\nd\ne\nf\ng\nh\n\n".to_vec()),
            ("readme.html", b"hello".to_vec()),
        ]);
        let images = folder::read_folder(folder.path()).expect("reads");
        assert_eq!((images.height, images.width, images.channels, images.rows()), (32, 32, 3, 5));
        assert_eq!(images.classes, ["b", "e", "h", "9"], "names as far as there are any");
        assert_eq!((images.labels.as_slice(), images.test_from), ([1, 2, 0, 0, 3].as_slice(), Some(3)));
        assert_eq!((images.pixels[0], images.pixels[1024], images.pixels[2048], images.pixels[1]), (0, 1, 2, 1));
        let (test, notes) = folder::read_test(folder.path(), folder::Wanted::default()).expect("reads");
        assert_eq!((test.rows(), &test.labels[..], test.test_from, notes.len()), (2, &[0, 3][..], None, 0));
        assert_eq!(&test.pixels[..VALUES], &images.pixels[3 * VALUES..4 * VALUES]);
        let set = Dataset::of_images("c", images, &Options::default()).expect("encodes");
        assert_eq!((set.train.rows, set.test.rows, set.train.width), (3, 2, 3072));
        let json = serde_json::to_string(&set.encoder).expect("writes");
        assert!(json.contains("\"channels\":3"), "{json}");
        assert_eq!(set.encoder.check(), Ok(()));
    }

    #[test]
    fn records_of_a_hundred_classes_have_a_group_before_the_class() {
        let record = |group, class, value| [vec![group], record(class, value)].concat();
        let names = (0..100).map(|class| format!("name{class}\n")).collect::<String>();
        let folder = files(&[
            ("train.bin", [record(3, 99, 8), record(1, 42, 9)].concat()),
            ("test.bin", record(19, 42, 7)),
            ("fine_label_names.txt", names.into_bytes()),
        ]);
        let images = folder::read_folder(folder.path()).expect("reads");
        assert_eq!(
            (images.classes.as_slice(), images.test_from),
            (["name42", "name99"].map(String::from).as_slice(), Some(2))
        );
        assert_eq!(
            (images.labels.as_slice(), images.pixels[1], images.pixels.len()),
            ([1, 0, 0].as_slice(), 8, 3 * VALUES)
        );
    }

    #[test]
    fn one_file_is_a_set_of_its_own() {
        let many: Vec<u8> = (0..20).flat_map(|i| record(i % 2, i)).collect();
        let folder = files(&[("some.bin.gz", gzipped(&many))]);
        let path = folder.path().join("some.bin.gz");
        let set = load(&path.display().to_string(), &Options::default()).expect("loads");
        assert_eq!((set.name.as_str(), set.train.rows, set.test.rows), ("some", 16, 4));
        assert_eq!(set.classes, ["0", "1"]);
        let (part, _) = set.encoder.read_labelled(&path.display().to_string(), None).expect("reads");
        assert_eq!((part.rows, part.width), (20, 3072));
    }

    #[test]
    fn damage_is_named_with_file_and_remedy() {
        let good = [record(3, 1), record(5, 2)].concat();
        let packed = gzipped(&good);
        let mut checksum = packed.clone();
        let end = checksum.len() - 8;
        checksum[end] ^= 1;
        for (bytes, cause) in [
            (Vec::new(), "the file is empty"),
            (good[..good.len() - 1].to_vec(), "6145 bytes are not whole records of 3073"),
            ([good.as_slice(), &[0]].concat(), "6147 bytes are not whole records"),
            (vec![200; 3074], "record 1: class 200, not 0 to 99"),
            (packed[..packed.len() - 9].to_vec(), "breaks off"),
            (checksum, "fetch the file again"),
            (b"<!DOCTYPE html>".to_vec(), "15 bytes are not whole records"),
            ([record(3, 1), record(10, 2)].concat(), "record 2: class 10, not 0 to 9"),
        ] {
            for name in ["train.bin", "test.bin.gz"] {
                let mut both = vec![("train_1.bin", record(1, 1)), (name, bytes.clone())];
                both.retain(|file| file.0 == name || name != "train.bin");
                let folder = files(&both);
                let error = folder::read_folder(folder.path()).expect_err(cause);
                let start = folder.path().join(name).display().to_string();
                let message = error.to_string();
                assert!(message.starts_with(&start) && message.contains(cause), "{message}\nfor {cause}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), packed: bool) {
            let bytes = if packed { gzipped(&bytes) } else { bytes };
            if let Ok(bytes) = unpacked(bytes.as_slice(), 1 << 20) {
                let _ = checked(&bytes).map(Iterator::count);
            }
        }
    }
}
