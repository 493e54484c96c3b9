//! `gradless train`

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use gradless::Error;
use gradless::config::Config;
use gradless::data;
use gradless::folder::{self, Folder, History};
use gradless::gpu::Gpu;
use gradless::model::Model;
use gradless::objective::network::Loss;
use gradless::optimizer::search::PREFIX;
use gradless::plot::{Curve, Regions, Series, decision_regions, loss_curve};
use gradless::run::{Run, Stop};
use gradless::training::{Members, Pace, Training};
use serde_json::json;

use super::eval::model_file;
use super::progress::{Progress, interrupted, watch_interrupts};
use crate::cli::Train;

pub(super) fn run(arguments: &Train) -> Result<()> {
    if arguments.search.help_settings {
        return super::print_settings(&arguments.search);
    }
    let mut config = described(arguments)?;
    config.check()?;
    let dataset = data::load(&config.data, &config.data_options())?;
    for note in &dataset.notes {
        eprintln!("note: {note}");
    }
    let mut training = Training::new(&config, &dataset)?;
    begin(&config, arguments.resume.as_deref(), &mut training)?;
    config.settle(dataset.train.rows);
    let gpu = super::open(config.device.as_deref(), arguments.device.profile)?;
    let mut run = training.start(&gpu)?;

    // Nothing is written before everything that can be wrong has been looked at.
    resolve(&mut config, &training.optimizer.settings())?;
    let fingerprint = dataset.raw.fingerprint();
    let folder = match (&arguments.resume, &arguments.out) {
        (Some(path), _) => {
            let folder = Folder::open(path)?;
            if let Some(snapshot) = folder.checkpoint(fingerprint)? {
                run.restore(&snapshot).with_context(|| folder.file("checkpoint.safetensors").display().to_string())?;
            }
            folder::write(&folder.file("config.toml"), config.to_toml()?.as_bytes())?;
            folder
        }
        (None, Some(path)) => Folder::create(path, &config.to_toml()?)?,
        (None, None) => {
            let stem = format!("{}-{}", plain(&dataset.name), config.optimizer);
            Folder::create_numbered(Path::new("runs"), &stem, &config.to_toml()?)?
        }
    };
    if arguments.resume.is_none() {
        dataset.save_test(&folder.file("test.csv"))?;
    }
    let history = folder.history(run.report().generation)?;
    let mut saved = Saved { gpu: &gpu, training: &training, folder, history };
    saved.advance(&mut run, fingerprint)?;
    let report = saved.finish(&mut run)?;
    super::print_profile(&gpu);
    if arguments.output.json {
        say!("{report}");
    } else {
        saved.print(&report)?;
    }
    Ok(())
}

/// Defaults, then the file, then the flags.
fn described(arguments: &Train) -> Result<Config> {
    let search = &arguments.search;
    let mut config = match (&arguments.config, &arguments.resume) {
        (Some(path), _) => Config::read(path)?,
        (None, Some(path)) => {
            refuse_beside_resume(arguments)?;
            Config::read(&Folder::open(path)?.file("config.toml"))?
        }
        (None, None) => Config::default(),
    };
    macro_rules! take {
        ($($field:ident = $value:expr),* $(,)?) => { $(if let Some(value) = $value { config.$field = value; })* };
    }
    take!(
        data = arguments.data.clone(),
        missing = arguments.missing.map(Into::into),
        test = arguments.test,
        validation = arguments.validation,
        model = arguments.model.clone(),
        activation = arguments.activation,
        loss = arguments.loss.clone(),
        optimizer = search.optimizer.clone(),
        search = search.search.clone(),
        seed = search.seed,
        checkpoint = arguments.checkpoint,
    );
    config.start = arguments.start.as_ref().map(|path| path.to_string_lossy().into_owned()).or(config.start);
    config.label = arguments.label.clone().or(config.label);
    config.header = arguments.header.or(config.header);
    config.task = arguments.task.or(config.task);
    if arguments.loss.is_none() && arguments.config.is_none() && arguments.resume.is_none() {
        config.loss = config.default_loss();
    }
    config.population = search.population.or(config.population);
    config.generations = search.generations.or(config.generations);
    if search.epochs.is_some() {
        (config.epochs, config.generations) = (search.epochs, search.generations);
    } else if search.generations.is_some() {
        config.epochs = None;
    }
    config.evaluations = search.evaluations.or(config.evaluations);
    config.seconds = search.seconds.or(config.seconds);
    config.target = search.target.or(config.target);
    config.device = arguments.device.device.clone().or(config.device);
    if let Some(batch) = &arguments.batch {
        config.batch = batch_rows(batch)?;
    }
    // Settings of a file belong to the file's optimizer and search.
    if search.optimizer.is_some() && arguments.config.is_some() {
        config.settings.retain(|key, _| key.starts_with(PREFIX));
    }
    if search.search.is_some() && arguments.config.is_some() {
        config.settings.retain(|key, _| !key.starts_with(PREFIX));
    }
    if let Some(update) = &arguments.update {
        config.settings.insert("update".into(), toml::Value::String(update.clone()));
    }
    for (key, value) in &search.settings {
        let whole = value.parse().map(toml::Value::Integer);
        let number = whole.or_else(|_| value.parse().map(toml::Value::Float));
        config.settings.insert(key.clone(), number.unwrap_or_else(|_| toml::Value::String(value.clone())));
    }
    if config.data.is_empty() {
        return Err(Error::setting("data", "", "name a built-in set, a file or a folder: gradless train iris").into());
    }
    Ok(config)
}

