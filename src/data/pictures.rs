//! Folders of PNG files, a folder for each class: `train/CLASS/*.png` and `test/CLASS/*.png`, or `CLASS/*.png`.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use png::{ColorType, Decoder, Transformations};

use super::images::{Images, sizes};
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
pub(super) fn read_folder(folder: &Path) -> Result<Images> {
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
        height: 0,
        width: 0,
        channels: 0,
        pixels: Vec::new(),
        classes: names.iter().map(ToString::to_string).collect(),
        labels: Vec::new(),
        test_from: None,
    };
    for (part, all) in [&train, &test].into_iter().enumerate() {
        if part == 1 && !all.is_empty() {
            images.test_from = Some(images.labels.len());
        }
        for (name, files) in all {
            let label = names.binary_search(&name).unwrap_or_else(|at| at) as u32;
            for path in files {
                add(&mut images, path).map_err(|cause| Error::file(path, cause))?;
                images.labels.push(label);
            }
        }
    }
    Ok(images)
}

/// The classes of a folder: its folders that hold PNG files.
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
            !hidden && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png"))
        };
        let mut files = list(&class)?;
        files.retain(picture);
        if !files.is_empty() {
            classes.push((class.file_name().unwrap_or_default().to_string_lossy().into_owned(), files));
        }
    }
    Ok(classes)
}

/// Adds a picture, channel after channel. The first one decides the size of all.
fn add(images: &mut Images, path: &Path) -> Result<(), String> {
    let broken = |error: png::DecodingError| format!("{error}: fetch or make the file again");
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut decoder = Decoder::new(BufReader::new(file));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(broken)?;
    let (height, width) = (reader.info().height as usize, reader.info().width as usize);
    // A value that does not count: how transparent a pixel is.
    let (values, channels) = match reader.output_color_type().0 {
        ColorType::Grayscale | ColorType::Indexed => (1, 1),
        ColorType::GrayscaleAlpha => (2, 1),
        ColorType::Rgb => (3, 3),
        ColorType::Rgba => (4, 3),
    };
    if height.saturating_mul(width).saturating_mul(channels) > MAXIMUM_FEATURES {
        let size = sizes(height, width, channels);
        return Err(format!("{size}, at most {MAXIMUM_FEATURES} values: make the pictures smaller"));
    }
    if images.labels.is_empty() {
        (images.height, images.width, images.channels) = (height, width, channels);
    }
    let first = (images.height, images.width, images.channels);
    if (height, width, channels) != first {
        let (size, first) = (sizes(height, width, channels), sizes(first.0, first.1, first.2));
        return Err(format!("{size}, the pictures before it {first}: make all alike"));
    }
    if images.pixels.len() + height * width * channels > MAXIMUM_VALUES {
        return Err(format!("more than {MAXIMUM_VALUES} values with the pictures before it: take a sample"));
    }
    let mut pixels = vec![0; height * width * values];
    reader.next_frame(&mut pixels).map_err(broken)?;
    for channel in 0..channels {
        images.pixels.extend(pixels.iter().skip(channel).step_by(values));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
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
        let (test, notes) = folder::read_test(home.path()).expect("reads");
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
        let (all, notes) = folder::read_test(home.path()).expect("reads");
        assert_eq!((all.rows(), notes.len()), (10, 1));
    }

    #[test]
    fn what_does_not_fit_is_named_with_file_and_remedy() {
        type Case<'a> = (ColorType, (u32, u32), &'a [u8], &'a str);
        let cases: [Case; 3] = [
            (ColorType::Rgb, (1, 1), &[0; 3], "1 x 1 x 3, the pictures before it 1 x 1: make all alike"),
            (ColorType::Grayscale, (2, 1), &[0; 2], "1 x 2, the pictures before it 1 x 1"),
            (ColorType::Grayscale, (300, 300), &[0; 90_000], "at most 65536 values"),
        ];
        for (colour, size, values, cause) in cases {
            let home = tempfile::tempdir().expect("a folder");
            picture(&home.path().join("a/1.png"), ColorType::Grayscale, (1, 1), &[3]);
            let path = home.path().join("b/1.png");
            picture(&path, colour, size, values);
            let message = folder::read_folder(home.path()).expect_err(cause).to_string();
            assert!(message.starts_with(&path.display().to_string()) && message.contains(cause), "{message}");
            // Cut anywhere, it is damaged and says so.
            let whole = std::fs::read(&path).expect("reads");
            for cut in [0, 5, 20, 40, whole.len() / 2] {
                std::fs::write(&path, &whole[..cut.min(whole.len() - 13)]).expect("writes");
                let message = folder::read_folder(home.path()).expect_err("damaged").to_string();
                assert!(message.starts_with(&path.display().to_string()), "{message}");
            }
        }
    }
}
