//! Every shader is valid, portable and loaded by some module. No device needed, but for the generated ones.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

#[path = "common/barriers.rs"]
mod barriers;
#[path = "common/branches.rs"]
mod branches;
mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use barriers::barrier_trouble;
use branches::branch_trouble;
use gradless::gpu::{Source, WORKGROUP};
use gradless::objective::circuit::{self, Circuit, Mapping, Task};
use gradless::objective::functions::FUNCTIONS;
use gradless::objective::network::pictures::Size;
use gradless::objective::network::{Activation, Architecture, Form, Loss, Margin, Network, Spec};
use gradless::objective::ode::{Field, Fit, Integrator, NeuralField, Observed, Ode, SYSTEMS};
use gradless::optimizer::Entry;
use gradless::run::Run;
use naga::AddressSpace;
use naga::back::{hlsl, msl, spv};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// All files below `folder`.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn every_shader_is_loaded_by_a_module() {
    let mut loaded = BTreeSet::new();
    for file in walk(&folder("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        // A test that reads a shader does not put it to use.
        let module = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for call in module.split("include_str!(\"").skip(1) {
            let path = file.parent().unwrap().join(call.split('"').next().unwrap());
            loaded.insert(path.canonicalize().unwrap_or_else(|_| panic!("{} loads {path:?}", file.display())));
        }
    }
    let files = walk(&folder("shaders"));
    assert!(files.len() > 50, "the folder of shaders");
    for file in files {
        assert!(loaded.contains(&file.canonicalize().unwrap()), "no module loads {}", file.display());
    }
}

/// A shader with every constant that the engine sets for a run.
fn constants() -> Source {
    let numbers = [
        ("ALL_BLOCKS", 42),
        ("ALL_HALF", 3),
        ("ALL_ROWS", 150),
        ("ALL_CHANNELS", 9),
        ("BY_CHUNK", 1),
        ("CHANNELS", 3),
        ("FIRST_CHANNEL", 2),
        ("BLEND_COLUMNS", 4),
        ("BIASES", 15),
        ("BIAS_TILES", 1),
        ("BLOCKS", 1),
        ("BLOCK_WIDTH", 3),
        ("CANDIDATES", 70),
        ("CANDIDATE_QUADS", 18),
        ("NORMS", 3),
        ("CENTRE", 68),
        ("CHANGING", 0),
        ("CHUNKS", 2),
        ("CHUNK_MEMBERS", 36),
        ("COLUMNS", 1176),
        ("COLUMNS_OF_MEMBERS", 16),
        ("COORDINATES", 7),
        ("DIMS", 7),
        ("FEATURES_APART", 2048),
        ("FEATURE_COLUMNS", 256),
        ("FROM_APART", 3072),
        ("FROM_COLUMNS", 256),
        ("FROM_VALUES", 12),
        ("LINES", 3),
        ("PIXELS", 4),
        ("SLICES", 2),
        ("TO_LINES", 2),
        ("TO_PIXELS", 2),
        ("TO_VALUES", 4),
        ("VALUES", 4),
        ("WEIGHTS", 20),
        ("WINDOWS", 4),
        ("WINDOWS_ACROSS", 2),
        ("WINDOWS_DOWN", 2),
        ("WINDOW_LINES", 2),
        ("WINDOW_PIXELS", 2),
        ("WINDOW_STRIDE", 1),
        ("FIRST_ROW", 50),
        ("FIRST_BLOCK", 5),
        ("FROM_ROWS", 0),
        ("GATE", 1),
        ("GROUP_OFFSET", 2),
        ("HALF", 4),
        ("HISTORY", 1024),
        ("LANE", 1),
        ("LANE_BLOCKS", 9),
        ("LANE_HALF", 2),
        ("INPUTS", 5),
        ("LEFT", 0),
        ("LIFTED_QUADS", 20),
        ("MEMBERS", 70),
        ("MEMBER_COLUMNS", 16),
        ("MEMBER_COUNT", 10),
        ("MEMBER_QUADS", 18),
        ("MOVES", 5),
        ("NOISE_QUADS", 10),
        ("NOISE_ROWS", 7),
        ("OFFSET", 7),
        ("OUTPUTS", 3),
        ("PADDED", 8),
        ("PADDED_OUTPUTS", 8),
        ("PADDED_ROWS", 256),
        ("PADDED_MEMBERS", 12),
        ("PAIRS", 35),
        ("QUADS", 9),
        ("RANK", 2),
        ("RANKED", 70),
        ("REDUCE", 256),
        ("RIGHT", 6),
        ("ROWS", 150),
        ("ROW_BLOCKS", 2),
        ("ROW_VECTORS", 1),
        ("SECOND", 1),
        ("SEVERAL", 16),
        ("SLOTS", 20),
        ("SHARED", 2),
        ("SORTED", 128),
        ("SOME_ROWS", 100),
        ("SPACE_DIMS", 50),
        ("STAGED", 120),
        ("STRIDE", 36),
        ("SUBSPACE_DIMS", 7),
        ("TOP", 20),
        ("DIFFERING", 1),
        ("FIRST", 10),
        ("FROM", 2),
        ("ITERATIONS", 10),
        ("IN_ROWS", 1),
        ("PARTICLES", 10),
        ("PART_ROWS", 4096),
        ("STATES", 30),
        ("SWARMS", 1),
        ("TOGETHER", 3),
        ("THREADS", 640),
        ("UNITS", 3),
        ("VECTORS", 640),
        ("WIDTH", 7),
        ("WINDOW", 64),
        ("WINDOW_LABELS", 16),
        ("WORKGROUP", WORKGROUP),
    ];
    let source = numbers.into_iter().fold(Source::new(), |source, (name, value)| source.constant(name, value));
    let numbers = [
        ("BOX_CENTRE", 0.5),
        ("BOX_HALF", 0.5),
        ("SHARE", 0.01),
        ("EPSILON", 1e-5),
        ("LOWERED", 10.5),
        ("ROOT", 0.5),
        ("SCALE", 30.0),
        ("SHIFT", 0.5),
        ("SHORTEST", 1e-12),
        ("SMALLEST_SHARE", 1e-6),
        ("SMALLEST_VARIANCE", 1e-5),
        ("WALL_LOW", -1.0),
        ("WALL_HIGH", 1.0),
    ];
    numbers.into_iter().fold(source, |source, (name, value)| source.constant_f32(name, value))
}

