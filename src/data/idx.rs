//! Folders of IDX files: MNIST, Fashion-MNIST and what is laid out like them, gzipped or not.
//!
//! An IDX file is two zero bytes, a type (8: unsigned bytes), the number of dimensions, each dimension as a
//! big-endian 32-bit number, and the values. What a header promises is believed only once the bytes are there.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::images::Images;
use super::{MAXIMUM_FEATURES, MAXIMUM_VALUES, Notes};
use crate::error::{Error, Result};

/// What both files of a part begin with.
const TRAIN: &str = "train";
const TEST: &str = "t10k";

/// The type of unsigned bytes.
const BYTES: u8 = 8;

/// A part's two files.
struct Pair {
    images: PathBuf,
    labels: PathBuf,
}

/// Whether a folder has such files, or one of them.
pub(super) fn is_folder(folder: &Path) -> bool {
    [TRAIN, TEST].iter().any(|part| !matches!(pair(folder, part), Ok(None)))
}

/// The training files of a folder and, behind them, its test files where it has them.
///
/// # Errors
/// No such files, or one without its partner; a file that is damaged, too large, or does not fit the others.
pub(super) fn read_folder(folder: &Path) -> Result<Images> {
    let Some(pair) = pair(folder, TRAIN)? else { return Err(nothing(folder)) };
    let images = pair.read(folder)?;
    match self::pair(folder, TEST)? {
        Some(test) => images.followed_by(test.read(folder)?).map_err(|cause| Error::file(test.images, cause)),
        None => Ok(images),
    }
}

/// The test files of a folder or, with a note, its training files where it has no others.
///
/// # Errors
/// Those of [`read_folder`].
pub(super) fn read_test(folder: &Path) -> Result<(Images, Notes)> {
    if let Some(pair) = pair(folder, TEST)? {
        return Ok((pair.read(folder)?, Notes::new()));
    }
    let pair = pair(folder, TRAIN)?.ok_or_else(|| nothing(folder))?;
    let note = format!("no test files ({TEST}-images-idx3-ubyte) in the folder: these are its training files");
    Ok((pair.read(folder)?, vec![note]))
}

fn nothing(folder: &Path) -> Error {
    let cause = format!(
        "a folder without {TRAIN}-images-idx3-ubyte and {TRAIN}-labels-idx1-ubyte (a dot before idx or .gz at the end are \
         fine, {TEST}-... beside them is the test part), without CIFAR records (data_batch_1.bin) and without folders of \
         .png files, one for each class: give one of these (unpacked, where it came as .tar.gz or .zip), or a CSV file"
    );
    Error::file(folder, cause)
}

/// The files of a part, if it is there.
fn pair(folder: &Path, part: &str) -> Result<Option<Pair>> {
    let find = |rest: &str| {
        let names = ["-", "."]
            .into_iter()
            .flat_map(|dot| ["", ".gz"].map(|end| format!("{part}-{}{end}", rest.replace('*', dot))));
        names.map(|name| folder.join(name)).find(|path| path.is_file())
    };
    let missing = |name: &str, partner: &Path| {
        let partner = partner.file_name().unwrap_or_default().display();
        let cause = format!("missing, gzipped or not, beside {partner}: fetch it, or take {partner} away");
        Error::file(folder.join(format!("{part}-{name}")), cause)
    };
    match (find("images*idx3-ubyte"), find("labels*idx1-ubyte")) {
        (Some(images), Some(labels)) => Ok(Some(Pair { images, labels })),
        (None, None) => Ok(None),
        (Some(images), None) => Err(missing("labels-idx1-ubyte", &images)),
        (None, Some(labels)) => Err(missing("images-idx3-ubyte", &labels)),
    }
}

impl Pair {
    fn read(&self, folder: &Path) -> Result<Images> {
        let ([count, height, width], pixels) = read_array::<3>(&self.images)?;
        let ([labels_count], labels) = read_array::<1>(&self.labels)?;
        if count != labels_count {
            let cause = format!(
                "{labels_count} labels for the {count} images of {}: fetch both files from one place",
                self.images.display()
            );
            return Err(Error::file(&self.labels, cause));
        }
        if height * width > MAXIMUM_FEATURES {
            let cause = format!("images of {height} x {width}, at most {MAXIMUM_FEATURES} pixels: make them smaller");
            return Err(Error::file(&self.images, cause));
        }
        Ok(Images::new(&folder.display().to_string(), height, width, pixels, &labels))
    }
}

/// The sizes and the values of a file of unsigned bytes in `D` dimensions.
fn read_array<const D: usize>(path: &Path) -> Result<([usize; D], Vec<u8>)> {
    let file = File::open(path).map_err(|error| Error::file(path, error))?;
    decode(BufReader::with_capacity(1 << 16, file)).map_err(|cause| Error::file(path, cause))
}

