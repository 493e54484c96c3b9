//! A trained network with all it takes to predict: one safetensors file.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use crate::data::{Encoder, Part};
use crate::gpu::Gpu;
use crate::metrics::{Errors, Measures, Scores, agreeing, errors, largest, scores};
use crate::objective::network::{Architecture, Loss, Network, Tensor};
use crate::{Error, Result};

/// Version of the file's layout.
const FORMAT: &str = "gradless model 1";

/// The entry beside the tensors where they are the weights of a [problem](crate::problem).
pub const PROBLEM_ENTRY: &str = "gradless problem";

/// Features scored at a time, 32 MiB of them: large data sets are larger than one binding may be.
const SCORED_VALUES: usize = 8 << 20;

/// Architecture, weights, and how rows become features.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Layers.
    pub architecture: Architecture,
    /// What it was trained on.
    pub loss: Loss,
    /// Scaling, categories, class names.
    pub encoder: Encoder,
    /// Weights: layer after layer, unit after unit, each unit's weights and then its bias.
    pub weights: Vec<f32>,
    /// Norm after norm, mean and variance of every channel, as [`Network::moments`] measured them.
    pub moments: Vec<f32>,
}

/// What goes into the file's header beside the tensors: one entry, so that equal models are equal files.
#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    architecture: Architecture,
    loss: Loss,
    encoder: Encoder,
}

