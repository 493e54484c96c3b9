//! Exported networks say in a runtime of others what `gradless predict` says.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;
#[path = "common/program.rs"]
mod program;

use std::path::Path;

use gradless::model::Model;
use program::{folder, json, output, refused};
use rten::Value;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

/// What a runtime makes of an exported file: the shape of the input, its numbers, the outputs by name.
struct Runtime(rten::Model);

impl Runtime {
    fn load(path: &Path) -> Self {
        Self(rten::Model::load(std::fs::read(path).unwrap()).unwrap())
    }

    fn run<const N: usize>(&self, shape: [usize; N], values: Vec<f32>, outputs: &[&str]) -> Vec<Value> {
        let input = self.0.input_ids()[0];
        let ids: Vec<_> = outputs.iter().map(|name| self.0.node_id(name).unwrap()).collect();
        self.0.run(vec![(input, NdTensor::from_data(shape, values).into())], &ids, None).unwrap()
    }

    /// Probabilities and classes of rows.
    fn classify<const N: usize>(&self, shape: [usize; N], values: Vec<f32>) -> (Vec<f32>, Vec<u32>) {
        let mut values = self.run(shape, values, &["probabilities", "class"]).into_iter();
        let probabilities: NdTensor<f32, 2> = values.next().unwrap().try_into().unwrap();
        let classes: NdTensor<i32, 1> = values.next().unwrap().try_into().unwrap();
        (probabilities.to_vec(), classes.to_vec().into_iter().map(|class| class as u32).collect())
    }
}

/// The rows of a CSV file, and what `predict` says of them: the classes' names, and their probabilities.
fn predicted(home: &Path, run: &str, file: &str) -> (Vec<Vec<String>>, Vec<String>, Vec<f32>) {
    let said = output(home, &format!("predict {run} {file}"));
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let mut reader = csv::Reader::from_reader(said.stdout.as_slice());
    let names: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    let at = names.iter().position(|name| name == "prediction").unwrap();
    let rows: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(String::from).collect()).collect();
    let classes = rows.iter().map(|row| row[at].clone()).collect();
    let shares = rows.iter().flat_map(|row| row[at + 1..].iter().map(|cell| cell.parse::<f32>().unwrap())).collect();
    (rows.into_iter().map(|row| row[..at].to_vec()).collect(), classes, shares)
}

/// That both say the same. Probabilities are printed with six digits, and two ways to sum differ in the sixth or so: a
/// class may differ only where two of them are that close.
fn agree(names: &[String], said: (&[String], &[f32]), (shares, classes): (Vec<f32>, Vec<u32>), what: &str) {
    assert_eq!(said.0.len(), classes.len(), "{what}");
    let far = said.1.iter().zip(&shares).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(said.1.len() == shares.len() && far < 1e-4, "{what}: probabilities differ by {far}");
    for (row, (wanted, class)) in said.0.iter().zip(&classes).enumerate() {
        let shares = &shares[row * names.len()..][..names.len()];
        let place = names.iter().position(|name| name == wanted).unwrap();
        let close = (shares[place] - shares[*class as usize]).abs() < 1e-5;
        assert!(place == *class as usize || close, "{what}, row {row}: {wanted}, not {}", names[*class as usize]);
    }
}

/// Trains on pictures, exports, and compares on the rows held out, at most 1,000.
fn on_pictures(home: &Path, data: &str, arguments: &str, run: &str) {
    let report = json(home, &format!("train {data} {arguments} --seed 3 --out {run}"));
    let model = Model::load(&home.join(run).join("model.safetensors")).unwrap();
    let out = json(home, &format!("export {run} --to onnx"));
    let file = home.join(out["out"].as_str().unwrap());
    assert_eq!(out["bytes"], std::fs::metadata(&file).unwrap().len());
    let pixels = model.encoder.pixels.clone().unwrap();
    let shape = [pixels.channels, pixels.height, pixels.width];
    let test = home.join(run).join("test.csv");
    if !test.exists() {
        // The folder has test files of its own: their first rows, as a table.
        let images = gradless::data::read_folder(Path::new(data)).unwrap();
        let from = images.test_from.unwrap();
        images.save_csv(&(from..from + 1000).collect::<Vec<_>>(), &test).unwrap();
    }
    let (rows, said, shares) = predicted(home, run, &format!("{run}/test.csv"));
    let rows = &rows[..rows.len().min(1000)];
    assert!(rows.len() >= 300, "{} rows", rows.len());
    let classes = model.encoder.classes.len();
    let values = rows.iter().flat_map(|row| row[1..].iter().map(|cell| cell.parse::<f32>().unwrap())).collect();
    let found = Runtime::load(&file).classify([rows.len(), shape[0], shape[1], shape[2]], values);
    let right = rows.iter().zip(&found.1).filter(|(row, class)| row[0] == model.encoder.classes[**class as usize]);
    let accuracy = right.count() as f64 / rows.len() as f64;
    eprintln!("{data} {arguments}: accuracy {accuracy} in the runtime, {} in training", report["test"]["accuracy"]);
    assert!(accuracy > 0.5, "{accuracy}: too little was learned for a comparison to mean much");
    agree(&model.encoder.classes, (&said[..rows.len()], &shares[..rows.len() * classes]), found, data);
}

