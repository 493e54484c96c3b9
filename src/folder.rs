//! The folder of a run. Every file is written beside its place and moved there, so that a process killed at any moment
//! leaves a folder to go on from.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::run::{Record, Snapshot};
use crate::{Error, Result};

/// First line of the history.
const HEADER: &str = "generation,best,lowest,mean,finite,gradient_norm";
/// Version of the checkpoint's layout.
const FORMAT: &str = "gradless checkpoint 1";

/// A run's folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Writes a whole file or nothing: under another name, synced, then moved into place.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let written = fs::File::create(&partial)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, path));
    written.map_err(|e| {
        let _ = fs::remove_file(&partial);
        Error::file(path, e)
    })
}

impl Folder {
    /// Makes the folder `path`, holding `config` as `config.toml` from the first moment on.
    ///
    /// # Errors
    /// [`Error::File`] when it exists and is not empty, or cannot be made.
    pub fn create(path: &Path, config: &str) -> Result<Self> {
        if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            let cause = "the folder exists and is not empty: choose another --out, or go on with --resume";
            return Err(Error::file(path, cause));
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|e| Error::file(parent, e))?;
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.partial", std::process::id()));
        let partial = path.with_file_name(name);
        let made = fs::create_dir(&partial).map_err(|e| Error::file(path, e));
        let moved = made.and_then(|()| write(&partial.join("config.toml"), config.as_bytes())).and_then(|()| {
            let _ = fs::remove_dir(path);
            fs::rename(&partial, path).map_err(|e| Error::file(path, e))
        });
        moved.inspect_err(|_| {
            let _ = fs::remove_dir_all(&partial);
        })?;
        Ok(Self { path: path.into() })
    }

    /// The first free folder `stem-N` in `parent`.
    ///
    /// # Errors
    /// As [`Folder::create`].
    pub fn create_numbered(parent: &Path, stem: &str, config: &str) -> Result<Self> {
        let mut number = 1u32;
        loop {
            let path = parent.join(format!("{stem}-{number}"));
            match Self::create(&path, config) {
                Err(Error::File { .. }) if path.exists() && number < u32::MAX => number += 1,
                other => return other,
            }
        }
    }

    /// A folder that a run made before.
    ///
    /// # Errors
    /// [`Error::File`] when there is no `config.toml` in it.
    pub fn open(path: &Path) -> Result<Self> {
        if path.join("config.toml").is_file() {
            return Ok(Self { path: path.into() });
        }
        let cause = if path.is_dir() { "not the folder of a run: it has no config.toml" } else { "no such folder" };
        Err(Error::file(path, cause))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Saves the state of a run, with what its data looked like.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn save_checkpoint(&self, snapshot: &Snapshot, fingerprint: u64) -> Result<()> {
        let path = self.file("checkpoint.safetensors");
        let views = snapshot
            .buffers
            .iter()
            .map(|(name, bytes)| TensorView::new(Dtype::U8, vec![bytes.len()], bytes).map(|view| (name.clone(), view)));
        let views = views.collect::<std::result::Result<Vec<_>, _>>().map_err(|e| Error::file(&path, e))?;
        let metadata = HashMap::from([
            ("format".into(), FORMAT.into()),
            ("generation".into(), snapshot.generation.to_string()),
            ("data".into(), format!("{fingerprint:016x}")),
        ]);
        let bytes = serialize(views, Some(metadata)).map_err(|e| Error::file(&path, e))?;
        write(&path, &bytes)
    }

    /// The last state saved, if any.
    ///
    /// # Errors
    /// [`Error::File`] when it is damaged, or of other data.
    pub fn checkpoint(&self, fingerprint: u64) -> Result<Option<Snapshot>> {
        let path = self.file("checkpoint.safetensors");
        if !path.exists() {
            return Ok(None);
        }
        let bytes = fs::read(&path).map_err(|e| Error::file(&path, e))?;
        let damaged = |what: &dyn std::fmt::Display| {
            Error::file(&path, format!("damaged checkpoint ({what}): delete it to start this run again"))
        };
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(&e))?;
        let empty = HashMap::new();
        let entries = metadata.metadata().as_ref().unwrap_or(&empty);
        let entry = |name: &str| entries.get(name).ok_or_else(|| damaged(&format!("no {name}")));
        if entry("format")? != FORMAT {
            return Err(damaged(&"another format"));
        }
        if *entry("data")? != format!("{fingerprint:016x}") {
            return Err(Error::file(&path, "the data changed since this run began: start a new one"));
        }
        let generation = entry("generation")?.parse().map_err(|e| damaged(&e))?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| damaged(&e))?;
        let mut buffers: Vec<_> =
            tensors.tensors().into_iter().map(|(name, view)| (name, view.data().to_vec())).collect();
        buffers.sort();
        Ok(Some(Snapshot { buffers, generation }))
    }

    /// The history, ready to go on after `generation` generations; what was written beyond is dropped.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read or written.
    pub fn history(&self, generation: u32) -> Result<History> {
        let path = self.file("history.csv");
        let mut text = format!("{HEADER}\n");
        if generation > 0 {
            let old = fs::read_to_string(&path).map_err(|e| Error::file(&path, e))?;
            let mut rows = 0;
            for line in old.lines().skip(1).take(generation as usize) {
                let (line, good) = (line.trim_end(), line.split(',').count() == 6);
                if !good || line.split(',').next() != Some(&(rows + 1).to_string()) {
                    let cause = format!("generation {} is missing or damaged: delete the folder", rows + 1);
                    return Err(Error::file(&path, cause));
                }
                text.push_str(line);
                text.push('\n');
                rows += 1;
            }
            if rows < generation {
                return Err(Error::file(
                    &path,
                    format!("it ends at generation {rows}, the checkpoint at {generation}"),
                ));
            }
        }
        write(&path, text.as_bytes())?;
        let file = fs::OpenOptions::new().append(true).open(&path).map_err(|e| Error::file(&path, e))?;
        Ok(History { path, file, generation })
    }
}