/// Begins with a saved network where one is named. A run that goes on from a checkpoint has begun already.
fn begin(config: &Config, resumed: Option<&Path>, training: &mut Training) -> Result<()> {
    let Some(start) = &config.start else { return Ok(()) };
    if resumed.is_some_and(|folder| folder.join("checkpoint.safetensors").exists()) {
        return Ok(());
    }
    let file = model_file(Path::new(start));
    if !file.exists() {
        let remedy = "no saved network there: give the folder of a run, or its model.safetensors";
        return Err(Error::setting("start", start, remedy).into());
    }
    let model = Model::load(&file)?;
    training.begin_with(&model).with_context(|| file.display().to_string())?;
    if model.encoder.classes != training.dataset.encoder.classes {
        eprintln!("note: {} was trained on other classes", file.display());
    }
    Ok(())
}

/// Rows of a batch; none for all.
pub(super) fn batch_rows(text: &str) -> Result<Option<u32>> {
    match (text, text.parse()) {
        ("full", _) => Ok(None),
        (_, Ok(rows)) => Ok(Some(rows)),
        _ => Err(Error::setting("batch", text, "give a number of rows, or full").into()),
    }
}

/// What a run is cannot change while it goes on; what ends it can.
fn refuse_beside_resume(arguments: &Train) -> Result<()> {
    let search = &arguments.search;
    let given = [
        ("label", arguments.label.is_some()),
        ("header", arguments.header.is_some()),
        ("missing", arguments.missing.is_some()),
        ("test", arguments.test.is_some()),
        ("validation", arguments.validation.is_some()),
        ("model", arguments.model.is_some()),
        ("activation", arguments.activation.is_some()),
        ("loss", arguments.loss.is_some()),
        ("task", arguments.task.is_some()),
        ("search", search.search.is_some()),
        ("optimizer", search.optimizer.is_some()),
        ("setting", !search.settings.is_empty()),
        ("update", arguments.update.is_some()),
        ("population", search.population.is_some()),
        ("seed", search.seed.is_some()),
        ("batch", arguments.batch.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => {
            let remedy = "beside --resume only --generations, --epochs, --evaluations, --seconds, --target, --checkpoint, \
                          --device and --json may be given";
            Err(Error::setting(*name, "given", remedy).into())
        }
        None => Ok(()),
    }
}

/// Fills in what was left to defaults, so that the saved file says it all.
pub(super) fn resolve(config: &mut Config, settings: &serde_json::Value) -> Result<()> {
    for place in std::iter::once(&mut config.data).chain(&mut config.start) {
        let path = Path::new(&*place);
        if path.exists() {
            let whole = path.canonicalize().map_err(|e| Error::file(path, e))?;
            *place = whole.to_string_lossy().into_owned();
        }
    }
    if config.evaluations.is_none() && config.seconds.is_none() && config.epochs.is_none() {
        config.generations.get_or_insert(Config::GENERATIONS);
    }
    config.population = Some(config.members());
    for (key, value) in settings.as_object().into_iter().flatten() {
        if let Ok(value) = toml::Value::try_from(value) {
            config.settings.insert(key.clone(), value);
        }
    }
    Ok(())
}

/// Every member's settings and scores.
fn members_csv(members: &Members, numbers: bool) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["member"];
    header.extend(members.all.iter().take(1).flat_map(|member| member.settings.iter().map(|(name, _)| *name)));
    header.push("train_loss");
    header.extend(if numbers { ["train_mse", "test_mse"] } else { ["train_accuracy", "test_accuracy"] });
    writer.write_record(header)?;
    for (number, member) in members.all.iter().enumerate() {
        let mut record = vec![number.to_string()];
        record.extend(member.settings.iter().map(|(_, value)| value.to_string()));
        record.extend([member.train_loss.to_string(), member.train.to_string()]);
        record.push(member.test.map_or(String::new(), |value| value.to_string()));
        writer.write_record(record)?;
    }
    Ok(writer.into_inner()?)
}

