//! Train on a CSV file and score the held-out rows: cargo run --release --example train_csv -- FILE.csv

use gradless::data::{self, Options};
use gradless::gpu::{Gpu, Pick};
use gradless::model::Model;
use gradless::objective::network::{Activation, Architecture, Network};
use gradless::optimizer::Gwo;
use gradless::run::Run;

fn main() -> gradless::Result<()> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "iris".into());
    let dataset = data::load(&file, &Options::default())?;
    let architecture = Architecture {
        inputs: dataset.train.width as u32,
        hidden: vec![10],
        outputs: dataset.classes.len() as u32,
        activation: Activation::Tanh,
        pictures: None,
    };
    let gpu = Gpu::open(&Pick::Best)?;
    let network = Network::new(architecture.clone(), &dataset.train.features, &dataset.train.labels)?;
    let mut run = Run::new(&gpu, &network, &Gwo::default()).members(128).generations(300).seed(1).start()?;
    run.until_stopped(|report| {
        eprint!("\rgeneration {:4}  loss {:.4}", report.generation, report.best);
        true
    })?;
    eprintln!();
    let weights = architecture.weights(&run.best()?);
    let model = Model { architecture, loss: network.loss, encoder: dataset.encoder, weights, moments: Vec::new() };
    let (_, scores) = model.score(&gpu, &dataset.test.features, &dataset.test.labels)?;
    println!("{}: {} rows held out, accuracy {:.4}, F1 {:.4}", file, dataset.test.rows, scores.accuracy, scores.f1);
    Ok(())
}
