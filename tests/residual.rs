//! Networks with norms and blocks: they learn, and what they predict does not depend on what is asked beside it.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/numbers.rs"]
mod numbers;
#[path = "common/placed.rs"]
mod placed;

use common::gpu;
use gradless::gpu::{Gpu, Recording};
use gradless::metrics::largest;
use gradless::objective::network::pictures::Size;
use gradless::objective::network::{Activation, Network, Spec};
use gradless::optimizer::Entry;
use gradless::population::{Context, Objective, Points, Shape};
use gradless::reference;
use gradless::run::Run;
use numbers::numbers;
use placed::place;

const SIZE: Size = Size { channels: 3, height: 12, width: 12 };
const NARROW: &str = "conv:8x3p1b0,norm,relu,block:8,block:16s2,block:16,global-average";

/// Pictures of 4 classes: a bright quarter, and noise all over.
fn pictures(rows: usize) -> (Vec<f32>, Vec<u32>) {
    let mut features = numbers(rows * SIZE.count() as usize, 5);
    let labels: Vec<u32> = (0..rows as u32).map(|row| row % 4).collect();
    for (row, label) in features.chunks_mut(SIZE.count() as usize).zip(&labels) {
        for (at, value) in row.iter_mut().enumerate() {
            let (y, x) = (at as u32 / SIZE.width % SIZE.height, at as u32 % SIZE.width);
            let quarter = u32::from(y >= SIZE.height / 2) * 2 + u32::from(x >= SIZE.width / 2);
            *value += f32::from(u8::from(quarter == *label));
        }
    }
    (features, labels)
}

fn network(model: &str, rows: usize) -> (Network, Vec<f32>) {
    let architecture =
        Spec::parse(model, true).unwrap().build(Some(SIZE), (SIZE.count(), 4), Activation::Relu).unwrap();
    let (features, labels) = pictures(rows);
    (Network::new(architecture, &features, &labels).unwrap(), features)
}

/// The loss on all rows before and after so many steps of a descent, both by the moments of these rows.
fn fall(gpu: &Gpu, network: &Network, optimizer: &str, steps: u32) -> [f32; 2] {
    let settings = [("rate".to_string(), "0.003".to_string())].into();
    let optimizer = Entry::find(optimizer).unwrap().build(&settings).unwrap();
    let mut run = Run::new(gpu, network, optimizer.as_ref()).members(1).seed(3).generations(steps).start().unwrap();
    let mut whole = network.clone();
    whole.batch = None;
    whole.normalize_by(network);
    let before = run.score(&whole).unwrap()[0];
    run.advance(steps).unwrap();
    [before, run.score(&whole).unwrap()[0]]
}

#[test]
fn a_narrow_residual_network_learns_from_few_pictures() {
    let Some(gpu) = gpu() else { return };
    let (mut network, _) = network(NARROW, 64);
    network.batch = Some(8);
    for optimizer in ["adam", "adaswarm"] {
        let [before, after] = fall(&gpu, &network, optimizer, 20);
        assert!(after < 0.8 * before, "{optimizer}: {before} to {after}");
    }
}