/// As the bytes say, not the name: browsers and download tools unpack without renaming.
fn decode<const D: usize>(mut reader: impl BufRead) -> Result<([usize; D], Vec<u8>), String> {
    let start = reader.fill_buf().map_err(|error| error.to_string())?;
    match start {
        [] => Err("the file is empty: fetch it again".into()),
        [0x1f, 0x8b, ..] => unpacked(MultiGzDecoder::new(reader)),
        _ => unpacked(reader),
    }
}

fn unpacked<const D: usize>(mut reader: impl Read) -> Result<([usize; D], Vec<u8>), String> {
    let broken = |error: std::io::Error| match error.kind() {
        ErrorKind::UnexpectedEof => "the file breaks off: fetch it again".to_string(),
        _ => format!("{error}: fetch the file again"),
    };
    let mut magic = [0; 4];
    reader.read_exact(&mut magic).map_err(broken)?;
    let dimensions = D as u8;
    match magic {
        [0, 0, BYTES, found] if found == dimensions => {}
        [0, 0, BYTES, found] => {
            let kind = if D == 1 { "labels" } else { "images" };
            return Err(format!(
                "an IDX file of {found} dimensions, {kind} have {dimensions}: are two files mixed up?"
            ));
        }
        [0, 0, kind @ 9..=14, _] => {
            return Err(format!("an IDX file of type {kind}, only unsigned bytes (type {BYTES}) are read: convert it"));
        }
        [a, b, c, d] => {
            return Err(format!("not an IDX file: it begins with {a:02x} {b:02x} {c:02x} {d:02x}: fetch it again"));
        }
    }
    let mut sizes = [0; D];
    for size in &mut sizes {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map_err(broken)?;
        *size = u32::from_be_bytes(bytes) as usize;
    }
    let shape = sizes.map(|size| size.to_string()).join(" x ");
    let expected = sizes.iter().try_fold(1, |product: usize, &size| product.checked_mul(size));
    let expected = match expected {
        Some(0) => return Err(format!("its header says {shape}, so there is nothing in it: fetch it again")),
        Some(expected) if expected <= MAXIMUM_VALUES => expected,
        _ => return Err(format!("its header says {shape}, at most {MAXIMUM_VALUES} values are read: take a sample")),
    };
    // One byte more shows that there is more, and makes the checksum at the end of a gzip be looked at.
    let mut values = Vec::new();
    reader.take(expected as u64 + 1).read_to_end(&mut values).map_err(broken)?;
    match values.len() {
        found if found < expected => {
            Err(format!("its header says {shape}, {expected} bytes, but {found} follow: fetch the file again"))
        }
        found if found > expected => {
            Err(format!("its header says {shape}, but more than {expected} bytes follow: fetch the file again"))
        }
        _ => Ok((sizes, values)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
        let head = [0, 0, BYTES, sizes.len() as u8].into_iter();
        head.chain(sizes.iter().flat_map(|size| size.to_be_bytes())).chain(values.iter().copied()).collect()
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("writes to memory");
        encoder.finish().expect("writes to memory")
    }

    /// Four training images of 2 x 3 of the classes 7 and 3, two test images.
    fn good() -> Vec<(&'static str, Vec<u8>)> {
        let pixels: Vec<u8> = (0..24).collect();
        vec![
            ("train-images-idx3-ubyte", idx(&[4, 2, 3], &pixels)),
            ("train-labels-idx1-ubyte", idx(&[4], &[7, 3, 7, 3])),
            ("t10k-images-idx3-ubyte", idx(&[2, 2, 3], &pixels[..12])),
            ("t10k-labels-idx1-ubyte", idx(&[2], &[3, 7])),
        ]
    }

    fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).expect(name);
        }
        folder
    }

    #[test]
    fn folders_are_read_plain_or_gzipped_with_dots_or_dashes() {
        let plain = folder(&good());
        let images = read_folder(plain.path()).expect("reads");
        assert_eq!((images.height, images.width, images.rows()), (2, 3, 6));
        assert_eq!(images.classes, ["3", "7"]);
        assert_eq!((images.labels.as_slice(), images.test_from), ([1, 0, 1, 0, 0, 1].as_slice(), Some(4)));
        assert!(images.pixels.iter().copied().eq((0..24).chain(0..12)));
        let mut dotted = Vec::new();
        for (index, (name, bytes)) in good().into_iter().enumerate() {
            let name = name.replace("-idx", ".idx");
            // One of them is gzipped without saying so.
            dotted.push((if index == 1 { name } else { name + ".gz" }, gzipped(&bytes)));
        }
        let dotted: Vec<_> = dotted.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        let dotted = folder(&dotted);
        let read = read_folder(dotted.path()).expect("reads");
        assert_eq!(Images { origin: images.origin.clone(), ..read }, images);
        let (test, notes) = read_test(dotted.path()).expect("reads");
        assert_eq!((test.rows(), test.test_from, notes.len()), (2, None, 0));
    }

    #[test]
    fn a_folder_may_have_training_files_alone() {
        let alone = folder(&good()[..2]);
        assert_eq!(read_folder(alone.path()).expect("reads").test_from, None);
        let (images, notes) = read_test(alone.path()).expect("reads");
        assert_eq!((images.rows(), notes.len()), (4, 1));
        let tests = folder(&good()[2..]);
        assert!(read_folder(tests.path()).is_err());
        assert_eq!(read_test(tests.path()).expect("reads").0.rows(), 2);
    }

    #[test]
    fn damage_is_named_with_file_and_remedy() {
        let images = good()[0].1.clone();
        let packed = gzipped(&images);
        let mut checksum = packed.clone();
        let end = checksum.len() - 8;
        checksum[end] ^= 1;
        let cases: [(usize, Vec<u8>, &str); 19] = [
            (0, Vec::new(), "the file is empty"),
            (0, images[..3].to_vec(), "breaks off"),
            (0, images[..9].to_vec(), "breaks off"),
            (0, images[..39].to_vec(), "4 x 2 x 3, 24 bytes, but 23 follow"),
            (0, [images.as_slice(), &[0]].concat(), "more than 24 bytes follow"),
            (0, packed[..15].to_vec(), "breaks off"),
            (0, packed[..packed.len() - 1].to_vec(), "breaks off"),
            (0, checksum, "fetch the file again"),
            (0, [packed.as_slice(), b"what does not belong here"].concat(), "fetch the file again"),
            (0, b"<!DOCTYPE html>".to_vec(), "not an IDX file: it begins with 3c 21 44 4f"),
            (0, idx(&[4], &[7, 3, 7, 3]), "an IDX file of 1 dimensions, images have 3"),
            (1, images.clone(), "an IDX file of 3 dimensions, labels have 1"),
            (0, vec![0, 0, 0x0d, 3], "type 13, only unsigned bytes"),
            (0, idx(&[0, 2, 3], &[]), "nothing in it"),
            (0, idx(&[u32::MAX; 3], &[1, 2, 3]), "at most 268435456 values"),
            (0, idx(&[1 << 28, 1, 1], &[1]), "268435456 bytes, but 1 follow"),
            (0, idx(&[4, 1, 70_000], &vec![0; 280_000]), "at most 65536 pixels"),
            (1, idx(&[3], &[7, 3, 7]), "3 labels for the 4 images of"),
            (2, idx(&[2, 3, 2], &[0; 12]), "images of 3 x 2, those before them of 2 x 3"),
        ];
        for (file, bytes, cause) in cases {
            let mut files = good();
            files[file].1 = bytes;
            let folder = folder(&files);
            let error = read_folder(folder.path()).expect_err(cause);
            assert!(matches!(error, Error::File { .. }), "{error:?}");
            let message = error.to_string();
            let start = folder.path().join(files[file].0).display().to_string();
            assert!(message.starts_with(&start) && message.contains(cause), "{message}\nfor {cause}");
        }
        for missing in 0..4 {
            let mut files = good();
            let (name, _) = files.remove(missing);
            let message = read_folder(folder(&files).path()).expect_err(name).to_string();
            assert!(message.contains(&format!("{name}: missing, gzipped or not, beside ")), "{message}");
        }
        let message = read_folder(folder(&[]).path()).expect_err("empty").to_string();
        assert!(message.contains("train-images-idx3-ubyte") && message.contains("CSV file"), "{message}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), magic: bool, packed: bool) {
            let bytes = if magic { [&[0, 0, BYTES, 3], bytes.as_slice()].concat() } else { bytes };
            let bytes = if packed { gzipped(&bytes) } else { bytes };
            if let Ok((sizes, values)) = decode::<3>(bytes.as_slice()) {
                prop_assert_eq!(sizes.iter().product::<usize>(), values.len());
            }
            let _ = decode::<1>(bytes.as_slice());
        }

        #[test]
        fn no_change_of_a_byte_makes_it_panic(at: prop::sample::Index, change in 1..=255_u8, packed: bool) {
            let mut bytes = if packed { gzipped(&good()[0].1) } else { good()[0].1.clone() };
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            if let Ok((sizes, values)) = decode::<3>(bytes.as_slice()) {
                prop_assert_eq!(sizes.iter().product::<usize>(), values.len());
            }
        }
    }
}
