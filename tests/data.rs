//! Data from outside: the real files, files damaged in every way we could think of, and plain noise.

use std::path::PathBuf;

use gradless::Error;
use gradless::data::{self, Dataset, Missing, Options, Raw, Table};
use proptest::prelude::*;

/// File, rows, raw feature columns, classes, rows without a missing cell.
const FILES: [(&str, usize, usize, usize, usize); 21] = [
    ("abalone", 4177, 8, 2, 4177),
    ("abalone_3class", 4177, 8, 3, 4177),
    ("abalone_rings", 4177, 8, 28, 4177),
    ("banknote", 1372, 4, 2, 1372),
    ("breast_cancer_wisconsin", 699, 9, 2, 683),
    ("car", 1728, 6, 4, 1728),
    ("dry_bean", 13611, 16, 7, 13611),
    ("haberman", 306, 3, 2, 306),
    ("heart_cleveland", 303, 13, 2, 297),
    ("heart_cleveland_5class", 303, 13, 5, 297),
    ("indian_liver_patient", 583, 10, 2, 579),
    ("ionosphere", 351, 34, 2, 351),
    ("iris", 150, 4, 3, 150),
    ("mushroom", 8124, 22, 2, 5644),
    ("pima", 768, 8, 2, 768),
    ("rice", 3810, 7, 2, 3810),
    ("seeds", 210, 7, 3, 210),
    ("sonar", 208, 60, 2, 208),
    ("titanic", 891, 7, 2, 712),
    ("wdbc", 569, 30, 2, 569),
    ("wine", 178, 13, 3, 178),
];

/// Where the real tables are, if they are.
fn folder() -> Option<PathBuf> {
    real("tabular")
}

/// A folder of real files, if it is there.
fn real(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("GRADLESS_DATA").map_or_else(beside, PathBuf::from).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no data in {} (set GRADLESS_DATA)", folder.display());
    None
}

#[test]
fn real_files_load() {
    let Some(folder) = folder() else { return };
    for (name, rows, columns, classes, complete) in FILES {
        let path = folder.join(name).with_extension("csv");
        let source = path.to_str().expect("a plain path");
        let set = data::load(source, &Options::default()).expect(name);
        assert_eq!(set.name, name);
        assert!(set.raw.table().expect("a table").grid.named, "{name}");
        assert_eq!(set.train.rows + set.test.rows, rows, "{name}");
        assert_eq!((set.encoder.columns.len(), set.classes.len()), (columns, classes), "{name}");
        assert_eq!(set.train.width, set.feature_names.len(), "{name}");
        assert_eq!(set.test.rows, (rows as f64 / 5.0).round() as usize, "{name}");
        assert!(set.train.features.iter().chain(&set.test.features).all(|value| value.is_finite()), "{name}");
        assert_eq!(set.encoder.check(), Ok(()), "{name}");
        let dropped = data::load(source, &Options { missing: Missing::Drop, ..Options::default() }).expect(name);
        assert_eq!(dropped.train.rows + dropped.test.rows, complete, "{name}");
    }
}

#[cfg(feature = "datasets")]
#[test]
fn the_built_in_irises_are_those_of_the_file() {
    let Some(folder) = folder() else { return };
    let file =
        data::load(folder.join("iris.csv").to_str().expect("a plain path"), &Options::default()).expect("iris.csv");
    let set = data::load("iris", &Options::default()).expect("iris");
    assert_eq!((set.train, set.test), (file.train, file.test));
}

