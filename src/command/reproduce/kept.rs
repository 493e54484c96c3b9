//! The folder of an experiment: its description, and the runs of earlier times and of this one, in `runs.jsonl`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use gradless::Error;
use gradless::comparison::Measured;
use gradless::folder;
use gradless::reach::Reached;
use serde::Deserialize as _;
use serde_json::{Value, json};

/// Case, method, seed.
pub(super) type Key = (String, String, u64);

/// Runs by case, method and seed; the last one of a key counts.
pub(super) struct Kept {
    pub(super) path: PathBuf,
    runs: BTreeMap<Key, Value>,
    /// When the tables were written last.
    pub(super) written: Instant,
}

impl Kept {
    /// Opens the folder of an experiment, or makes it.
    pub(super) fn open(path: &Path, text: &str) -> Result<Self> {
        let (described, runs) = (path.join("experiment.toml"), path.join("runs.jsonl"));
        let empty = path.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        if path.exists() && !empty && !described.is_file() {
            let cause = "not the folder of an experiment: it has no experiment.toml; choose another --out";
            return Err(Error::file(path, cause).into());
        }
        std::fs::create_dir_all(path).map_err(|e| Error::file(path, e))?;
        folder::write(&described, text.as_bytes())?;
        let mut kept = Self { path: path.into(), runs: BTreeMap::new(), written: Instant::now() };
        if !runs.exists() {
            return Ok(kept);
        }
        let lines = std::fs::read_to_string(&runs).map_err(|e| Error::file(&runs, e))?;
        for (number, line) in lines.lines().enumerate() {
            let record: Option<(Key, Value)> = serde_json::from_str::<Value>(line).ok().and_then(|record| {
                let trained = Measured::deserialize(&record).map(|run| (run.method, run.seed));
                let reached = || Reached::deserialize(&record).map(|run| (run.method, run.seed));
                let (method, seed) = trained.or_else(|_| reached()).ok()?;
                Some(((record["case"].as_str()?.into(), method, seed), record))
            });
            match record {
                Some((key, record)) => drop(kept.runs.insert(key, record)),
                None => eprintln!("note: {}, line {}: not a run, left out", runs.display(), number + 1),
            }
        }
        // Runs are appended as they come: so the file must end with a whole line, and holds each run once from here on.
        let whole: String = kept.runs.values().map(|record| format!("{record}\n")).collect();
        if whole != lines {
            folder::write(&runs, whole.as_bytes())?;
        }
        Ok(kept)
    }

    pub(super) fn find(&self, key: &Key, version: &str) -> Option<&Value> {
        self.runs.get(key).filter(|record| record["version_of_run"] == version)
    }

    /// Keeps runs of one version, with one write of whole lines: what a crash leaves of it costs these runs alone.
    pub(super) fn add(&mut self, version: &str, mut records: Vec<(Key, Value)>) -> Result<()> {
        let mut lines = String::new();
        for (key, record) in &mut records {
            record["case"] = json!(key.0);
            record["version_of_run"] = json!(version);
            writeln!(lines, "{record}")?;
        }
        let path = self.path.join("runs.jsonl");
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(lines.as_bytes()).and_then(|()| file.sync_data()));
        written.map_err(|e| Error::file(&path, e))?;
        self.runs.extend(records);
        Ok(())
    }
}
