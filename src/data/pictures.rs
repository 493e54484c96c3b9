//! Folders of PNG and JPEG files, a folder for each class: `train/CLASS/*` and `test/CLASS/*`, or `CLASS/*`.

use std::path::{Path, PathBuf};

use super::folder::Wanted;
use super::images::{Images, sizes};
use super::picture::{self, ENDINGS};
use super::resize::resized;
use super::table::{Notes, counted};
use super::{MAXIMUM_FEATURES, MAXIMUM_VALUES};
use crate::error::{Error, Result};

/// The folders that hold the parts, where they are apart.
const TRAIN: &str = "train";
const TEST: &str = "test";

/// A class and its files, both sorted.
type Class = (String, Vec<PathBuf>);

/// Whether a folder holds pictures in folders.
pub(super) fn is_folder(folder: &Path) -> bool {
    [folder.to_path_buf(), folder.join(TRAIN)].iter().any(|place| classes(place).is_ok_and(|all| !all.is_empty()))
}

/// The training pictures of a folder and, behind them, its test pictures where it has them.
///
/// Where no size is wanted the first picture decides it; where no channels are, one picture in colour makes all so.
pub(super) fn read_folder(folder: &Path, wanted: Wanted) -> Result<(Images, Notes)> {
    let train = folder.join(TRAIN);
    let apart = train.is_dir() && !classes(&train)?.is_empty();
    let train = classes(if apart { &train } else { folder })?;
    let test = folder.join(TEST);
    let test = if apart && test.is_dir() { classes(&test)? } else { Vec::new() };
    let mut names: Vec<&String> = train.iter().chain(&test).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let mut images = Images {
        origin: folder.display().to_string(),
        height: wanted.size.map_or(0, |size| size[0]),
        width: wanted.size.map_or(0, |size| size[1]),
        channels: wanted.channels.map_or_else(|| channels(&[&train, &test]), Ok)?,
        pixels: Vec::new(),
        classes: names.iter().map(ToString::to_string).collect(),
        labels: Vec::new(),
        test_from: None,
    };
    let mut changes = [0; 2];
    for (part, all) in [&train, &test].into_iter().enumerate() {
        if part == 1 && !all.is_empty() {
            images.test_from = Some(images.labels.len());
        }
        for (name, files) in all {
            let label = names.binary_search(&name).unwrap_or_else(|at| at) as u32;
            for path in files {
                let changed = add(&mut images, path).map_err(|cause| Error::file(path, cause))?;
                changes.iter_mut().zip(changed).for_each(|(count, changed)| *count += usize::from(changed));
                images.labels.push(label);
            }
        }
    }
    let mut notes = Notes::new();
    if changes[0] > 0 {
        let size = sizes(images.height, images.width, 1);
        notes.push(format!("{} brought to {size} pixels: --size decides to which", counted(changes[0], "picture")));
    }
    if changes[1] > 0 {
        let of = if images.channels == 1 { "grey" } else { "colour" };
        notes.push(format!("{} brought to {of}, as the others are", counted(changes[1], "picture")));
    }
    Ok((images, notes))
}

/// 3 if a picture is in colour, else 1.
fn channels(parts: &[&[Class]]) -> Result<usize> {
    for path in parts.iter().flat_map(|part| part.iter().flat_map(|class| &class.1)) {
        if picture::channels(path).map_err(|cause| Error::file(path, cause))? == 3 {
            return Ok(3);
        }
    }
    Ok(1)
}

/// The classes of a folder: its folders that hold pictures.
fn classes(folder: &Path) -> Result<Vec<Class>> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder).map_err(|error| Error::file(folder, error))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        Ok(paths)
    };
    let mut classes = Vec::new();
    for class in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        let picture = |path: &PathBuf| {
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            !hidden
                && path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
        };
        let mut files = list(&class)?;
        files.retain(picture);
        if !files.is_empty() {
            classes.push((class.file_name().unwrap_or_default().to_string_lossy().into_owned(), files));
        }
    }
    Ok(classes)
}