/// Optimizers whose shader is all of their own.
const ALONE: [&str; 8] = ["pso", "mpso", "empso", "gwo", "snes", "ars", "sep-cma-es", "blocks"];

/// The shaders with entry points that are files, assembled as the engine does.
fn assembled() -> Vec<(String, Source)> {
    let file = |path: &str| std::fs::read_to_string(folder("shaders").join(path)).unwrap();
    let mut all = Vec::new();
    let mut add = |name: &str, pieces: &[(&str, String)]| {
        let whole = pieces.iter().try_fold(constants(), |source, (name, text)| source.piece(name, text)).unwrap();
        all.push((name.to_string(), whole));
    };
    add("run", &[("run", file("run.wgsl"))]);
    for name in ["copy", "multiply_add"] {
        add(name, &[(name, file(&format!("bench/{name}.wgsl")))]);
    }
    for name in ALONE {
        add(name, &[(name, file(&format!("optimizer/{name}.wgsl")))]);
    }
    for points in ["vector", "blocks"] {
        let pieces = [(points, file(&format!("points/{points}.wgsl"))), ("spell", file("points/spell.wgsl"))];
        add(points, &pieces);
    }
    add("begin", &[("begin", file("points/begin.wgsl"))]);
    add("noise", &[("noise", file("points/noise.wgsl"))]);
    add("utility", &[("utility", file("optimizer/utility.wgsl"))]);
    let noise_at = "fn noise_at(i: u32, column: u32) -> f32 { return noise[i * 40u + column]; }".to_string();
    let perturbed = file("points/perturbed.wgsl");
    for (name, path) in [("spell", "points"), ("lift", "points"), ("subspace", "optimizer")] {
        let pieces = [
            ("noise_at", noise_at.clone()),
            ("perturbed", perturbed.clone()),
            (name, file(&format!("{path}/{name}.wgsl"))),
        ];
        add(name, &pieces);
    }
    let noise_quad = "fn noise_quad(i: u32, quad: u32) -> vec4f { return noise[i * 10u + quad]; }".to_string();
    add("lean", &[("noise_quad", noise_quad), ("lean", file("optimizer/lean.wgsl"))]);
    add("lean_low_rank", &[("lean_low_rank", file("optimizer/lean_low_rank.wgsl"))]);
    for rule in walk(&folder("shaders/optimizer/rule")).iter().filter(|path| !path.ends_with("rate.wgsl")) {
        let text = std::fs::read_to_string(rule).unwrap();
        for name in ["descend", "emulated", "pepg", "random-search"] {
            let linear = file("optimizer/decay/linear.wgsl");
            let named = (name, file(&format!("optimizer/{name}.wgsl")));
            let pieces = [("left", linear), ("rule", text.clone()), ("turns", file("optimizer/turns.wgsl")), named];
            add(&format!("{name}, {}", rule.display()), &pieces);
        }
    }
    let written = "fn written(progress: f32, generation: f32, horizon: f32) -> f32 { return progress; }".to_string();
    for decay in walk(&folder("shaders/optimizer/decay")) {
        let text = std::fs::read_to_string(&decay).unwrap();
        let (sgd, descend) = (file("optimizer/rule/sgd.wgsl"), file("optimizer/descend.wgsl"));
        let turns = ("turns", file("optimizer/turns.wgsl"));
        let pieces = [("written", written.clone()), ("left", text), ("rule", sgd), turns, ("descend", descend)];
        add(&format!("descend, {}", decay.display()), &pieces);
        let sigma = ("sigma", file("optimizer/sigma.wgsl"));
        add(&format!("sigma, {}", decay.display()), &[pieces[0].clone(), pieces[1].clone(), sigma]);
    }
    let (direct, evaluate) = (file("points/direct.wgsl"), file("objective/evaluate.wgsl"));
    for function in FUNCTIONS {
        let text = function.wgsl.to_string();
        add(function.name, &[("direct", direct.clone()), ("function", text), ("evaluate", evaluate.clone())]);
    }
    let unmoved = direct.replace("fn at(", "fn unmoved_at(");
    let sphere = file("functions/sphere.wgsl");
    add("slope", &[("direct", unmoved), ("function", sphere), ("slope", file("objective/slope.wgsl"))]);
    add("batch", &[("batch", file("objective/network/batch.wgsl"))]);
    add("total", &[("total", file("objective/total.wgsl"))]);
    add("cosines", &[("cosines", file("objective/network/cosines.wgsl"))]);
    add("pool", &[("pool", file("objective/network/pool.wgsl"))]);
    let relu = file("objective/activation/relu.wgsl");
    for name in ["norm", "norm_slopes", "sum", "sum_slopes"] {
        let piece = (&*format!("of_{name}"), file(&format!("objective/network/{name}.wgsl")));
        add(name, &[("activation", relu.clone()), piece]);
    }
    add("pool slopes", &[("activation", relu), ("pool_slopes", file("objective/network/pool_slopes.wgsl"))]);
    add("slices", &[("slices", file("objective/network/slices.wgsl"))]);
    add("cosine slopes", &[("cosine_slopes", file("objective/network/cosine_slopes.wgsl"))]);
    let place = "struct Place { coordinate: u32, scale: f32, centre: f32 }\nfn place(t: u32) -> Place { return Place(t, 1.0, 0.0); }";
    let stage = file("objective/network/stage.wgsl");
    add("stage", &[("direct", direct), ("places", place.to_string()), ("stage", stage)]);
    let tanh = file("objective/activation/tanh.wgsl");
    add("values", &[("activation", tanh), ("values", file("objective/network/values.wgsl"))]);
    // What losses share, and what a swarm makes of them, are no losses.
    let shared =
        ["sigmoid_outputs", "number_outputs", "outputs_of_row", "outputs_apart", "outputs_together", "softmax"];
    let losses = walk(&folder("shaders/objective/loss"));
    for loss in losses.into_iter().filter(|path| !shared.iter().any(|name| path.ends_with(format!("{name}.wgsl")))) {
        let mut text = std::fs::read_to_string(&loss).unwrap();
        if text.contains("users_loss(") {
            let users = "fn users_loss(output: f32, wanted: f32) -> f32 { return output - wanted; }";
            text = format!("//! import sigmoid_outputs\n{users}\n{text}");
        }
        let apart = text.contains("fn output_loss");
        let minimized = file(&format!("objective/loss/outputs_{}.wgsl", if apart { "apart" } else { "together" }));
        for kernel in ["output_swarm", "output_swarm_shared"] {
            let swarm = file(&format!("objective/network/{kernel}.wgsl"));
            let pieces = [("loss", text.clone()), ("minimized", minimized.clone()), ("swarm", swarm)];
            add(&format!("{kernel}, {}", loss.display()), &pieces);
        }
        let slopes = file("objective/network/slopes.wgsl");
        add(&format!("slopes, {}", loss.display()), &[("loss", text.clone()), ("slopes", slopes)]);
        let losses = file("objective/network/layered_loss.wgsl");
        add(&format!("losses, {}", loss.display()), &[("loss", text), ("losses", losses)]);
    }
    all
}

