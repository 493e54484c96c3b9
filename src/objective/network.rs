//! A network on labelled rows: layers, a loss, and three ways to score a population with it.
//!
//! | form | for | a thread is |
//! |---|---|---|
//! | registers | a few hundred weights | a candidate; its weights stay in registers, rows go by |
//! | tiled | one hidden layer, wider | a candidate; tiles of rows by hidden units, nothing stored |
//! | layered | everything else | a tile of rows by units of one candidate's layer; activations in memory |
//!
//! Networks on pictures, with convolutions and pooling before the dense layers (`pictures`), take the layered form.
//!
//! All three add up in the same order and give the same numbers up to rounding. Candidates that are a mean plus noise of
//! low rank share most of the work: `low_rank` takes them, in place of the last two forms.

mod answers;
mod architecture;
mod batch;
mod convolution;
mod cosines;
mod fused;
mod gradient;
mod incremental;
mod layered;
mod loss;
mod low_rank;
mod norm;
pub(super) mod own;
mod part;
mod pictured;
pub mod pictures;
mod pool;
mod product;
#[cfg(not(target_arch = "wasm32"))]
mod single;
mod spec;
pub(crate) mod stages;
mod staging;
mod sum;

use std::borrow::Cow;
use std::sync::Arc;

pub use self::answers::Answers;
pub use self::architecture::{Activation, Architecture, Layer, Tensor};
use self::batch::Batch;
use self::fused::Fused;
use self::gradient::Backprop;
use self::incremental::Incremental;
use self::layered::Layered;
pub use self::loss::{Loss, Margin};
use self::low_rank::Shared;
pub(crate) use self::norm::EPSILON;
pub use self::own::Own;
pub use self::spec::Spec;
use crate::gpu::Recording;
use crate::population::{Context, Domain, Evaluation, Gradient, Objective, Points, Structure};
use crate::{Error, Result};

/// Rows that tell a network's moments.
const SAMPLE_ROWS: u32 = 128;

/// The way a population is scored. Chosen by size unless told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Thread per candidate, weights in registers.
    Registers,
    /// Thread per candidate, tiles of rows by hidden units; one hidden layer.
    Tiled,
    /// Layer by layer.
    Layered,
}

/// Layers, loss and the rows it is measured on.
#[derive(Clone, Debug)]
pub struct Network {
    /// Layers.
    pub architecture: Architecture,
    /// What a row costs; fitness is the mean over the batch.
    pub loss: Loss,
    /// Rows of a batch; none for all rows. A batch is drawn anew in every generation, the same for all candidates.
    pub batch: Option<u32>,
    /// How to score; none to choose by size.
    pub form: Option<Form>,
    rows: u32,
    features: Arc<[f32]>,
    /// Class numbers, or the bits of the numbers that are wanted.
    labels: Arc<[u32]>,
    /// Whether these are numbers.
    numbers: bool,
    held_out: Option<Box<Network>>,
    /// Rows on which the moments of norms are measured; none to go by the batch at hand.
    sample: Option<Arc<Network>>,
    /// These moments as they were measured once: norm after norm, mean and variance of every channel.
    moments: Option<Arc<[f32]>>,
    /// Bytes of a slab of rows at most, where the adapter allows more: tests need less.
    slab_bytes: u64,
}

impl Network {
    /// A network on rows of `features` (row after row) with class numbers `labels`.
    ///
    /// # Errors
    /// [`Error::Setting`] when there are no rows, the sizes do not agree, a label is not a class, or a layer is empty.
    pub fn new(architecture: Architecture, features: &[f32], labels: &[u32]) -> Result<Self> {
        if let Some(label) = labels.iter().find(|label| **label >= architecture.outputs) {
            let remedy = format!("class numbers run from 0 to {}", i64::from(architecture.outputs) - 1);
            return Err(Error::setting("label", label, remedy));
        }
        Self::of_bits(architecture, features, labels.into(), false)
    }

    /// A network with one output on rows of `features` (row after row), for each of which a number is wanted. Numbers are
    /// taken as they are, and weights have walls: scale what is beyond a hundred or so. The loss is
    /// [`Loss::Squared`] unless set.
    ///
    /// # Errors
    /// As [`Network::new`]; [`Error::Setting`] for more than one output or a number that is not finite.
    pub fn regression(architecture: Architecture, features: &[f32], targets: &[f32]) -> Result<Self> {
        if architecture.outputs != 1 {
            return Err(Error::setting("outputs", architecture.outputs, "a regression has one output"));
        }
        if let Some(target) = targets.iter().find(|target| !target.is_finite()) {
            return Err(Error::setting("target", target, "every row needs a finite number"));
        }
        let bits = targets.iter().map(|target| target.to_bits()).collect();
        Ok(Self { loss: Loss::Squared, ..Self::of_bits(architecture, features, bits, true)? })
    }

