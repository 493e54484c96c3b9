//! A folder of images, whatever kind it is: IDX files, CIFAR records, or a folder of pictures for each class.

use std::path::Path;

use super::images::Images;
use super::table::Notes;
use super::{cifar, idx, pictures};
use crate::error::Result;

/// The training images of a folder and, behind them, its test images where it has them.
///
/// Three kinds are known. IDX files: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-...` for the test part
/// (MNIST). CIFAR records: `data_batch_1.bin` and on, or any `train*.bin`, `test*.bin` for the test part. Pictures:
/// `train/CLASS/*.png` with `test/CLASS/*.png`, or `CLASS/*.png`. The first two gzipped or not.
///
/// # Errors
/// None of these; a file without its partner; a file that is damaged, too large, or does not fit the others.
pub fn read_folder(folder: &Path) -> Result<Images> {
    if idx::is_folder(folder) {
        idx::read_folder(folder)
    } else if cifar::is_folder(folder) {
        cifar::read_folder(folder)
    } else if pictures::is_folder(folder) {
        pictures::read_folder(folder)
    } else {
        // It tells what would be read.
        idx::read_folder(folder)
    }
}

/// The test images of a folder or, with a note, its training images where it has no others.
///
/// # Errors
/// Those of [`read_folder`].
pub(super) fn read_test(folder: &Path) -> Result<(Images, Notes)> {
    if idx::is_folder(folder) {
        return idx::read_test(folder);
    }
    let mut images = read_folder(folder)?;
    let Some(from) = images.test_from.take() else {
        return Ok((images, vec!["no test images in the folder: these are its training images".into()]));
    };
    images.keep_from(from);
    Ok((images, Notes::new()))
}