impl Model {
    /// Writes tensors `layer.N.weight` (units x inputs, or filters x channels x lines x pixels) and `layer.N.bias`; of norms
    /// `layer.N.mean` and `layer.N.variance`, too.
    ///
    /// # Errors
    /// [`Error::File`] when the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let header = Header {
            format: FORMAT.into(),
            architecture: self.architecture.clone(),
            loss: self.loss.clone(),
            encoder: self.encoder.clone(),
        };
        let header = serde_json::to_string(&header).map_err(|e| Error::file(path, e))?;
        save(path, &self.tensors(), ("gradless", &header))
    }

    /// The tensors that are saved.
    pub fn tensors(&self) -> Vec<Tensor> {
        let mut tensors = self.architecture.tensors(&self.weights);
        let mut pairs = self.moments.chunks_exact(2);
        for (l, channels) in self.architecture.norms() {
            let (means, variances) = pairs.by_ref().take(channels as usize).map(|pair| (pair[0], pair[1])).unzip();
            tensors.push((format!("layer.{l}.mean"), vec![channels as usize], means));
            tensors.push((format!("layer.{l}.variance"), vec![channels as usize], variances));
        }
        tensors
    }

    /// Reads what [`Model::save`] wrote.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, is of another kind or damaged.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::file(path, e))?;
        let damaged = |what: &dyn std::fmt::Display| Error::file(path, format!("not a model of this program: {what}"));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(&e))?;
        let entries = metadata.metadata().as_ref().ok_or_else(|| damaged(&"no header of ours"))?;
        if entries.contains_key(PROBLEM_ENTRY) {
            let cause = "the weights of a problem, which is no network on rows: its report.json has its scores, and \
                         `gradless export` its tensors";
            return Err(Error::file(path, cause));
        }
        let header = entries.get("gradless").ok_or_else(|| damaged(&"no header of ours"))?;
        let Header { format, architecture, loss, encoder } = serde_json::from_str(header).map_err(|e| damaged(&e))?;
        if format != FORMAT {
            return Err(damaged(&format!("its format is {format:?}, ours {FORMAT:?}")));
        }
        encoder.check().map_err(|e| damaged(&e))?;
        if architecture.hidden.len() >= 1000 || architecture.check().is_err() {
            return Err(damaged(&"its layers are of no size that can be"));
        }
        if architecture.inputs as usize != encoder.width() || architecture.outputs as usize != encoder.outputs() {
            return Err(damaged(&"features or classes do not fit the layers"));
        }
        if loss.of_numbers().is_some_and(|numbers| numbers != encoder.is_regression()) {
            return Err(damaged(&"its loss does not fit its labels"));
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| damaged(&e))?;
        let mut weights = Vec::with_capacity(architecture.parameters() as usize);
        for (l, layer) in architecture.layers().iter().enumerate() {
            let (inputs, outputs) = (layer.inputs as usize, layer.outputs as usize);
            let weight = numbers(&tensors, &format!("layer.{l}.weight"), outputs * inputs).map_err(|e| damaged(&e))?;
            let biases = if layer.bias {
                numbers(&tensors, &format!("layer.{l}.bias"), outputs).map_err(|e| damaged(&e))?
            } else {
                Vec::new()
            };
            for (unit, number) in weight.chunks(inputs).zip(0..) {
                weights.extend_from_slice(unit);
                weights.extend(biases.get::<usize>(number));
            }
        }
        let mut moments = Vec::new();
        for (l, channels) in architecture.norms() {
            let of = |name: &str| numbers(&tensors, &format!("layer.{l}.{name}"), channels as usize);
            let (means, variances) = (of("mean").map_err(|e| damaged(&e))?, of("variance").map_err(|e| damaged(&e))?);
            if variances.iter().any(|variance| *variance < 0.0) {
                return Err(damaged(&format!("layer.{l}.variance is negative")));
            }
            moments.extend(means.into_iter().zip(variances).flat_map(|(mean, variance)| [mean, variance]));
        }
        Ok(Self { architecture, loss, encoder, weights, moments })
    }

    /// Outputs of rows of features, before softmax or sigmoid; of a regression the predicted numbers.
    ///
    /// # Errors
    /// Those of [`Network::logits`].
    pub fn logits(&self, gpu: &Gpu, features: &[f32]) -> Result<Vec<f32>> {
        let network = |features: &[f32], here: Range<usize>| {
            if self.encoder.is_regression() {
                return Network::regression(self.architecture.clone(), features, &vec![0.0; here.len()]);
            }
            Network::new(self.architecture.clone(), features, &vec![0; here.len()])
        };
        Ok(self.outputs(gpu, features, network)?.0)
    }

    fn network(&self, mut network: Network) -> Result<Network> {
        network.loss = self.loss.clone();
        network.normalize_with(&self.moments)?;
        Ok(network)
    }

    /// Slices of whole rows, none too large for the device.
    fn slices<'a>(&self, features: &'a [f32]) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        let inputs = self.architecture.inputs.max(1) as usize;
        features[..features.len() / inputs * inputs].chunks((SCORED_VALUES / inputs).max(1) * inputs)
    }

    /// Outputs of labelled rows, as [`Model::logits`] has them, and scores of the classes that they say.
    ///
    /// # Errors
    /// Those of [`Network::logits`].
    pub fn score(&self, gpu: &Gpu, features: &[f32], labels: &[u32]) -> Result<(Vec<f32>, Scores)> {
        if features.len() != labels.len() * self.architecture.inputs as usize {
            let remedy = format!("{} rows of {} features", labels.len(), self.architecture.inputs);
            return Err(Error::setting("features", format!("{} values", features.len()), remedy));
        }
        let network =
            |features: &[f32], here: Range<usize>| Network::new(self.architecture.clone(), features, &labels[here]);
        let (logits, loss) = self.outputs(gpu, features, network)?;
        let scores = self.scores_of(&logits, labels, loss);
        Ok((logits, scores))
    }

    /// Scores of the classes that outputs say, with a mean loss of `loss`.
    fn scores_of(&self, logits: &[f32], labels: &[u32], loss: f64) -> Scores {
        let classes = self.encoder.classes.len();
        let right = agreeing(logits, labels, classes, self.softmax());
        let agreement = right as f64 / (labels.len() * classes).max(1) as f64;
        Scores { agreement, ..scores(&largest(logits, classes), labels, classes, loss) }
    }

    /// Outputs of rows of features and their mean loss, from networks on slices of the rows.
    fn outputs(
        &self,
        gpu: &Gpu,
        features: &[f32],
        network: impl Fn(&[f32], Range<usize>) -> Result<Network>,
    ) -> Result<(Vec<f32>, f64)> {
        let position = self.architecture.position(&self.weights);
        let (mut outputs, mut loss, mut rows) = (Vec::new(), 0.0, 0);
        for features in self.slices(features) {
            let here = rows..rows + features.len() / self.architecture.inputs.max(1) as usize;
            rows = here.end;
            let count = here.len() as f64;
            let (said, mean) = self.network(network(features, here)?)?.answers(gpu)?.scored_at(&position)?;
            outputs.extend(said);
            loss += mean * count;
        }
        Ok((outputs, loss / rows.max(1) as f64))
    }

    /// Predicted numbers and scores of rows for which numbers are wanted.
    ///
    /// # Errors
    /// Those of [`Network::logits`].
    pub fn score_numbers(&self, gpu: &Gpu, features: &[f32], targets: &[f32]) -> Result<(Vec<f32>, Errors)> {
        if features.len() != targets.len() * self.architecture.inputs as usize {
            let remedy = format!("{} rows of {} features", targets.len(), self.architecture.inputs);
            return Err(Error::setting("features", format!("{} values", features.len()), remedy));
        }
        let network = |features: &[f32], here: Range<usize>| {
            Network::regression(self.architecture.clone(), features, &targets[here])
        };
        let (said, loss) = self.outputs(gpu, features, network)?;
        let errors = errors(&said, targets, loss);
        Ok((said, errors))
    }

    /// What outputs of encoded rows are worth that have a mean loss of `loss`.
    pub fn judge(&self, outputs: &[f32], loss: f64, rows: &Part) -> Measures {
        if self.encoder.is_regression() {
            return Measures::Numbers(errors(outputs, &rows.targets, loss));
        }
        Measures::Classes(self.scores_of(outputs, &rows.labels, loss))
    }

    /// Scores of encoded rows, be their labels classes or numbers.
    ///
    /// # Errors
    /// Those of [`Network::logits`].
    pub fn measure(&self, gpu: &Gpu, rows: &Part) -> Result<Measures> {
        if self.encoder.is_regression() {
            return Ok(Measures::Numbers(self.score_numbers(gpu, &rows.features, &rows.targets)?.1));
        }
        Ok(Measures::Classes(self.score(gpu, &rows.features, &rows.labels)?.1))
    }

    /// Whether the outputs of a row are one distribution, not a sigmoid each.
    fn softmax(&self) -> bool {
        !self.loss.apart()
    }

    /// Probabilities from outputs, row after row: softmax, or sigmoids scaled to a sum of 1.
    pub fn probabilities(&self, logits: &[f32]) -> Vec<f64> {
        let mut all = Vec::with_capacity(logits.len());
        for row in logits.chunks(self.encoder.classes.len().max(1)) {
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let values: Vec<f64> = if self.softmax() {
                row.iter().map(|z| f64::from(z - top).exp()).collect()
            } else {
                row.iter().map(|z| 1.0 / (1.0 + f64::from(-z).exp())).collect()
            };
            let sum: f64 = values.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            all.extend(values.iter().map(|value| value / sum));
        }
        all
    }
}

/// Writes tensors, and one entry beside them.
///
/// # Errors
/// [`Error::File`] when the file cannot be written.
pub fn save(path: &Path, tensors: &[Tensor], (key, header): (&str, &str)) -> Result<()> {
    let bytes: Vec<&[u8]> = tensors.iter().map(|(.., values)| bytemuck::cast_slice(values)).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name.clone(), view))
    });
    let views = views.collect::<std::result::Result<Vec<_>, _>>().map_err(|e| Error::file(path, e))?;
    let metadata = HashMap::from([(key.to_string(), header.to_string())]);
    let bytes = serialize(views, Some(metadata)).map_err(|e| Error::file(path, e))?;
    crate::folder::write(path, &bytes)
}

/// The finite numbers of one tensor.
fn numbers(tensors: &SafeTensors, name: &str, count: usize) -> std::result::Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|e| e.to_string())?;
    if tensor.dtype() != Dtype::F32 || tensor.data().len() != 4 * count {
        return Err(format!("{name} is not {count} 32-bit numbers"));
    }
    let values: Vec<f32> = bytemuck::pod_collect_to_vec(tensor.data());
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(format!("{name} is not finite")) }
}
