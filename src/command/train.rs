//! `gradless train`

use std::path::Path;

use anyhow::{Context as _, Result};
use gradless::Error;
use gradless::config::{Config, PROBLEM};
use gradless::data;
use gradless::folder::{self, Folder};
use gradless::gpu::Gpu;
use gradless::model::Model;
use gradless::optimizer::search::PREFIX;
use gradless::plot::{Regions, Tile, confusion, decision_regions, tiles};
use gradless::problem::Problem;
use gradless::run::Run;
use gradless::training::{Members, Training};
use serde_json::json;

use super::course::{self, Course};
use super::dry_run;
use super::eval::model_file;
use super::exercise;
use crate::cli::Train;

pub(super) fn run(arguments: &Train) -> Result<()> {
    if arguments.search.help_settings {
        let problem = arguments.data.as_deref().and_then(Problem::find);
        return match problem.filter(|_| arguments.search.optimizer.is_none()) {
            Some(problem) => exercise::print_settings(problem),
            None => super::print_settings(&arguments.search),
        };
    }
    let mut config = described(arguments)?;
    config.check()?;
    if Problem::find(&config.data).is_some() {
        return exercise::run(arguments, config);
    }
    let dataset = data::load(&config.data, &config.data_options())?;
    for note in &dataset.notes {
        eprintln!("note: {note}");
    }
    let mut training = Training::new(&config, &dataset)?;
    begin(&config, arguments.resume.as_deref(), &mut training)?;
    config.settle(dataset.train.rows);
    let gpu = super::open(config.device.as_deref(), arguments.device.profile, arguments.device.no_tuning)?;
    if arguments.dry_run {
        let parameters = training.network.architecture.parameters();
        let described = super::report::described(&gpu, &training.config, training.optimizer.as_ref(), parameters);
        return dry_run::run(arguments, &gpu, &training.builder(&gpu), described);
    }
    let mut run = training.start(&gpu)?;

    // Nothing is written before everything that can be wrong has been looked at.
    resolve(&mut config, &training.optimizer.settings())?;
    let fingerprint = dataset.raw.fingerprint();
    let stem = format!("{}-{}", plain(&dataset.name), config.optimizer);
    let folder = course::folder(arguments, &config, &stem, &mut run, fingerprint)?;
    if arguments.resume.is_none() {
        dataset.save_test(&folder.file("test.csv"))?;
    }
    let mut course = Course::new(&training.config, folder, &run, fingerprint)?;
    course.advance(&mut run, &|run, folder| Ok(training.model(run)?.save(&folder.file("model.safetensors"))?))?;
    let saved = Saved { gpu: &gpu, training: &training, course };
    let report = saved.finish(&mut run)?;
    super::print_profile(&gpu);
    if arguments.output.json {
        say!("{report}");
    } else {
        print(&report)?;
    }
    Ok(())
}

