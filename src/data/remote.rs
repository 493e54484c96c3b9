//! Data sets that are fetched once and then known by their names: what they are made of, and where they lie.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A data set to fetch.
#[derive(Debug, Clone, Copy)]
pub struct Remote {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Images to learn from and to test on together.
    pub rows: usize,
    /// Values of an image.
    pub features: usize,
    /// Number of classes.
    pub classes: usize,
    /// One sentence.
    pub about: &'static str,
    /// What is fetched.
    pub files: &'static [File],
    /// What must then be in its folder; more than `files` where these are an archive.
    pub holds: &'static [&'static str],
}

/// A file of a data set.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Its name, in the folder and behind the last slash of its address.
    pub name: &'static str,
    /// The address without the name.
    pub place: &'static str,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: &'static str,
}

const IDX: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];
const MNIST: &str = "https://ossci-datasets.s3.amazonaws.com/mnist/";
const FASHION: &str = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";
const CIFAR: &str = "https://www.cs.toronto.edu/~kriz/";

/// All of them, from where torchvision takes them, but for CIFAR's binary records in place of Python's pickles.
pub static REMOTES: [Remote; 4] = [
    idx_set(
        "mnist",
        "LeCun, Cortes and Burges: handwritten digits of 28 x 28 pixels; 12 MB to fetch",
        &[
            idx(0, MNIST, 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            idx(1, MNIST, 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            idx(2, MNIST, 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            idx(3, MNIST, 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ],
    ),
    idx_set(
        "fashion-mnist",
        "Xiao, Rasul and Vollgraf 2017: clothes of 28 x 28 pixels; 31 MB to fetch",
        &[
            idx(0, FASHION, 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            idx(1, FASHION, 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            idx(2, FASHION, 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            idx(3, FASHION, 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ],
    ),
    Remote {
        name: "cifar10",
        rows: 60_000,
        features: 3072,
        classes: 10,
        about: "Krizhevsky 2009: things and animals of 32 x 32 pixels in colour; 170 MB to fetch",
        files: &[File {
            name: "cifar-10-binary.tar.gz",
            place: CIFAR,
            bytes: 170_052_171,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        }],
        holds: &[
            "data_batch_1.bin",
            "data_batch_2.bin",
            "data_batch_3.bin",
            "data_batch_4.bin",
            "data_batch_5.bin",
            "test_batch.bin",
            "batches.meta.txt",
        ],
    },
    Remote {
        name: "cifar100",
        rows: 60_000,
        features: 3072,
        classes: 100,
        about: "the same in 100 classes; 169 MB to fetch",
        files: &[File {
            name: "cifar-100-binary.tar.gz",
            place: CIFAR,
            bytes: 168_513_733,
            sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        }],
        holds: &["train.bin", "test.bin", "fine_label_names.txt"],
    },
];

/// The shape that MNIST gave to others.
const fn idx_set(name: &'static str, about: &'static str, files: &'static [File]) -> Remote {
    Remote { name, rows: 70_000, features: 784, classes: 10, about, files, holds: &IDX }
}

const fn idx(number: usize, place: &'static str, bytes: u64, sha256: &'static str) -> File {
    File { name: IDX[number], place, bytes, sha256 }
}

impl Remote {
    /// The one of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        REMOTES.iter().find(|remote| remote.name == name)
    }

    /// Whether all of it is in `folder`, gzipped or not.
    pub fn is_in(&self, folder: &Path) -> bool {
        let there = |name: &str| folder.join(name).is_file();
        self.holds.iter().all(|name| there(name) || name.strip_suffix(".gz").is_some_and(there))
    }

    /// What to do where there is no way to the net.
    pub fn by_hand(&self, folder: &Path) -> String {
        let from = self.files.first().map_or("", |file| file.place);
        format!("or put {} (from {from}) into {}", self.holds.join(", "), folder.display())
    }
}

/// The folder that fetched sets lie in, one folder each: `$GRADLESS_CACHE`, else the system's place for such files.
///
/// # Errors
/// [`Error::Setting`] where the system names none.
pub fn cache() -> Result<PathBuf> {
    // The one place of the library that looks for files on its own, so the one that asks the environment.
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("GRADLESS_CACHE") {
        return Ok(folder);
    }
    let home = || set("HOME");
    let usual = if cfg!(windows) {
        set("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Caches"))
    } else {
        // The standard says that a relative path does not count.
        set("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or_else(|| home().map(|home| home.join(".cache")))
    };
    let none = || Error::setting("GRADLESS_CACHE", "not set", "the system names no folder for such files: set one");
    Ok(usual.ok_or_else(none)?.join("gradless"))
}

/// Where the set of this name lies, if there is one and no file or folder of that name goes before it.
///
/// # Errors
/// [`Error::Setting`] when it has not been fetched.
pub(super) fn folder(source: &str) -> Result<Option<PathBuf>> {
    let Some(remote) = Remote::find(source).filter(|_| !Path::new(source).exists()) else { return Ok(None) };
    let folder = cache()?.join(remote.name);
    if remote.is_in(&folder) {
        return Ok(Some(folder));
    }
    let by_hand = remote.by_hand(&folder);
    Err(Error::setting("data", source, format!("not fetched yet: `gradless data fetch {source}`, {by_hand}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_names_are_well_formed() {
        for remote in &REMOTES {
            assert!(remote.files.iter().all(|file| file.sha256.len() == 64 && file.place.ends_with('/')));
            assert!(remote.files.iter().all(|file| file.sha256.bytes().all(|byte| byte.is_ascii_hexdigit())));
            assert!(Remote::find(remote.name).is_some_and(|found| found.name == remote.name));
            let (total, about) = (remote.files.iter().map(|file| file.bytes).sum::<u64>(), remote.about);
            let said: u64 = about
                .rsplit(';')
                .next()
                .and_then(|text| text.split_whitespace().next())
                .map_or(0, |n| n.parse().unwrap_or_default());
            assert!(total.abs_diff(said * 1_000_000) <= 600_000, "{about}: {total}");
        }
    }
}