    fn of_bits(architecture: Architecture, features: &[f32], labels: Arc<[u32]>, numbers: bool) -> Result<Self> {
        let rows = labels.len();
        if rows == 0 {
            return Err(Error::setting("rows", 0, "there must be at least one row to train on"));
        }
        if features.len() != rows * architecture.inputs as usize {
            let remedy = format!("{rows} rows of {} features", architecture.inputs);
            return Err(Error::setting("features", format!("{} values", features.len()), remedy));
        }
        architecture.check()?;
        Ok(Self {
            architecture,
            loss: Loss::default(),
            batch: None,
            form: None,
            rows: rows as u32,
            features: features.into(),
            labels,
            numbers,
            held_out: None,
            sample: None,
            moments: None,
            slab_bytes: u64::MAX,
        })
    }

    /// Rows held out from training, by which a search may choose the best network.
    ///
    /// # Errors
    /// As [`Network::new`].
    pub fn hold_out(&mut self, features: &[f32], labels: &[u32]) -> Result<()> {
        self.hold_out_as(Self::new(self.architecture.clone(), features, labels)?)
    }

    /// The same of a regression.
    ///
    /// # Errors
    /// As [`Network::regression`].
    pub fn hold_out_numbers(&mut self, features: &[f32], targets: &[f32]) -> Result<()> {
        self.hold_out_as(Self::regression(self.architecture.clone(), features, targets)?)
    }

    fn hold_out_as(&mut self, other: Self) -> Result<()> {
        if other.numbers != self.numbers {
            let remedy = "rows to learn from and rows held out both have classes, or both have numbers";
            return Err(Error::setting("labels", "of two kinds", remedy));
        }
        self.held_out = Some(Box::new(other));
        Ok(())
    }

    /// Makes norms go by moments measured on rows of `learned`, at most 128 of them, with the weights of each candidate;
    /// not by the batch at hand, as training does. Without norms nothing changes.
    pub fn normalize_by(&mut self, learned: &Self) {
        self.sample = (!self.architecture.norms().is_empty()).then(|| Arc::new(learned.at_most(SAMPLE_ROWS)));
    }

    /// Makes norms go by these moments: norm after norm, mean and variance of every channel.
    ///
    /// # Errors
    /// [`Error::Setting`] when there are more or fewer of them, or a variance is negative.
    pub fn normalize_with(&mut self, moments: &[f32]) -> Result<()> {
        let count: u32 = self.architecture.norms().iter().map(|(_, channels)| 2 * channels).sum();
        if moments.len() != count as usize {
            return Err(Error::setting("moments", format!("{} values", moments.len()), format!("{count} are needed")));
        }
        if let Some(pair) = moments.chunks(2).find(|pair| !(pair[0].is_finite() && pair[1] >= 0.0)) {
            let remedy = "a mean is finite and a variance 0 or more";
            return Err(Error::setting("moments", format!("{pair:?}"), remedy));
        }
        self.moments = (count > 0).then(|| moments.into());
        Ok(())
    }

    /// Whether norms go by the batch at hand, which then has to be seen at once.
    fn goes_by_batch(&self) -> bool {
        self.moments.is_none() && self.sample.is_none() && !self.architecture.norms().is_empty()
    }

    /// So many of its rows at most, evenly spaced, and all of them a batch.
    fn at_most(&self, most: u32) -> Self {
        let (count, inputs) = (self.rows.min(most), self.architecture.inputs as usize);
        let picked = (0..count as usize).map(|row| row * self.rows as usize / count as usize);
        let features = picked.clone().flat_map(|row| self.features[row * inputs..][..inputs].iter().copied());
        Self {
            rows: count,
            features: features.collect(),
            labels: picked.map(|row| self.labels[row]).collect(),
            batch: None,
            held_out: None,
            sample: None,
            moments: None,
            ..self.clone()
        }
    }

    /// Rows altogether.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Whether outputs are held between 0 and 1.
    fn bounded(&self) -> bool {
        self.loss.apart() && !self.numbers
    }

    /// The loss as the kernels' piece.
    fn loss_piece(&self) -> Cow<'static, str> {
        self.loss.wgsl(self.numbers)
    }

    /// Refuses a loss of classes where numbers are wanted, and the other way round.
    fn check_loss(&self) -> Result<()> {
        self.loss.check()?;
        if self.loss.of_numbers().is_some_and(|numbers| numbers != self.numbers) {
            return Err(self.loss.misplaced(self.numbers));
        }
        Ok(())
    }

    /// The form that suits the sizes: weights in registers as long as they fit, no memory traffic for one hidden layer,
    /// layer by layer past that.
    fn choose(&self) -> Form {
        let Architecture { inputs, ref hidden, outputs, .. } = self.architecture;
        if let Some(form) = self.form {
            return form;
        }
        if self.loss.margin().is_some() || self.architecture.pictures.is_some() {
            return Form::Layered;
        }
        let units: u32 = hidden.iter().sum::<u32>() + outputs;
        if self.architecture.parameters() <= 160 && units <= 36 {
            return Form::Registers;
        }
        if hidden.len() == 1 && inputs <= 128 && outputs <= 32 && hidden[0] <= 256 {
            return Form::Tiled;
        }
        Form::Layered
    }
}

impl Objective for Network {
    fn dims(&self) -> u32 {
        self.architecture.parameters() as u32
    }