/// Adds a picture, and tells whether its size was another, and its channels. The first one decides the size of all where
/// that is not decided yet.
fn add(images: &mut Images, path: &Path) -> Result<[bool; 2], String> {
    let picture = picture::read(path)?;
    if images.height == 0 {
        let (height, width, channels) = (picture.height, picture.width, images.channels);
        if height.saturating_mul(width).saturating_mul(channels) > MAXIMUM_FEATURES {
            let size = sizes(height, width, channels);
            return Err(format!("{size}, at most {MAXIMUM_FEATURES} values: give --size, as in --size 64"));
        }
        (images.height, images.width) = (height, width);
    }
    let (from, to) = ([picture.height, picture.width], [images.height, images.width]);
    if images.pixels.len() + to[0] * to[1] * images.channels > MAXIMUM_VALUES {
        return Err(format!("more than {MAXIMUM_VALUES} values with the pictures before it: take a sample"));
    }
    let recoloured = picture.channels != images.channels;
    let picture = picture.with_channels(images.channels);
    images.pixels.extend(resized(&picture.pixels, from, to));
    Ok([from != to, recoloured])
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use png::ColorType;

    use super::*;
    use crate::data::{Options, folder, load};

    fn picture(path: &Path, colour: ColorType, (width, height): (u32, u32), values: &[u8]) {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes it");
        let mut encoder = png::Encoder::new(File::create(path).expect("opens"), width, height);
        encoder.set_color(colour);
        encoder.write_header().expect("writes").write_image_data(values).expect("writes");
    }

    #[test]
    fn classes_are_folders_and_parts_are_folders_of_these() {
        let home = tempfile::tempdir().expect("a folder");
        let at = |name: &str| home.path().join(name);
        picture(&at("train/noncat/2.png"), ColorType::Rgb, (2, 1), &[1, 2, 3, 4, 5, 6]);
        picture(&at("train/cat/10.PNG"), ColorType::Rgba, (2, 1), &[7, 8, 9, 255, 10, 11, 12, 0]);
        picture(&at("test/noncat/1.png"), ColorType::Rgb, (2, 1), &[0; 6]);
        std::fs::write(at("train/cat/notes.txt"), "none").expect("writes");
        std::fs::write(at("train/cat/.hidden.png"), "none").expect("writes");
        let images = folder::read_folder(home.path()).expect("reads");
        assert_eq!((images.height, images.width, images.channels, images.test_from), (1, 2, 3, Some(2)));
        assert_eq!(
            (images.classes.as_slice(), images.labels.as_slice()),
            (&["cat", "noncat"].map(String::from)[..], &[0, 1, 1][..])
        );
        assert_eq!(images.pixels[..12], [7, 10, 8, 11, 9, 12, 1, 4, 2, 5, 3, 6], "channel after channel");
        let (test, notes) = folder::read_test(home.path(), folder::Wanted::default()).expect("reads");
        assert_eq!((test.rows(), test.labels.as_slice(), notes.len()), (1, &[1][..], 0));
        let set = load(&home.path().display().to_string(), &Options::default()).expect("loads");
        assert_eq!((set.train.rows, set.test.rows, set.train.width), (2, 1, 6));
    }

    #[test]
    fn classes_alone_are_divided_as_a_table_is() {
        let home = tempfile::tempdir().expect("a folder");
        for i in 0..10_u8 {
            let path = home.path().join(format!("{}/{i}.png", ["a", "b"][usize::from(i % 2)]));
            picture(&path, ColorType::Grayscale, (1, 2), &[i, 2 * i]);
        }
        let set = load(&home.path().display().to_string(), &Options::default()).expect("loads");
        assert_eq!((set.train.rows, set.test.rows, set.train.width), (8, 2, 2));
        let (all, notes) = folder::read_test(home.path(), folder::Wanted::default()).expect("reads");
        assert_eq!((all.rows(), notes.len()), (10, 1));
    }

    #[test]
    fn sizes_and_colours_that_differ_are_brought_together() {
        let home = tempfile::tempdir().expect("a folder");
        let at = |name: &str| home.path().join(name);
        picture(&at("a/1.png"), ColorType::Grayscale, (2, 2), &[1, 2, 3, 4]);
        picture(&at("b/1.png"), ColorType::Grayscale, (4, 4), &[8; 16]);
        let (images, notes) = folder::read_sized(home.path(), Wanted::default()).expect("reads");
        assert_eq!((images.channels, images.pixels.as_slice()), (1, [1, 2, 3, 4, 8, 8, 8, 8].as_slice()));
        assert_eq!(notes, ["1 picture brought to 2 x 2 pixels: --size decides to which"]);
        std::fs::create_dir(at("c")).expect("makes it");
        std::fs::write(at("c/1.JPG"), include_bytes!("../../tests/pictures/colour.jpg")).expect("writes");
        let wanted = Wanted { size: Some([1, 3]), channels: None };
        let (images, notes) = folder::read_sized(home.path(), wanted).expect("reads");
        assert_eq!((images.height, images.width, images.channels, images.rows()), (1, 3, 3, 3));
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[1].contains("2 pictures brought to colour"), "{notes:?}");
        let wanted = Wanted { size: None, channels: Some(1) };
        assert_eq!(folder::read_sized(home.path(), wanted).expect("reads").0.channels, 1);
        let source = home.path().display().to_string();
        let set = load(&source, &Options { size: Some([4, 4]), ..Options::default() }).expect("loads");
        assert_eq!((set.train.width, set.notes.len() >= 2), (48, true));
        // A model of that size reads the folder so, too.
        assert_eq!(set.encoder.read_labelled(&source, None).expect("reads").0.width, 48);
    }

    #[test]
    fn what_does_not_fit_is_named_with_file_and_remedy() {
        let home = tempfile::tempdir().expect("a folder");
        let large = home.path().join("a/1.png");
        picture(&large, ColorType::Grayscale, (300, 300), &[0; 90_000]);
        let message = folder::read_folder(home.path()).expect_err("large").to_string();
        assert!(message.starts_with(&large.display().to_string()) && message.contains("--size"), "{message}");
        assert!(folder::read_sized(home.path(), Wanted { size: Some([8, 8]), channels: None }).is_ok());
        let path = home.path().join("b/1.png");
        picture(&path, ColorType::Grayscale, (2, 1), &[5, 6]);
        // Cut anywhere, it is damaged and says so.
        let whole = std::fs::read(&path).expect("reads");
        for cut in [0, 5, 20, 40, whole.len() / 2] {
            std::fs::write(&path, &whole[..cut.min(whole.len() - 13)]).expect("writes");
            let wanted = Wanted { size: Some([8, 8]), channels: None };
            let message = folder::read_sized(home.path(), wanted).expect_err("damaged").to_string();
            assert!(message.starts_with(&path.display().to_string()), "{message}");
        }
    }
}
