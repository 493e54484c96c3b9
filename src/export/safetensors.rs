//! Weights under the names and in the layout that PyTorch uses, with what they mean beside them.

use std::path::Path;

use ::safetensors::tensor::{Dtype, SafeTensors};
use serde_json::{Value, json};

use crate::model::{self, Model};
use crate::objective::network::Tensor;
use crate::{Error, Result};

/// What a run saved.
#[derive(Clone, Debug)]
pub enum Saved {
    /// A network on rows or pictures.
    Network(Box<Model>),
    /// The weights of a problem that is no table: a neural ODE, a circuit.
    Problem {
        /// The settings it was learned by, as TOML.
        settings: String,
        /// The weights.
        tensors: Vec<Tensor>,
    },
}

impl Saved {
    /// Reads the model file of a run of either kind.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, is of another kind or damaged.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::file(path, e))?;
        let damaged = |e: &dyn std::fmt::Display| Error::file(path, format!("not a model of this program: {e}"));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(&e))?;
        let problem = metadata.metadata().as_ref().and_then(|entries| entries.get(crate::model::PROBLEM_ENTRY));
        let Some(settings) = problem.cloned() else {
            return Ok(Self::Network(Box::new(Model::load(path)?)));
        };
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| damaged(&e))?;
        let mut found = Vec::new();
        for (name, tensor) in tensors.iter() {
            if tensor.dtype() != Dtype::F32 {
                return Err(damaged(&format!("{name} is not of 32-bit numbers")));
            }
            found.push((name.to_string(), tensor.shape().to_vec(), bytemuck::pod_collect_to_vec(tensor.data())));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self::Problem { settings, tensors: found })
    }

    /// The weights, and what they mean.
    fn parts(&self) -> (Vec<Tensor>, Value) {
        match self {
            Self::Network(model) => {
                let Model { architecture, loss, encoder, .. } = model.as_ref();
                (model.tensors(), json!({"architecture": architecture, "loss": loss, "inputs": encoder}))
            }
            Self::Problem { settings, tensors } => (tensors.clone(), json!({"settings": settings})),
        }
    }
}

/// Writes tensors `layers.N.weight` (units x inputs, or filters x channels x lines x pixels) and `layers.N.bias`, what
/// `torch.nn.Linear`, `Conv2d` and `BatchNorm2d` have (this also `running_mean` and `running_var`); the text `network` is JSON with layers, loss, and mean and deviation
/// by which inputs are scaled.
///
/// # Errors
/// [`Error::File`] when it cannot be written.
pub fn safetensors(saved: &Saved, path: &Path) -> Result<()> {
    let (mut tensors, about) = saved.parts();
    for (name, ..) in &mut tensors {
        if let Some(rest) = name.strip_prefix("layer.") {
            let rest = rest.replace(".mean", ".running_mean").replace(".variance", ".running_var");
            *name = format!("layers.{rest}");
        }
    }
    model::save(path, &tensors, ("network", &about.to_string()))
}