/// Defaults, then the file, then the flags.
fn described(arguments: &Train) -> Result<Config> {
    let search = &arguments.search;
    let problem = arguments.data.as_deref().and_then(Problem::find);
    let mut config = match (&arguments.config, &arguments.resume) {
        (Some(path), _) => Config::read(path)?,
        (None, Some(path)) => {
            refuse_beside_resume(arguments)?;
            Config::read(&Folder::open(path)?.file("config.toml"))?
        }
        (None, None) => problem.map_or_else(Config::default, Problem::usual),
    };
    macro_rules! take {
        ($($field:ident = $value:expr),* $(,)?) => { $(if let Some(value) = $value { config.$field = value; })* };
    }
    take!(
        data = arguments.data.clone(),
        missing = arguments.rows.missing.map(Into::into),
        test = arguments.rows.test,
        validation = arguments.validation,
        model = arguments.network.model.clone(),
        activation = arguments.network.activation,
        loss = arguments.network.loss.clone(),
        optimizer = search.optimizer.clone(),
        search = search.search.clone(),
        seed = search.seed,
        checkpoint = arguments.checkpoint,
    );
    config.start = arguments.start.as_ref().map(|path| path.to_string_lossy().into_owned()).or(config.start);
    config.label = arguments.rows.label.clone().or(config.label);
    config.header = arguments.rows.header.or(config.header);
    config.size = arguments.rows.size.or(config.size);
    config.task = arguments.network.task.or(config.task);
    if arguments.network.loss.is_none() && arguments.config.is_none() && arguments.resume.is_none() && problem.is_none()
    {
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
    // Settings of a file, or of a problem, belong to its optimizer and search.
    let given = arguments.config.is_some() || problem.is_some();
    if search.optimizer.is_some() && given {
        config.settings.retain(|key, _| key.starts_with(PREFIX) || key.starts_with(PROBLEM));
        config.population = search.population.or(config.population.filter(|_| arguments.config.is_some()));
    }
    if search.search.is_some() && given {
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
        ("label", arguments.rows.label.is_some()),
        ("header", arguments.rows.header.is_some()),
        ("missing", arguments.rows.missing.is_some()),
        ("size", arguments.rows.size.is_some()),
        ("test", arguments.rows.test.is_some()),
        ("validation", arguments.validation.is_some()),
        ("model", arguments.network.model.is_some()),
        ("activation", arguments.network.activation.is_some()),
        ("loss", arguments.network.loss.is_some()),
        ("task", arguments.network.task.is_some()),
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

/// What was learned from, for the first line of a report.
pub(super) fn rows(data: &serde_json::Value) -> String {
    let name = data["name"].as_str().unwrap_or_default();
    let (train, test, features) = (&data["train_rows"], &data["test_rows"], &data["features"]);
    match (Problem::find(name), &data["classes"]) {
        (Some(_), classes) if classes == 0 => {
            format!("{name} · {train} observations of {features} components, {test} others to test")
        }
        (Some(_), _) => format!("{name} · {train} trials a generation, {test} others to test"),
        (None, classes) => {
            let labels = if classes == 0 { "a regression".into() } else { format!("{classes} classes") };
            format!("{name} · {train} rows to train, {test} to test · {features} features · {labels}")
        }
    }
}

/// A name fit for a folder.
pub(super) fn plain(name: &str) -> String {
    let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
    let plain: String = stem.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).take(40).collect();
    if plain.is_empty() { "data".into() } else { plain }
}

/// A training that was kept in a folder.
struct Saved<'a> {
    gpu: &'a Gpu,
    training: &'a Training<'a>,
    course: Course<'a>,
}

impl Saved<'_> {
    /// Scores the best network, draws the pictures, writes and returns the report.
    fn finish(&self, run: &mut Run) -> Result<serde_json::Value> {
        let outcome = self.training.outcome(self.gpu, run)?;
        // Of several networks, or with batches, the one that is scored need not be the best one on the way.
        outcome.model.save(&self.course.folder.file("model.safetensors"))?;
        self.pictures(&outcome.model)?;
        let mut report = super::report::training(self.gpu, self.training, &outcome);
        report["out"] = json!(self.course.folder.path());
        if let Some(members) = &outcome.members {
            folder::write(
                &self.course.folder.file("members.csv"),
                &members_csv(members, self.training.dataset.is_regression())?,
            )?;
        }
        let text = serde_json::to_string_pretty(&report)?;
        folder::write(&self.course.folder.file("report.json"), text.as_bytes())?;
        Ok(report)
    }

    fn pictures(&self, model: &Model) -> Result<()> {
        let Training { config, dataset, .. } = self.training;
        self.course.picture(&format!("{}: {} on {}", dataset.name, config.optimizer, config.model))?;
        if !dataset.is_regression() {
            self.mistakes(model)?;
        }
        self.filters(model)?;
        if dataset.train.width == 2 && dataset.feature_names.len() == 2 && !dataset.is_regression() {
            self.regions(model)?;
        }
        Ok(())
    }

    /// What held-out rows (or, where there are none, those learned from) are taken for; of pictures the worst mistakes.
    fn mistakes(&self, model: &Model) -> Result<()> {
        const MOST_CLASSES: usize = 40;
        const MISTAKES: usize = 24;
        let dataset = self.training.dataset;
        let rows = if dataset.test.rows > 0 { &dataset.test } else { &dataset.train };
        let classes = dataset.classes.len();
        let logits = model.logits(self.gpu, &rows.features)?;
        let predicted = gradless::metrics::largest(&logits, classes);
        if classes <= MOST_CLASSES {
            let mut counts = vec![vec![0u64; classes]; classes];
            for (label, said) in rows.labels.iter().zip(&predicted) {
                counts[*label as usize][*said as usize] += 1;
            }
            let what = if dataset.test.rows > 0 { "test" } else { "training" };
            let title = format!("{}: {} {what} rows", dataset.name, rows.rows);
            confusion(&title, &dataset.classes, &counts, &self.course.folder.file("confusion"))?;
        }
        let Some(pixels) = &dataset.encoder.pixels else { return Ok(()) };
        let surely = |row: usize| {
            let of = |class: u32| logits[row * classes + class as usize];
            of(predicted[row]) - of(rows.labels[row])
        };
        let mut wrong: Vec<usize> = (0..rows.rows).filter(|row| predicted[*row] != rows.labels[*row]).collect();
        wrong.sort_by(|a, b| surely(*b).total_cmp(&surely(*a)).then(a.cmp(b)));
        let tile = |row: &usize| {
            let values = &rows.features[row * rows.width..][..rows.width];
            let name = |class: u32| &dataset.classes[class as usize];
            let caption = format!("{} → {}", name(rows.labels[*row]), name(predicted[*row]));
            let range = ((0.0 - pixels.mean) / pixels.sd, (255.0 - pixels.mean) / pixels.sd);
            Tile::of(values, [pixels.height, pixels.width], (range.0 as f32, range.1 as f32), caption)
        };
        let all = wrong.iter().take(MISTAKES).map(tile).collect::<gradless::Result<Vec<_>>>()?;
        let title = format!("{}: the surest of {} mistakes", dataset.name, wrong.len());
        Ok(tiles(&title, &all, &self.course.folder.file("mistakes"))?)
    }

    /// The filters of the first layer, where that is a convolution; grey is 0.
    fn filters(&self, model: &Model) -> Result<()> {
        const MOST: usize = 64;
        let Some((_, shape, values)) = model.architecture.tensors(&model.weights).into_iter().next() else {
            return Ok(());
        };
        let [filters, _, height, width] = shape[..] else { return Ok(()) };
        let reach = values.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
        let tile = |values| Tile::of(values, [height, width], (-reach, reach), String::new());
        let all = values.chunks(values.len() / filters).take(MOST).map(tile).collect::<gradless::Result<Vec<_>>>()?;
        Ok(tiles(&format!("{filters} filters of the first layer"), &all, &self.course.folder.file("filters"))?)
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
        Ok(decision_regions(&regions, &self.course.folder.file("regions"))?)
    }
}

/// The report for people.
pub(super) fn print(report: &serde_json::Value) -> Result<()> {
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or_default();
    say!("{}", rows(&report["data"]));
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
    let numbers = report["data"]["classes"] == 0;
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
    say!("stopped by {} · {}", report["stop"].as_str().unwrap_or_default(), report["out"].as_str().unwrap_or_default());
    Ok(())
}
