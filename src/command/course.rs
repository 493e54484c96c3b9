//! A run whose every step is kept in a folder: history, checkpoints, the best weights so far.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use gradless::config::Config;
use gradless::folder::{self, Folder, History};
use gradless::objective::network::Loss;
use gradless::plot::{Curve, Series, loss_curve};
use gradless::run::{Run, Snapshot, Stop};
use gradless::training::Pace;

use super::progress::{Progress, interrupted, watch_interrupts};
use crate::cli::Train;

/// The folder of a run: the one that is resumed, with the run back where it was, or a new one.
pub(super) fn folder(
    arguments: &Train,
    config: &Config,
    stem: &str,
    run: &mut Run,
    fingerprint: u64,
) -> Result<Folder> {
    match (&arguments.resume, &arguments.out) {
        (Some(path), _) => {
            let folder = Folder::open(path)?;
            if let Some(snapshot) = folder.checkpoint(fingerprint)? {
                run.restore(&snapshot).with_context(|| folder.file("checkpoint.safetensors").display().to_string())?;
            }
            folder::write(&folder.file("config.toml"), config.to_toml()?.as_bytes())?;
            Ok(folder)
        }
        (None, Some(path)) => Ok(Folder::create(path, &config.to_toml()?)?),
        (None, None) => Ok(Folder::create_numbered(Path::new("runs"), stem, &config.to_toml()?)?),
    }
}

/// Writes what a run came to so far.
type Save<'a> = &'a dyn Fn(&mut Run, &Folder) -> Result<()>;

/// A run under way.
pub(super) struct Course<'a> {
    config: &'a Config,
    pub(super) folder: Folder,
    history: History,
    fingerprint: u64,
}

impl<'a> Course<'a> {
    pub(super) fn new(config: &'a Config, folder: Folder, run: &Run, fingerprint: u64) -> Result<Self> {
        let history = folder.history(run.report().generation)?;
        Ok(Self { config, folder, history, fingerprint })
    }

    /// Runs to the end, saving as it goes; `save` writes the weights.
    pub(super) fn advance(&mut self, run: &mut Run, save: Save) -> Result<()> {
        watch_interrupts();
        let config = self.config;
        let timed = config.seconds;
        let (limit, _) = config.span();
        let progress = Progress::new(limit.min(run.limit()), timed, run.report().generation);
        let mut saved = Instant::now();
        let mut pace = Pace::new(config);
        let mut written = 0;
        while run.report().stop.is_none() {
            run.step()?;
            pace.keep(run)?;
            self.history.append(&run.report().history[written..])?;
            written = run.report().history.len();
            progress.show(run.report(), run.evaluations_per_generation(), limit == u32::MAX && timed.is_some());
            if run.report().stop.is_none() && interrupted() {
                run.interrupt(Stop::Interrupted)?;
            } else if run.report().stop.is_none() && timed.is_some_and(|s| run.report().seconds >= s) {
                run.interrupt(Stop::Seconds)?;
            } else if saved.elapsed().as_secs_f64() >= config.checkpoint && run.report().stop.is_none() {
                let snapshot = run.snapshot()?;
                self.history.append(&run.report().history[written..])?;
                written = run.report().history.len();
                self.save(run, &snapshot, save)?;
                saved = Instant::now();
            }
        }
        let snapshot = run.snapshot()?;
        self.history.append(&run.report().history[written..])?;
        self.save(run, &snapshot, save)?;
        progress.finish();
        Ok(())
    }

    /// History first: a checkpoint never lies ahead of it.
    fn save(&mut self, run: &mut Run, snapshot: &Snapshot, save: Save) -> Result<()> {
        self.history.sync()?;
        self.folder.save_checkpoint(snapshot, self.fingerprint)?;
        save(run, &self.folder)
    }

    /// Draws how the loss fell.
    pub(super) fn picture(&self, title: &str) -> Result<()> {
        let [best, mean, norms] = self.history.curves()?;
        let series = [Series { name: "best", points: &best }, Series { name: "mean", points: &mean }];
        let y_label = match &self.config.loss {
            Loss::Own(_) => "own loss".into(),
            loss => format!("{loss} loss"),
        };
        let curve = Curve { title, x_label: "generation", y_label: &y_label, series: &series };
        loss_curve(&curve, &self.folder.file("loss"))?;
        if !norms.is_empty() {
            let series = [Series { name: "gradient", points: &norms }];
            let curve = Curve { title, x_label: "generation", y_label: "norm of the gradient", series: &series };
            loss_curve(&curve, &self.folder.file("gradient"))?;
        }
        Ok(())
    }
}