#[test]
fn networks_on_generated_pictures_say_the_same_elsewhere() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    let adam = "--optimizer adam -s rate=0.003 --batch 64 --generations 100";
    on_pictures(home.path(), "digits-like:5000", &format!("--model mlp:20 {adam}"), "mlp");
    on_pictures(home.path(), "digits-like:5000", &format!("--model lenet5 {adam}"), "lenet");
}

#[test]
fn networks_on_mnist_say_the_same_elsewhere() {
    let Some(data) = std::env::var_os("GRADLESS_DATA").map(|data| Path::new(&data).join("mnist")) else {
        return eprintln!("skipped: GRADLESS_DATA is not set");
    };
    if !data.exists() {
        return eprintln!("skipped: there is no {}", data.display());
    }
    if common::gpu().is_none() {
        return;
    }
    let (home, data) = (folder(), data.display().to_string());
    let adam = "--optimizer adam -s rate=0.002 --batch 64 --generations 60";
    on_pictures(home.path(), &data, &format!("--model lenet5 {adam}"), "lenet");
    on_pictures(home.path(), &data, &format!("--model mlp:32 {adam}"), "mlp");
}

#[test]
fn layers_activations_and_losses_say_the_same_elsewhere() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    for (run, arguments) in [
        ("a", "conv:6x3s2p1,gelu,conv:8x3,tanh,average:2s1,global-average -s rate=0.02"),
        ("b", "conv:6x3,leaky-relu,max:3s1,dense:16,gelu --loss bce -s rate=0.01"),
        ("c", "conv:4x3,sigmoid,max:2,dense:12,leaky-relu -s rate=0.02"),
        ("r", "conv:6x3p1b0,norm,relu,block:6,block:8s2,gelu,global-average -s rate=0.02"),
        ("d", "mlp:16 --activation sigmoid -s rate=0.05"),
        ("e", "mlp:16 --activation identity --loss additive-margin:10,0.2 -s rate=0.02"),
        ("f", "none --loss mse -s rate=0.05"),
    ] {
        let adam = "--optimizer adam --batch 64 --generations 120";
        on_pictures(home.path(), "digits", &format!("--model {arguments} {adam}"), run);
    }
}

#[test]
fn tables_go_in_raw() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    // Numbers far from 0, levels, holes, a column that is dropped, and a class that follows from the rest.
    let mut text = String::from("height,colour,same,weight,class\n");
    for i in 0..300_u32 {
        let x = (i * 7919 % 1000) as f32 / 10.0;
        let colour = ["red", "green", "blue"][(i * 31 % 7 % 3) as usize];
        let class = if x + if colour == "red" { 30.0 } else { 0.0 } > 60.0 { "big" } else { "small" };
        let [height, colour] = [(i % 17 != 3, (1000.0 + x).to_string()), (i % 23 != 5, colour.into())]
            .map(|(there, cell): (bool, String)| if there { cell } else { String::new() });
        text += &format!("{height},{colour},1,{},{class}\n", (i * 104_729 % 997) as f32 * 1e-3);
    }
    std::fs::write(home.path().join("table.csv"), &text).unwrap();
    json(home.path(), "train table.csv --model mlp:8 --optimizer adam -s rate=0.05 --generations 100 --out run");
    json(home.path(), "export run --to onnx -o table.onnx");
    // Levels that training never saw are none of those it knows.
    let more = text.replace("blue", "violet");
    std::fs::write(home.path().join("more.csv"), &more).unwrap();
    let model = Model::load(&home.path().join("run/model.safetensors")).unwrap();
    let runtime = Runtime::load(&home.path().join("table.onnx"));
    let columns: serde_json::Value =
        serde_json::from_str(runtime.0.metadata().get("columns").expect("the text `columns`")).unwrap();
    let names: Vec<_> = columns.as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["height", "colour", "weight"]);
    let levels: Vec<_> = columns[1]["levels"].as_array().unwrap().iter().map(|level| level.as_str().unwrap()).collect();
    assert_eq!(levels, ["blue", "green", "red"]);
    for file in ["table.csv", "more.csv"] {
        let (rows, said, shares) = predicted(home.path(), "run", file);
        let cell = |text: &str| match text {
            "" => f32::NAN,
            "violet" => -1.0,
            _ => levels.iter().position(|level| *level == text).map_or_else(|| text.parse().unwrap(), |at| at as f32),
        };
        let values = rows.iter().flat_map(|row| [0, 1, 3].map(|at| cell(&row[at]))).collect();
        let found = runtime.classify([rows.len(), 3], values);
        agree(&model.encoder.classes, (&said, &shares), found, file);
    }
}