    fn domain(&self) -> Domain {
        self.architecture.domain()
    }

    fn bind(&self, context: &Context) -> Result<Box<dyn Evaluation>> {
        self.check_loss()?;
        if self.loss.margin().is_some() && context.blockwise {
            let remedy = "a search by blocks does not score cosines: search the whole, or choose cross-entropy";
            return Err(Error::setting("loss", &self.loss, remedy));
        }
        if let Some(batch) = self.batch.filter(|batch| *batch == 0 || *batch > self.rows) {
            let remedy = format!("a batch has 1 to {} rows, or give full", self.rows);
            return Err(Error::setting("batch", batch, remedy));
        }
        // Neurons are scored by what is kept of the network's layers.
        let form = if context.blockwise || context.descends { Form::Layered } else { self.choose() };
        if form != Form::Layered && self.architecture.pictures.is_some() {
            let remedy = "networks on pictures are scored layer by layer: leave the form out";
            return Err(Error::setting("form", format!("{form:?}").to_lowercase(), remedy));
        }
        if form == Form::Tiled && self.architecture.hidden.len() != 1 {
            return Err(Error::setting("form", "tiled", "it is for networks with one hidden layer"));
        }
        if form != Form::Layered && self.loss.margin().is_some() {
            let remedy = format!("the loss {} is scored layer by layer: leave the form out", self.loss.name());
            return Err(Error::setting("form", format!("{form:?}").to_lowercase(), remedy));
        }
        let batch = Batch::new(context, self, form)?;
        // A filter changes all of its channel: there is nothing to keep.
        let keeps = context.blockwise && self.architecture.pictures.is_none();
        let incremental = if keeps { Some(Incremental::new(context, self, &batch)?) } else { None };
        let held_out = match &self.held_out {
            Some(network) => {
                let mut network = Self { loss: self.loss.clone(), ..(**network).clone() };
                network.normalize_by(self);
                let rows = Batch::new(context, &network, Form::Layered)?;
                let layered = Layered::new(context, &network, &rows)?;
                Some((rows, layered))
            }
            None => None,
        };
        let scorer: Box<dyn Scorer> = match form {
            Form::Layered => Box::new(Layered::new(context, self, &batch)?),
            fused => Box::new(Fused::new(context, self, &batch, fused)?),
        };
        let context = context.clone();
        let shared = Shared::new(&context, self, form);
        Ok(Box::new(NetworkEvaluation {
            context,
            form,
            batch,
            scorer,
            incremental,
            held_out,
            shared,
            network: self.clone(),
            backprop: None,
            changes: self.batch.is_some(),
        }))
    }
}

/// One of the forms, bound.
trait Scorer {
    fn score(&mut self, points: &Points, batch: &Batch, recording: &mut Recording) -> Result<()>;
}

struct NetworkEvaluation {
    context: Context,
    form: Form,
    batch: Batch,
    scorer: Box<dyn Scorer>,
    incremental: Option<Incremental>,
    held_out: Option<(Batch, Layered)>,
    shared: Option<Shared>,
    network: Network,
    backprop: Option<Backprop>,
    changes: bool,
}

impl Evaluation for NetworkEvaluation {
    fn prepare(&mut self, recording: &mut Recording) -> Result<()> {
        self.batch.record(recording);
        Ok(())
    }

    fn score(&mut self, points: &Points, recording: &mut Recording) -> Result<()> {
        if let (Some(incremental), Structure::Blocks(blocks)) = (&mut self.incremental, &points.structure)
            && let Some(layer) = incremental.layer_of(blocks)
        {
            return incremental.score(points, (layer, *blocks), &self.batch, recording);
        }
        if let (Structure::LowRank(noise), Some(shared)) = (&points.structure, &mut self.shared) {
            return shared.score(points, noise, &self.batch, recording);
        }
        // The tiled form reads a weight once for every tile of rows.
        if self.form == Form::Tiled && !matches!(points.structure, Structure::Free) {
            return self.scorer.score(&points.lifted(&self.context)?, &self.batch, recording);
        }
        self.scorer.score(points, &self.batch, recording)
    }

    fn refresh(&mut self, vector: &Points, changed: Option<&Points>, recording: &mut Recording) -> Result<()> {
        let Some(incremental) = &mut self.incremental else { return self.score(vector, recording) };
        incremental.refresh(vector, changed, &self.batch, recording)
    }

    fn validate(&mut self, points: &Points, recording: &mut Recording) -> Result<bool> {
        let Some((rows, layered)) = &mut self.held_out else { return Ok(false) };
        layered.score(points, rows, recording)?;
        Ok(true)
    }

    fn differentiate(&mut self, points: &Points, gradient: &Gradient, recording: &mut Recording) -> Result<()> {
        let backprop = match &mut self.backprop {
            Some(backprop) => backprop,
            none => none.insert(Backprop::new(&self.context, &self.network, &self.batch)?),
        };
        backprop.record(points, gradient, &self.batch, recording)
    }

    fn changes(&self) -> bool {
        self.changes
    }
}