/// The true size and one step: more of them take minutes on a software adapter.
#[test]
fn resnet18_takes_a_step() {
    let Some(gpu) = gpu() else { return };
    let size = Size { channels: 3, height: 32, width: 32 };
    let architecture =
        Spec::parse("resnet18", false).unwrap().build(Some(size), (size.count(), 10), Activation::Relu).unwrap();
    assert_eq!(architecture.parameters(), 11_173_962);
    let features = numbers((8 * size.count()) as usize, 1);
    let network = Network::new(architecture, &features, &[0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
    let optimizer = Entry::find("adam").unwrap().build(&[("rate".into(), "0.001".into())].into()).unwrap();
    let mut run = Run::new(&gpu, &network, optimizer.as_ref()).members(1).seed(3).generations(2).start().unwrap();
    let losses: Vec<f32> = run.advance(2).unwrap().history.iter().map(|record| record.lowest).collect();
    assert!(losses.len() == 2 && losses[1] < losses[0] && losses[0].is_finite(), "{losses:?}");
}

#[test]
fn predictions_are_the_same_alone_and_in_a_batch() {
    let Some(gpu) = gpu() else { return };
    let (network, features) = network(NARROW, 64);
    let position: Vec<f32> = numbers(network.dims() as usize, 2).iter().map(|x| 2.0 * x).collect();
    let moments = network.moments(&gpu, &position).unwrap();
    let asked = |rows: &[f32]| {
        let count = rows.len() / SIZE.count() as usize;
        let mut network = Network::new(network.architecture.clone(), rows, &vec![0; count]).unwrap();
        network.normalize_with(&moments).unwrap();
        network.logits(&gpu, &position).unwrap()
    };
    let some = &features[..10 * SIZE.count() as usize];
    let together = asked(some);
    let alone: Vec<f32> = some.chunks(SIZE.count() as usize).flat_map(asked).collect();
    assert_eq!(largest(&together, 4), largest(&alone, 4));
    for (a, b) in together.iter().zip(&alone) {
        assert!((a - b).abs() <= 1e-5 * a.abs().max(1.0), "{a} {b}");
    }
    // The twin on the moments of all 64 rows.
    let rows: Vec<Vec<f64>> =
        features.chunks(SIZE.count() as usize).map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect();
    let (_, exact) = reference::convolution::flattened_batch(&network.architecture, &position, &rows, None);
    assert_eq!(moments.len(), exact.len());
    for (value, exact) in moments.iter().zip(&exact) {
        assert!((f64::from(*value) - exact).abs() <= 1e-4 * exact.abs().max(0.1), "{value} {exact}");
    }
    let exact = reference::network::logits_of_batch(&network.architecture, &position, some, Some(&exact));
    for (values, exact) in together.chunks(4).zip(&exact) {
        let size = exact.iter().fold(1e-3, |size: f64, z| size.max(z.abs()));
        for (value, exact) in values.iter().zip(exact) {
            assert!((f64::from(*value) - exact).abs() <= 1e-4 * size, "{values:?} {exact}");
        }
    }
}

/// More rows than are scored at a time, for several candidates, by the moments that each has on other rows.
#[test]
fn candidates_are_scored_by_moments_of_their_own() {
    let Some(gpu) = gpu() else { return };
    let model = "conv:4x3p1b0,norm,relu,block:6s2";
    let (learned, learned_features) = network(model, 40);
    let (mut asked, features) = network(model, 4100);
    asked.normalize_by(&learned);
    let members = 5;
    let dims = asked.dims();
    let positions: Vec<f32> = numbers((dims * members) as usize, 7).iter().map(|x| 2.0 * x).collect();
    let clock = gpu.upload("clock", &[3u32, 0, 0, 9, 9, 0, 0, 0]).unwrap();
    let context = Context { largest_chunk: 4, ..Context::new(&gpu, clock.view()) };
    let shape = Shape { blocks: 1, members, width: dims };
    let fitness = Points::fitness_buffer(&gpu, "fitness", shape).unwrap();
    let points = Points::direct(&context, "positions", shape, &fitness).unwrap();
    place(&gpu, &points, &positions);
    let mut recording = Recording::new();
    asked.bind(&context).unwrap().score(&points, &mut recording).unwrap();
    let found: Vec<f32> = gpu.run(&recording, &[points.fitness.view()]).unwrap().values(0);
    let wide = |all: &[f32]| -> Vec<Vec<f64>> {
        all.chunks(SIZE.count() as usize).map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect()
    };
    let labels: Vec<u32> = (0..4100).map(|row| row % 4).collect();
    for (position, found) in positions.chunks(dims as usize).zip(&found) {
        let (_, moments) =
            reference::convolution::flattened_batch(&asked.architecture, position, &wide(&learned_features), None);
        let all = reference::network::logits_of_batch(&asked.architecture, position, &features, Some(&moments));
        let losses = all.iter().zip(&labels).map(|(z, label)| reference::network::row_loss(&asked.loss, z, *label));
        let exact = losses.sum::<f64>() / 4100.0;
        assert!((f64::from(*found) - exact).abs() <= 1e-4 * exact, "{found} {exact}");
    }
}

#[test]
fn a_batch_too_large_for_a_norm_is_refused_with_one_that_fits() {
    let Some(gpu) = gpu() else { return };
    let (network, _) = network(NARROW, 5000);
    let optimizer = Entry::find("pso").unwrap().build(&[].into()).unwrap();
    let error = Run::new(&gpu, &network, optimizer.as_ref()).members(4).start().err().unwrap().to_string();
    assert!(error.contains("batch norm over 5000 rows") && error.contains("--batch 4096"), "{error}");
}
