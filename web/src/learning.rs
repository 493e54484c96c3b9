//! One training on points in a plane: bound as the program binds it, advanced and looked at as frames go by.

use std::collections::BTreeMap;

use gradless::Result;
use gradless::config::Config;
use gradless::gpu::Gpu;
use gradless::metrics::{largest, scores};
use gradless::objective::network::{Answers, Network};
use gradless::optimizer::search;
use gradless::population::Objective;
use gradless::run::Run;
use serde::{Deserialize, Serialize};

use crate::plane::Plane;

/// What the controls say.
#[derive(Deserialize)]
pub(crate) struct Settings {
    /// `moons`, `circles`, `spirals`, `xor`, `blobs` or `iris`.
    data: String,
    /// As of the command line: `mlp:8`.
    model: String,
    /// What is searched at a time.
    search: String,
    optimizer: String,
    /// Of the optimizer, as text.
    settings: BTreeMap<String, String>,
    population: u32,
    generations: u32,
    seed: u32,
}

/// What stays as it is while a network learns.
#[derive(Serialize)]
pub(crate) struct Scene {
    /// Lowest and highest place to the right and upwards.
    bounds: [[f32; 2]; 2],
    /// What is to the right and what upwards.
    axes: [String; 2],
    classes: Vec<String>,
    /// Cells along each side of the plane.
    side: usize,
    parameters: u32,
    generations: u32,
}

/// How far it has come.
#[derive(Serialize)]
pub(crate) struct Progress {
    generation: u32,
    evaluations: u64,
    seconds: f64,
    done: bool,
    best: f32,
    /// Best so far and mean of each generation since the last call.
    records: Vec<[f32; 2]>,
}

/// Shares of the points whose class is told rightly.
#[derive(Serialize)]
pub(crate) struct Accuracies {
    train: f64,
    test: f64,
}

pub(crate) struct Learning {
    plane: Plane,
    run: Run,
    /// The network on all points, and on the cells of the plane.
    on_points: Answers,
    on_cells: Answers,
    parameters: u32,
    regions: Vec<f32>,
}

impl Learning {
    pub(crate) fn start(gpu: &Gpu, settings: &Settings) -> Result<Self> {
        let plane = Plane::load(&settings.data, settings.seed.into())?;
        let config = Config { model: settings.model.clone(), ..Config::default() };
        let architecture = config.architecture(2, plane.classes.len() as u32)?;
        let network = Network::new(architecture.clone(), &plane.train.features, &plane.train.labels)?;
        let optimizer = search::build(&settings.search, &settings.optimizer, &settings.settings)?;
        let run = Run::new(gpu, &network, optimizer.as_ref())
            .members(settings.population)
            .generations(settings.generations)
            .seed(settings.seed.into())
            .start()?;
        // Labels count for nothing where only outputs are asked for.
        let answers =
            |features: &[f32]| Network::new(architecture.clone(), features, &vec![0; features.len() / 2])?.answers(gpu);
        let (on_points, on_cells) = (answers(&plane.features())?, answers(&plane.cells())?);
        let parameters = network.dims();
        Ok(Self { plane, run, on_points, on_cells, parameters, regions: Vec::new() })
    }

    pub(crate) fn scene(&self) -> Scene {
        Scene {
            bounds: self.plane.bounds,
            axes: self.plane.axes.clone(),
            classes: self.plane.classes.clone(),
            side: Plane::SIDE,
            parameters: self.parameters,
            generations: self.run.limit(),
        }
    }

    pub(crate) fn points(&self) -> Vec<f32> {
        self.plane.points()
    }

    pub(crate) async fn advance(&mut self, generations: u32) -> Result<Progress> {
        let known = self.run.report().history.len();
        let report = self.run.advance_async(generations).await?;
        Ok(Progress {
            generation: report.generation,
            evaluations: report.evaluations,
            seconds: report.seconds,
            done: report.stop.is_some(),
            best: report.best,
            records: report.history[known..].iter().map(|record| [record.best, record.mean]).collect(),
        })
    }

    pub(crate) async fn look(&mut self) -> Result<Accuracies> {
        let best = self.run.best_async().await?;
        let classes = self.plane.classes.len();
        let cells = self.on_cells.at_async(&best).await?;
        self.regions.clear();
        cells.chunks(classes).for_each(|row| softmax(row, &mut self.regions));
        let said = largest(&self.on_points.at_async(&best).await?, classes);
        let (train, test) = said.split_at(self.plane.train.rows);
        let accuracy = |said: &[u32], labels: &[u32]| scores(said, labels, classes, 0.0).accuracy;
        Ok(Accuracies {
            train: accuracy(train, &self.plane.train.labels),
            test: accuracy(test, &self.plane.test.labels),
        })
    }

    pub(crate) fn regions(&self) -> &[f32] {
        &self.regions
    }
}

/// Appends the probabilities that outputs stand for.
fn softmax(outputs: &[f32], all: &mut Vec<f32>) {
    let top = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = outputs.iter().map(|z| (z - top).exp()).sum();
    all.extend(outputs.iter().map(|z| (z - top).exp() / sum));
}
