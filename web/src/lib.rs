//! What the page calls: the engine's own data, optimizers and run, for one training at a time.
//!
//! JavaScript holds the controls and draws; every number that it draws comes from here, and from the device.

mod learning;
mod plane;

use std::collections::BTreeMap;

use gradless::gpu::{Gpu, Pick};
use gradless::optimizer::Entry;
use serde_json::json;
use wasm_bindgen::prelude::*;

use learning::{Learning, Settings};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn error(text: &str);
}

/// Makes a panic say why, which a browser would not show.
#[wasm_bindgen(start)]
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| error(&panic.to_string())));
}

/// An open device and the training on it, if one was begun. One call at a time: whoever overlaps two gets an exception.
#[wasm_bindgen]
pub struct Session {
    gpu: Gpu,
    learning: Option<Learning>,
}

#[wasm_bindgen]
impl Session {
    /// Opens the adapter that the browser gives.
    pub async fn open() -> Result<Session, JsError> {
        Ok(Self { gpu: Gpu::open_async(&Pick::Best).await?, learning: None })
    }

    /// Whether it computes on the processor.
    pub fn software(&self) -> bool {
        self.gpu.is_software()
    }

    /// What an optimizer is, its settings with their default values, and what they mean, as JSON.
    pub fn describe(optimizer: &str) -> Result<String, JsError> {
        let entry = Entry::find(optimizer)?;
        let meanings: BTreeMap<_, _> = entry.settings.iter().copied().collect();
        Ok(json!({ "about": entry.about, "defaults": entry.defaults(), "meanings": meanings }).to_string())
    }

    /// Begins anew with these settings (JSON); returns what does not change while it learns.
    pub fn start(&mut self, settings: &str) -> Result<String, JsError> {
        let settings: Settings = serde_json::from_str(settings)?;
        // The old one goes first: memory need not hold two.
        self.learning = None;
        let learning = self.learning.insert(Learning::start(&self.gpu, &settings)?);
        Ok(serde_json::to_string(&learning.scene())?)
    }

    /// All data points: four numbers each, to the right, upwards, class, and 1 where it is held out.
    pub fn points(&self) -> Result<Vec<f32>, JsError> {
        Ok(self.learning.as_ref().ok_or_else(not_begun)?.points())
    }

    /// So many generations more; returns how far it has come, with a record for each new generation.
    pub async fn advance(&mut self, generations: u32) -> Result<String, JsError> {
        let progress = self.learning.as_mut().ok_or_else(not_begun)?.advance(generations).await?;
        Ok(serde_json::to_string(&progress)?)
    }

    /// Asks the best network so far about all points and the whole plane; returns its accuracies.
    pub async fn look(&mut self) -> Result<String, JsError> {
        let accuracies = self.learning.as_mut().ok_or_else(not_begun)?.look().await?;
        Ok(serde_json::to_string(&accuracies)?)
    }

    /// What the last look saw: the probability of each class in each cell of the plane, from the lowest row up.
    pub fn regions(&self) -> Result<Vec<f32>, JsError> {
        Ok(self.learning.as_ref().ok_or_else(not_begun)?.regions().to_vec())
    }
}

fn not_begun() -> JsError {
    JsError::new("nothing was begun")
}