#[test]
fn real_images_load() {
    // Means over all training pixels, as published for both sets (0.1307 and 0.2860 of 255).
    for (name, first, mean) in [("mnist", [5, 0, 4, 1, 9], 33.318), ("fashion-mnist", [9, 0, 0, 3, 0], 72.940)] {
        let Some(folder) = real(name) else { continue };
        let source = folder.to_str().expect("a plain path");
        let set = data::load(source, &Options { validation_fraction: 0.1, ..Options::default() }).expect(name);
        assert_eq!((set.name.as_str(), set.notes.len()), (name, 0));
        assert_eq!((set.train.rows, set.validation.rows, set.test.rows), (54_000, 6_000, 10_000), "{name}");
        assert_eq!((set.train.width, set.classes.len()), (784, 10), "{name}");
        assert_eq!(set.classes[9], "9");
        let Raw::Images(images) = &set.raw else { panic!("{name} is no table") };
        assert_eq!((images.height, images.width, images.test_from), (28, 28, Some(60_000)), "{name}");
        assert_eq!(images.labels[..5], first, "{name}");
        let sum: u64 = images.pixels[..60_000 * 784].iter().map(|&pixel| u64::from(pixel)).sum();
        assert!((sum as f64 / (60_000.0 * 784.0) - mean).abs() < 5e-4, "{name}: {sum}");
        assert!(images.labels[60_000..] == set.test.labels, "{name}: the test part is in its own order");
        let features = || set.train.features.iter().map(|&value| f64::from(value));
        let count = set.train.features.len() as f64;
        assert!((features().sum::<f64>() / count).abs() < 1e-5, "{name}");
        assert!((features().map(|value| value * value).sum::<f64>() / count - 1.0).abs() < 1e-5, "{name}");
        let json = serde_json::to_string(&set.encoder).expect("writes");
        assert!(json.len() < 300, "{name}: {json}");
        let (test, notes) = set.encoder.read_labelled(source, None).expect(name);
        assert!(test == set.test && notes.is_empty(), "{name}");
    }
}

#[test]
fn held_out_rows_come_back_as_they_were_scored() {
    let Some(folder) = folder() else { return };
    let kept = tempfile::tempdir().expect("a folder");
    for name in ["titanic", "mushroom", "breast_cancer_wisconsin"] {
        let source = folder.join(name).with_extension("csv");
        let set = data::load(source.to_str().expect("a plain path"), &Options::default()).expect(name);
        let path = kept.path().join(name).with_extension("csv");
        set.save_test(&path).expect(name);
        for header in [Some(true), None] {
            let unseen = set.encoder.read_file(&path, header).expect(name);
            assert_eq!((&unseen.features, unseen.labels.as_ref()), (&set.test.features, Some(&set.test.labels)));
        }
    }
}

#[test]
fn what_the_notes_say_about_real_files() {
    let Some(folder) = folder() else { return };
    let notes = |name| {
        let source = folder.join(name).with_extension("csv");
        data::load(source.to_str().expect("a plain path"), &Options::default()).expect(name).notes
    };
    assert_eq!(notes("mushroom").len(), 2);
    assert!(notes("mushroom")[0].starts_with("veil-type: constant"));
    assert!(
        notes("mushroom")[1].starts_with("stalk-root: 2480 missing cells imputed with the most frequent level `b`")
    );
    assert_eq!(notes("ionosphere"), ["a02: constant, dropped"]);
    assert!(notes("titanic")[0].starts_with("Age: 177 missing cells imputed with the training mean 2"));
}

