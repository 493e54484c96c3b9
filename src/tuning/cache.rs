//! What was measured, a file for each adapter in the user's cache. A file that is damaged, or was written for another driver
//! or by another version of the program, is as good as none.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::gpu::{AdapterReport, Gpu, Tuning};
use crate::{Error, Result};

/// The folder of such files.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

/// What a file says. It counts where all but the tuning are those of the adapter at hand.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct File {
    program: String,
    adapter: String,
    backend: String,
    driver: String,
    tuning: Tuning,
}

impl File {
    fn of(adapter: &AdapterReport, tuning: Tuning) -> Self {
        let AdapterReport { name, backend, driver, .. } = adapter.clone();
        Self { program: env!("CARGO_PKG_VERSION").into(), adapter: name, backend, driver, tuning }
    }
}

impl Cache {
    /// The folder `tuning` where fetched data lie: `$GRADLESS_CACHE`, else the system's place for such files.
    ///
    /// # Errors
    /// [`Error::Setting`] where the system names none.
    pub fn usual() -> Result<Self> {
        Ok(Self::at(&crate::data::cache()?.join("tuning")))
    }

    /// This folder.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.into() }
    }

    /// The file of an adapter.
    pub fn path(&self, adapter: &AdapterReport) -> PathBuf {
        let name = format!("{}-{}", adapter.name, adapter.backend).to_lowercase();
        let words: Vec<_> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        self.folder.join(format!("{}.toml", words.join("-")))
    }

    /// What was kept for this adapter, by this version of the program.
    pub fn read(&self, adapter: &AdapterReport) -> Option<Tuning> {
        let text = std::fs::read_to_string(self.path(adapter)).ok()?;
        let file: File = toml::from_str(&text).ok()?;
        (file == File::of(adapter, file.tuning)).then_some(file.tuning)
    }

    /// The device with what was kept for it, if that fits.
    pub fn applied(&self, gpu: Gpu) -> Gpu {
        match self.read(gpu.report()) {
            Some(tuning) => gpu.with_tuning(tuning),
            None => gpu,
        }
    }

    /// Keeps what was found for this adapter; the file.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be written.
    pub fn write(&self, adapter: &AdapterReport, tuning: Tuning) -> Result<PathBuf> {
        let path = self.path(adapter);
        std::fs::create_dir_all(&self.folder).map_err(|cause| Error::file(&self.folder, cause))?;
        let text = toml::to_string(&File::of(adapter, tuning)).map_err(|cause| Error::file(&path, cause))?;
        crate::folder::write(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Removes the adapter's file; whether there was one.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be removed.
    pub fn clear(&self, adapter: &AdapterReport) -> Result<bool> {
        let path = self.path(adapter);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(Error::file(&path, cause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Dense;

    fn adapter() -> AdapterReport {
        AdapterReport {
            name: "Card (9000)".into(),
            backend: "vulkan".into(),
            kind: "discrete".into(),
            driver: "d 1.2".into(),
            max_binding: 1,
            max_buffer: 1,
            workgroup_memory: 1,
            max_invocations: 256,
            subgroup: (32, 32),
            timestamps: true,
        }
    }

    #[test]
    fn what_is_kept_counts_for_its_adapter_and_driver_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(&folder.path().join("tuning"));
        let tuning = Tuning { dense: Dense { lanes: 32, sums: 64, units: 16, broadcast: false }, rows_at_once: 8 };
        assert_eq!(cache.read(&adapter()), None);
        let path = cache.write(&adapter(), tuning).unwrap();
        assert!(path.ends_with("tuning/card-9000-vulkan.toml"), "{path:?}");
        assert_eq!(cache.read(&adapter()), Some(tuning));
        // The same file, for another driver.
        assert_eq!(cache.read(&AdapterReport { driver: "d 1.3".into(), ..adapter() }), None);
        assert_eq!(cache.read(&AdapterReport { backend: "gl".into(), ..adapter() }), None);
        let text = std::fs::read_to_string(&path).unwrap();
        for damaged in [
            "".to_string(),
            text[..text.len() / 2].to_string(),
            text.replace("units", "unit"),
            text.replace(env!("CARGO_PKG_VERSION"), "0.0.0"),
            "\u{0}\u{1}".into(),
        ] {
            assert_ne!(damaged, text);
            std::fs::write(&path, &damaged).unwrap();
            assert_eq!(cache.read(&adapter()), None, "{damaged}");
        }
        assert!(cache.clear(&adapter()).unwrap() && !cache.clear(&adapter()).unwrap());
    }
}