/// What labels are, for the first line of a report.
pub(super) fn labels(data: &serde_json::Value) -> String {
    if data["classes"] == 0 { "a regression".into() } else { format!("{} classes", data["classes"]) }
}

/// A name fit for a folder.
pub(super) fn plain(name: &str) -> String {
    let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
    let plain: String = stem.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).take(40).collect();
    if plain.is_empty() { "data".into() } else { plain }
}

/// A training whose every step is kept in a folder.
struct Saved<'a> {
    gpu: &'a Gpu,
    training: &'a Training<'a>,
    folder: Folder,
    history: History,
}

impl Saved<'_> {
    /// Runs to the end, saving as it goes.
    fn advance(&mut self, run: &mut Run, fingerprint: u64) -> Result<()> {
        watch_interrupts();
        let config = &self.training.config;
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
                self.save(run, &snapshot, fingerprint)?;
                saved = Instant::now();
            }
        }
        let snapshot = run.snapshot()?;
        self.history.append(&run.report().history[written..])?;
        self.save(run, &snapshot, fingerprint)?;
        progress.finish();
        Ok(())
    }

    /// History first: a checkpoint never lies ahead of it.
    fn save(&mut self, run: &mut Run, snapshot: &gradless::run::Snapshot, fingerprint: u64) -> Result<()> {
        self.history.sync()?;
        self.folder.save_checkpoint(snapshot, fingerprint)?;
        self.training.model(run)?.save(&self.folder.file("model.safetensors"))?;
        Ok(())
    }

    /// Scores the best network, draws the pictures, writes and returns the report.
    fn finish(&self, run: &mut Run) -> Result<serde_json::Value> {
        let outcome = self.training.outcome(self.gpu, run)?;
        // Of several networks, or with batches, the one that is scored need not be the best one on the way.
        outcome.model.save(&self.folder.file("model.safetensors"))?;
        self.pictures(&outcome.model)?;
        let mut report = super::report::training(self.gpu, self.training, &outcome);
        report["out"] = json!(self.folder.path());
        if let Some(members) = &outcome.members {
            folder::write(
                &self.folder.file("members.csv"),
                &members_csv(members, self.training.dataset.is_regression())?,
            )?;
        }
        let text = serde_json::to_string_pretty(&report)?;
        folder::write(&self.folder.file("report.json"), text.as_bytes())?;
        Ok(report)
    }

    fn pictures(&self, model: &Model) -> Result<()> {
        let Training { config, dataset, .. } = self.training;
        let [best, mean] = self.history.curves()?;
        let title = format!("{}: {} on {}", dataset.name, config.optimizer, config.model);
        let series = [Series { name: "best", points: &best }, Series { name: "mean", points: &mean }];
        let y_label = match &config.loss {
            Loss::Own(_) => "own loss".into(),
            loss => format!("{loss} loss"),
        };
        let curve = Curve { title: &title, x_label: "generation", y_label: &y_label, series: &series };
        loss_curve(&curve, &self.folder.file("loss"))?;
        if dataset.train.width == 2 && dataset.feature_names.len() == 2 && !dataset.is_regression() {
            self.regions(model)?;
        }
        Ok(())
    }

    /// The plane of two features with the class predicted everywhere, in standard deviations.
    fn regions(&self, model: &Model) -> Result<()> {
        const RESOLUTION: u32 = 120;
        let dataset = self.training.dataset;
        let train = &dataset.train;
        let range = |axis: usize| {
            let values = train.features.iter().skip(axis).step_by(2).copied();
            let (low, high) = values.fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
            let margin = 0.08 * (high - low).max(0.1);
            (low - margin, high + margin)
        };
        let (x, y) = (range(0), range(1));
        let place = |(low, high): (f32, f32), i: u32| low + (high - low) * (i as f32 + 0.5) / RESOLUTION as f32;
        let grid: Vec<f32> =
            (0..RESOLUTION).flat_map(|j| (0..RESOLUTION).flat_map(move |i| [place(x, i), place(y, j)])).collect();
        let classes = gradless::metrics::largest(&model.logits(self.gpu, &grid)?, dataset.classes.len());
        let points: Vec<_> =
            train.features.chunks_exact(2).zip(&train.labels).map(|(p, label)| (p[0], p[1], *label)).collect();
        let name = |axis: usize| format!("{} (standardized)", dataset.feature_names[axis]);
        let title = format!("{}: what the network predicts", dataset.name);
        let regions = Regions {
            title: &title,
            x_label: &name(0),
            y_label: &name(1),
            x,
            y,
            resolution: RESOLUTION,
            classes: &classes,
            class_names: &dataset.classes,
            points: &points,
        };
        Ok(decision_regions(&regions, &self.folder.file("regions"))?)
    }

    /// The report for people.
    fn print(&self, report: &serde_json::Value) -> Result<()> {
        let number = |value: &serde_json::Value| value.as_f64().unwrap_or_default();
        say!(
            "{} · {} rows to train, {} to test · {} features · {}",
            report["data"]["name"].as_str().unwrap_or_default(),
            report["data"]["train_rows"],
            report["data"]["test_rows"],
            report["data"]["features"],
            labels(&report["data"]),
        );
        say!(
            "{} ({} weights) · {} · population {} · {} generations, {} evaluations in {:.2} s",
            report["model"]["name"].as_str().unwrap_or_default(),
            report["model"]["parameters"],
            report["optimizer"]["name"].as_str().unwrap_or_default(),
            report["population"],
            report["generations"],
            report["evaluations"],
            number(&report["seconds"]),
        );
        let numbers = self.training.dataset.is_regression();
        let columns: &[&str] =
            if numbers { &["loss", "mse", "mae", "r2"] } else { &["loss", "accuracy", "precision", "recall", "f1"] };
        let mut table = super::table(&[&[""], columns].concat());
        for part in ["train", "test"] {
            if report[part].is_object() {
                let cell = |name: &&str| report[part][name].as_f64().map_or(String::new(), |v| format!("{v:.4}"));
                table.add_row(std::iter::once(part.to_string()).chain(columns.iter().map(cell)));
            }
        }
        say!("{table}");
        if let Some(members) = report["members"].as_object() {
            let spread = |name: &str, digits: usize| {
                let of = |key: &str| number(&members[name][key]);
                format!("{:.digits$} ± {:.digits$}", of("mean"), of("sd"))
            };
            let key = if numbers { "test_mse" } else { "test_accuracy" };
            let test = if members[key].is_null() {
                String::new()
            } else {
                format!(", {} {}", key.replace('_', " "), spread(key, 4))
            };
            say!(
                "{} networks at once: train loss {}{test} (mean ± sd); above, number {}, of the lowest train loss; all in \
                 members.csv",
                members["count"],
                spread("train_loss", 4),
                members["chosen"],
            );
        }
        say!("stopped by {} · {}", report["stop"].as_str().unwrap_or_default(), self.folder.path().display());
        Ok(())
    }
}