/// Parses, validates, and translates to what Vulkan, Metal and Direct3D take; then the portable limits and barriers.
fn check(name: &str, source: &Source) {
    let (module, info) = source.check().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(!module.entry_points.is_empty(), "{name} has no entry point");
    spv::write_vec(&module, &info, &spv::Options::default(), None).unwrap_or_else(|e| panic!("{name}, SPIR-V: {e}"));
    // Subgroup operations are chosen on software adapters with Vulkan alone.
    let subgroups = source.text().contains("subgroupBroadcast");
    if !subgroups {
        let (options, pipeline) = (msl::Options::default(), msl::PipelineOptions::default());
        msl::write_string(&module, &info, &options, &pipeline).unwrap_or_else(|e| panic!("{name}, MSL: {e}"));
        let (options, pipeline) = (hlsl::Options::default(), hlsl::PipelineOptions::default());
        let mut text = String::new();
        let mut writer = hlsl::Writer::new(&mut text, &options, &pipeline);
        writer.write(&module, &info, None).unwrap_or_else(|e| panic!("{name}, HLSL: {e}"));
    }
    for (index, entry) in module.entry_points.iter().enumerate() {
        let name = format!("{name}, {}", entry.name);
        let (mut storage, mut uniform, mut shared) = (0, 0, 0);
        for (handle, variable) in module.global_variables.iter() {
            if info.get_entry_point(index)[handle].is_empty() {
                continue;
            }
            let size = module.types[variable.ty].inner.size(module.to_ctx());
            match variable.space {
                AddressSpace::Storage { .. } => storage += 1,
                AddressSpace::Uniform => {
                    uniform += 1;
                    assert!(size <= 65_536, "{name}: a uniform of {size} bytes");
                }
                AddressSpace::WorkGroup => shared += size,
                _ => {}
            }
            let group = variable.binding.as_ref().map_or(0, |binding| binding.group);
            assert!(group < 4, "{name}: bind group {group}");
        }
        assert!(storage <= 8, "{name}: {storage} storage buffers");
        assert!(uniform <= 12, "{name}: {uniform} uniforms");
        assert!(shared <= 16_384, "{name}: {shared} bytes of workgroup memory");
        let threads: u32 = entry.workgroup_size.iter().product();
        assert!(threads <= 256, "{name}: {threads} threads");
    }
    if let Some(trouble) = barrier_trouble(&module) {
        panic!("{name}: {trouble}");
    }
    assert_eq!(
        branch_trouble(&module, &source.text()),
        [""; 0],
        "{name}: `of_thread` keeps uniforms from deciding alone"
    );
}