#[test]
fn a_regression_says_the_same_elsewhere() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    json(
        home.path(),
        "train line --loss squared --model mlp:16 --optimizer adam -s rate=0.05 --generations 200 --out run",
    );
    let said = json(home.path(), "predict run run/test.csv");
    json(home.path(), "export run --to onnx");
    let runtime = Runtime::load(&home.path().join("run/model.onnx"));
    let mut reader = csv::Reader::from_path(home.path().join("run/test.csv")).unwrap();
    let values: Vec<f32> = reader.records().map(|row| row.unwrap()[0].parse().unwrap()).collect();
    let found = runtime.run([values.len(), 1], values, &["prediction"]).remove(0);
    let found: NdTensor<f32, 1> = found.try_into().unwrap();
    let wanted: Vec<f64> = said["predictions"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.to_vec().iter().zip(wanted) {
        // Values are about 10, and sums of 16 in two orders.
        assert!((f64::from(*found) - wanted).abs() < 1e-4, "{found} instead of {wanted}");
    }
}

#[test]
fn safetensors_have_the_names_and_the_layout_of_torch() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    json(home.path(), "train digits --model conv:6x3p1,relu,max:2,dense:9 --population 4 --generations 2 --out run");
    json(home.path(), "export run --to safetensors");
    let bytes = std::fs::read(home.path().join("run/weights.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut found: Vec<_> = tensors.iter().map(|(name, tensor)| (name, tensor.shape().to_vec())).collect();
    found.sort();
    let wanted = [
        ("layers.0.bias", vec![6]),
        ("layers.0.weight", vec![6, 1, 3, 3]),
        ("layers.1.bias", vec![9]),
        ("layers.1.weight", vec![9, 96]),
        ("layers.2.bias", vec![10]),
        ("layers.2.weight", vec![10, 9]),
    ];
    assert_eq!(found, wanted);
    let model = Model::load(&home.path().join("run/model.safetensors")).unwrap();
    for (name, _, values) in model.architecture.tensors(&model.weights) {
        let tensor = tensors.tensor(&name.replace("layer.", "layers.")).unwrap();
        assert_eq!(tensor.data(), bytemuck::cast_slice::<f32, u8>(&values), "{name}");
    }
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let about: serde_json::Value = serde_json::from_str(&metadata.metadata().as_ref().unwrap()["network"]).unwrap();
    assert_eq!((&about["loss"], &about["inputs"]["pixels"]["width"]), (&"cross-entropy".into(), &8.into()));
}

#[test]
fn problems_go_out_as_weights_alone() {
    if common::gpu().is_none() {
        return;
    }
    let home = folder();
    for (problem, tensor) in [("spiral", "layers.0.weight"), ("memory", "synapses")] {
        json(home.path(), &format!("train {problem} --population 4 --generations 1 --out {problem}"));
        let message = refused(home.path(), &format!("export {problem} --to onnx"), 2);
        assert!(message.contains("--to safetensors"), "{message}");
        json(home.path(), &format!("export {problem} --to safetensors -o {problem}.safetensors"));
        let bytes = std::fs::read(home.path().join(format!("{problem}.safetensors"))).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert!(tensors.names().contains(&tensor), "{:?}", tensors.names());
    }
}

#[test]
fn what_cannot_be_exported_is_said() {
    let home = folder();
    let at = |name: &str| home.path().join(name);
    let message = refused(home.path(), "export nowhere --to onnx", 1);
    assert!(message.contains("nowhere"), "{message}");
    std::fs::write(at("broken.safetensors"), [0; 40]).unwrap();
    let message = refused(home.path(), "export broken.safetensors --to onnx", 1);
    assert!(message.contains("broken.safetensors: not a model"), "{message}");
    if common::gpu().is_none() {
        return;
    }
    json(home.path(), "train iris --population 4 --generations 2 --out run");
    let message = refused(home.path(), "export run --to keras", 2);
    assert!(message.contains("onnx") && message.contains("safetensors"), "{message}");
    let message = refused(home.path(), "export run --to onnx -o missing/model.onnx", 1);
    assert!(message.contains("missing"), "{message}");
    let message = refused(home.path(), "export run --to safetensors -o run/../run/model.safetensors", 2);
    assert!(message.contains("choose another file"), "{message}");
    Model::load(&at("run/model.safetensors")).unwrap();
}