#[test]
fn damaged_files_are_named_with_the_cause() {
    let wide = format!("{}1\n", "1,".repeat(200_000));
    let levels: String = (0..70_000).map(|i| format!("{},{},{}\n", i % 35_000, i % 35_000, i % 2)).collect();
    let levels = format!("a,b,class\n{}", levels.replace(',', "k,").replace("k,0\n", "k,u\n"));
    let cases: [(&[u8], &str); 22] = [
        (b"", ": the file is empty"),
        (b" \n\r\n  \n", ": the file is empty"),
        (b"\xef\xbb\xbf", ": the file is empty"),
        (b"\"\"\n", ": the file has no cells"),
        (b"a,b,class\n", ": a header and no rows"),
        (b"a,b,class\n1,2,x\n1,2\n", ", line 3: 2 cells where the first row has 3"),
        (b"a,b,class\n1,2,x\n\n1,2,x,4\n", ", line 4: 4 cells where the first row has 3"),
        (b"a,class\n1,x\n2,caf\xe9\n", ", line 3: byte 0xe9 is not UTF-8"),
        (b"\xff\xfea\0,\0", ": this is UTF-16"),
        (b"a,class\n1,\0\n", ", line 2: a NUL byte"),
        (b"a,class\n1,x\n2,\"y\n3,x\n", ", line 3: a quote opened on this line is never closed"),
        (b"a,a,class\n1,2,x\n3,4,y\n", ", line 1: columns 1 and 2 are both called `a`"),
        (b"a\n1\n2\n", ": only one column"),
        (b"a,class\n1,x\n2,x\n", ", column `class`: only one class, `x`"),
        (b"a,class\n1,\n2,?\n", ", column `class`: no row has a label"),
        (b"a,class\n1,x\n1e999,y\n2,y\n", ", line 3, column `a`: `1e999` is infinite"),
        (b"a,class\n1,x\n-inf,y\n", ", line 3, column `a`: `-inf` is infinite"),
        (b"a,class\n5,x\n5,y\n", ": no column to learn from is left (a: constant, dropped)"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", ", line 3: a NUL byte"),
        (b"PK\x03\x04\xfe\xff", ", line 1: byte 0xfe is not UTF-8"),
        (wide.as_bytes(), ", line 1: 200001 columns, at most 65536"),
        (levels.as_bytes(), ", column `b`: more than 65536 features with this one"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("damaged.csv");
    let source = path.to_str().expect("a plain path");
    for (bytes, cause) in cases {
        std::fs::write(&path, bytes).expect("writes");
        let error = data::load(source, &Options::default()).expect_err(cause);
        assert!(matches!(error, Error::Data { .. }), "{error:?}");
        let message = error.to_string();
        assert!(message.starts_with(&format!("{source}{cause}")), "{message}\nfor {cause}");
    }
}

#[test]
fn the_widest_file_loads() {
    let row = |first: &str, class: &str| format!("{first},{}{class}\n", "0,".repeat(data::MAXIMUM_COLUMNS - 2));
    let text = format!("{}{}", row("1", "x"), row("2", "y"));
    let set = from_bytes(text.as_bytes()).expect("loads");
    assert_eq!((set.train.rows + set.test.rows, set.train.width), (2, 1));
}

#[test]
fn classes_of_one_row_are_learnt_from() {
    let set = from_bytes(b"a,class\n1,x\n2,y\n3,z\n4,z\n5,z\n6,z\n").expect("loads");
    assert_eq!((set.train.rows, set.test.labels.clone()), (5, vec![2]));
    assert_eq!(set.notes, ["too few rows to test on, trained on only: class `x`, `y`"]);
}

fn from_bytes(bytes: &[u8]) -> gradless::Result<Dataset> {
    let (grid, mut notes) = data::parse(bytes, "bytes", None, &["class"])?;
    let (table, more) = Table::new(grid, None)?;
    notes.extend(more);
    Dataset::new("bytes", table, notes, &Options::default())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = from_bytes(&bytes);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[01.,;\"\n\r\t aé?e-]{0,80}") {
        let _ = from_bytes(text.as_bytes());
    }

    #[test]
    fn no_cells_make_it_panic(
        (width, cells) in (2..5_usize, prop::collection::vec(0..CELLS.len(), 4..120)),
        separator in prop::sample::select(vec![",", ";", "\t"]),
        end in prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n"]),
    ) {
        let row = |row: &[usize]| row.iter().map(|&cell| CELLS[cell]).collect::<Vec<_>>().join(separator);
        let text = cells.chunks_exact(width).map(row).collect::<Vec<_>>().join(end);
        if let Ok(set) = from_bytes(text.as_bytes()) {
            prop_assert!(set.train.features.iter().chain(&set.test.features).all(|value| value.is_finite()));
            prop_assert_eq!(set.train.features.len(), set.train.rows * set.train.width);
            prop_assert_eq!(set.encoder.check(), Ok(()));
            prop_assert!(set.encoder.encode_grid(set.raw.table().expect("a table").grid.clone()).is_ok());
        }
    }
}

const CELLS: [&str; 16] =
    ["1", "2.5", "-3e4", "1", "2.5", "7", "red", "blue", "green", "", "?", " é ", "1,5", "\"a;b\"", "class", "1e39"];