#[test]
fn every_shader_is_valid_and_portable() {
    let all = assembled();
    assert!(all.len() > 40);
    for (name, source) in all {
        check(&name, &source);
    }
}

/// The same for every system under every integrator.
#[test]
fn every_integrator_is_valid_and_portable() {
    for system in SYSTEMS.iter() {
        for integrator in Integrator::ALL {
            let ode = Ode { integrator, ..Ode::new(system) };
            for source in ode.sources().unwrap() {
                check(&format!("{}, {}", system.name, integrator.name()), &source);
            }
        }
    }
}

/// The same for what the engine itself assembles and generates.
#[test]
fn every_kernel_of_a_run_is_valid_and_portable() {
    let Some(gpu) = common::gpu() else { return };
    let architecture = |hidden: &[u32]| Architecture {
        inputs: 5,
        hidden: hidden.to_vec(),
        outputs: 3,
        activation: Activation::Tanh,
        pictures: None,
    };
    let networks = [
        (architecture(&[4]), Form::Registers),
        (architecture(&[6, 4]), Form::Registers),
        (architecture(&[5]), Form::Registers),
        (architecture(&[10]), Form::Tiled),
        (architecture(&[12, 80]), Form::Layered),
        (architecture(&[7]), Form::Layered),
    ];
    let (plain, double, margin) = (Loss::CrossEntropy, Loss::DoubleSoftmax, Loss::AdditiveMargin(Margin::USUAL));
    let losses = [plain, Loss::Bce, double, Loss::Mse, Loss::Mae, margin];
    for (number, (architecture, form)) in networks.into_iter().enumerate() {
        let mut network = Network::new(architecture, &[0.5; 100], &[1; 20]).unwrap();
        network.form = Some(form);
        network.batch = (number % 2 == 0).then_some(8);
        network.loss = losses[number].clone();
        for entry in gradless::optimizer::OPTIMIZERS {
            let optimizer = Entry::find(entry.name).unwrap().build(&[].into()).unwrap();
            let without_margins = optimizer.blockwise() || entry.name == "node-perturbation";
            if without_margins && network.loss.margin().is_some() {
                continue;
            }
            for gpu in [&gpu, &gpu.clone().without_subgroups()] {
                Run::new(gpu, &network, optimizer.as_ref()).members(10).start().unwrap();
            }
        }
    }
    let size = Size { channels: 2, height: 9, width: 9 };
    for model in [
        "conv:5x3p1,gelu,max:2,conv:9x2s2,relu,average:2,dense:4,relu",
        "max:3s1,conv:3x3,tanh,global-average",
        "conv:3x3b0,norm,gelu,block:3,block:5s2,tanh",
    ] {
        let architecture = Spec::parse(model, true).unwrap().build(Some(size), (162, 3), Activation::Relu).unwrap();
        let network = Network::new(architecture, &[0.5; 1620], &[1; 10]).unwrap();
        let normed = model.contains("norm");
        for optimizer in
            ["adam", "pso", "node-perturbation"].into_iter().filter(|name| !(normed && name.contains("node")))
        {
            let optimizer = Entry::find(optimizer).unwrap().build(&[].into()).unwrap();
            for gpu in [&gpu, &gpu.clone().without_subgroups()] {
                Run::new(gpu, &network, optimizer.as_ref()).members(10).start().unwrap();
            }
        }
    }
    for activation in [Activation::Tanh, Activation::Gelu] {
        for integrator in [Integrator::Euler, Integrator::Rk2, Integrator::Rk4] {
            for optimizer in ["adam", "openai-es"] {
                let field = NeuralField { hidden: vec![60, 5], activation, cubed: true, timed: true };
                let observed = Observed::new(&["x", "y"], &[0.0, 1.0, 3.0], &[0.5; 6]).unwrap();
                let fit =
                    Fit { integrator, bound: Some(1.0), batch: Some(3), ..Fit::new(Field::Neural(field), observed) };
                let optimizer = Entry::find(optimizer).unwrap().build(&[].into()).unwrap();
                Run::new(&gpu, &fit, optimizer.as_ref()).members(10).start().unwrap();
            }
        }
    }
    let texts = gpu.shaders();
    assert!(texts.len() > 20, "{} kernels", texts.len());
    for text in texts {
        let source = Source::new().piece("assembled", &text.replace("//! import", "// import")).unwrap();
        check("a run's", &source);
    }
}

/// The same for circuits of neurons, the way back included.
#[test]
fn every_kernel_of_a_circuit_is_valid_and_portable() {
    let Some(gpu) = common::gpu() else { return };
    let strategy = Entry::find("openai-es").unwrap().build(&[].into()).unwrap();
    let descent = Entry::find("adam").unwrap().build(&[].into()).unwrap();
    // Spelt out, and in loops; synapses in workgroup memory, and in storage.
    for neurons in [5, 70] {
        for mapping in [Mapping::Trial, Mapping::Neuron] {
            let currents = Circuit { neurons, mapping: Some(mapping), ..Circuit::default() };
            Run::new(&gpu, &currents, descent.as_ref()).members(4).start().unwrap();
            let conductances = Circuit {
                form: circuit::Form::Conductance,
                task: Task::Memory,
                loss: circuit::Loss::Discrete,
                integrator: circuit::Integrator::Rk2,
                ..currents
            };
            Run::new(&gpu, &conductances, strategy.as_ref()).members(4).start().unwrap();
        }
    }
    for text in gpu.shaders() {
        let source = Source::new().piece("assembled", &text.replace("//! import", "// import")).unwrap();
        check("a circuit's", &source);
    }
}
