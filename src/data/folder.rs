//! A folder of images, whatever kind it is: IDX files, CIFAR records, or a folder of pictures for each class.

use std::path::Path;

use super::images::Images;
use super::resize::Size;
use super::table::Notes;
use super::{cifar, idx, pictures};
use crate::error::Result;

/// What pictures are to be brought to; files of other kinds hold pictures of one kind and stay as they are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) size: Option<Size>,
    pub(super) channels: Option<usize>,
}

/// The training images of a folder and, behind them, its test images where it has them.
///
/// Three kinds are known. IDX files: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-...` for the test part
/// (MNIST). CIFAR records: `data_batch_1.bin` and on, or any `train*.bin`, `test*.bin` for the test part. Pictures:
/// `train/CLASS/*.png` with `test/CLASS/*.png`, or `CLASS/*.png`; `.jpg` and `.jpeg` as well, in the size of the first of
/// them. The first two gzipped or not.
///
/// # Errors
/// None of these; a file without its partner; a file that is damaged, too large, or does not fit the others.
pub fn read_folder(folder: &Path) -> Result<Images> {
    Ok(read_sized(folder, Wanted::default())?.0)
}

/// The same, pictures as they are wanted, and what was done to them.
pub(super) fn read_sized(folder: &Path, wanted: Wanted) -> Result<(Images, Notes)> {
    if idx::is_folder(folder) {
        Ok((idx::read_folder(folder)?, Notes::new()))
    } else if cifar::is_folder(folder) {
        Ok((cifar::read_folder(folder)?, Notes::new()))
    } else if pictures::is_folder(folder) {
        pictures::read_folder(folder, wanted)
    } else {
        // It tells what would be read.
        Ok((idx::read_folder(folder)?, Notes::new()))
    }
}

/// The test images of a folder or, with a note, its training images where it has no others.
///
/// # Errors
/// Those of [`read_folder`].
pub(super) fn read_test(folder: &Path, wanted: Wanted) -> Result<(Images, Notes)> {
    if idx::is_folder(folder) {
        return idx::read_test(folder);
    }
    let (mut images, mut notes) = read_sized(folder, wanted)?;
    match images.test_from.take() {
        Some(from) => images.keep_from(from),
        None => notes.push("no test images in the folder: these are its training images".into()),
    }
    Ok((images, notes))
}