/// `history.csv`, open for more: one row a generation.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    file: fs::File,
    generation: u32,
}

impl History {
    /// Appends records, in order.
    ///
    /// # Errors
    /// [`Error::File`] when the disk is full, say.
    pub fn append(&mut self, records: &[Record]) -> Result<()> {
        let mut text = String::new();
        for record in records {
            self.generation += 1;
            let Record { best, lowest, mean, share, norm } = record;
            let norm = if *norm > 0.0 { norm.to_string() } else { String::new() };
            text.push_str(&format!("{},{best},{lowest},{mean},{share},{norm}\n", self.generation));
        }
        self.file.write_all(text.as_bytes()).map_err(|e| Error::file(&self.path, e))
    }

    /// Makes sure that all rows are on disk.
    ///
    /// # Errors
    /// [`Error::File`] when they cannot be.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|e| Error::file(&self.path, e))
    }

    /// Best and mean fitness of every generation, as written, and the mean norm of gradients where it was measured.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read.
    pub fn curves(&self) -> Result<[Vec<(f64, f64)>; 3]> {
        let text = fs::read_to_string(&self.path).map_err(|e| Error::file(&self.path, e))?;
        let mut curves = [Vec::new(), Vec::new(), Vec::new()];
        for line in text.lines().skip(1) {
            let values: Vec<f64> = line.split(',').filter_map(|cell| cell.parse().ok()).collect();
            if let [generation, best, _, mean, share, ref norm @ ..] = values[..] {
                curves[2].extend(norm.first().map(|norm| (generation, *norm)));
                curves[0].push((generation, best));
                if share > 0.0 {
                    curves[1].push((generation, mean));
                }
            }
        }
        Ok(curves)
    }
}
