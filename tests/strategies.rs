//! Evolution strategies: kernels against their plain-Rust twins, settings refused, functions whose minimum is known.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::Error;
use gradless::gpu::Gpu;
use gradless::objective::{Formula, HostFunction, functions};
use gradless::optimizer::{
    Ars, Decay, Eggroll, Entry, Name, OPTIMIZERS, OpenAiEs, Pepg, Rule, SepCmaEs, Shaping, Snes, Update as Moves,
};
use gradless::population::{Domain, Group, Optimizer, Start};
use gradless::reference::strategy::{Strategy, Update};
use gradless::run::{Run, Snapshot};

/// A seed that fills both words of the key.
const SEED: u64 = 0x299f_31d0_a409_3822;
const GENERATIONS: u32 = 6;
const BOX: Domain =
    Domain { low: -2.0, high: 3.0, start: Start::Uniform, bounded: true, step: None, groups: Vec::new() };
const OPEN: Domain =
    Domain { low: -1.0, high: 1.0, start: Start::Normal, bounded: false, step: None, groups: Vec::new() };

fn optimizer(update: &Update) -> &dyn Optimizer {
    match update {
        Update::OpenAiEs(settings) => settings,
        Update::Eggroll(settings) => settings,
        Update::Snes(settings) => settings,
        Update::Pepg(settings) => settings,
        Update::Ars(settings) => settings,
        Update::SepCmaEs(settings) => settings,
    }
}

/// All strategies of the list with their defaults: what keeps no arrays of the population's size.
fn strategies() -> Vec<(&'static str, Box<dyn Optimizer>)> {
    let all = OPTIMIZERS.iter().map(|entry| (entry.name, entry.build(&[].into()).unwrap()));
    all.filter(|(_, optimizer)| optimizer.arrays() == 0).collect()
}

/// A bowl with ripples, its lowest point off the middle; quarter steps make some members equal, and a part of space has
/// no fitness.
fn bowl(x: &[f32]) -> f32 {
    let sum: f32 = x.iter().map(|x| (x - 0.3) * (x - 0.3) + (5.0 * x).sin()).sum();
    if x[0] > 1.5 { f32::NAN } else { (sum * 4.0).round() / 4.0 }
}

/// The largest difference of two lists of numbers, in units of the larger one where that is above 1.
fn apart<'a>(device: &[f32], twin: impl IntoIterator<Item = &'a f64>) -> f64 {
    let pairs = device.iter().map(|x| f64::from(*x)).zip(twin);
    pairs.map(|(device, twin)| (device - twin).abs() / twin.abs().max(1.0)).fold(0.0, f64::max)
}

fn values(snapshot: &Snapshot, name: &str) -> Vec<f32> {
    let (_, bytes) = snapshot.buffers.iter().find(|(known, _)| known == name).expect("a buffer of this name");
    bytemuck::pod_collect_to_vec(bytes)
}

/// Largest difference in six generations. A normal is off by 2e-6, a sum over members by their number of roundings, and
/// what is carried on adds up. Seen: 2e-5.
const DRIFT: f64 = 1e-4;

/// Both are told the same fitness, so that ranks are the same and only rounding is left.
fn agrees(gpu: &Gpu, update: &Update, members: u32, dims: u32, domain: &Domain) {
    let case = format!("{update:?}, {members} members, {dims} dims");
    let call = |_: &[f32]| -> f32 { unreachable!("the test tells the fitness") };
    let objective = HostFunction { dims, domain: domain.clone(), call };
    let run = Run::new(gpu, &objective, optimizer(update)).members(members).seed(SEED).generations(GENERATIONS);
    // Windows of 64 columns: the largest populations take several.
    let mut run = run.largest_chunk(128).start().unwrap();
    let mut twin = Strategy::start(update.clone(), members, dims, domain.clone(), SEED, GENERATIONS);
    // The only schedule that is written here.
    twin.written = |_, generation, _| 1.0 / (1.0 + generation);
    for generation in 0..GENERATIONS {
        let asked = run.ask().unwrap();
        let difference = apart(&asked, twin.ask().iter().flatten());
        assert!(difference < DRIFT, "{case}: candidates of generation {generation} are {difference} apart");
        let fitness: Vec<f32> = asked.chunks(dims as usize).map(bowl).collect();
        assert_eq!(fitness.len(), members as usize + 1, "{case}: the members and the centre");
        run.tell(&fitness).unwrap();
        twin.tell(&fitness.iter().map(|f| f64::from(*f)).collect::<Vec<_>>());
        let snapshot = run.snapshot().unwrap();
        for (name, twin) in [("centre", &twin.centre), ("spread", &twin.spread), ("best", &twin.best)] {
            let difference = apart(&values(&snapshot, name), twin);
            assert!(difference < DRIFT, "{case}: {name} of generation {generation} is {difference} apart");
        }
        assert_eq!(run.report().best, twin.best_fitness as f32, "{case}, generation {generation}");
    }
}

fn agrees_in_every_shape(gpu: &Gpu, update: &Update) {
    let sizes = if update.antithetic() { [2, 6, 30, 70, 1000] } else { [4, 5, 30, 71, 1000] };
    for (number, members) in sizes.into_iter().enumerate() {
        for dims in [1, 2, 7] {
            let domain = if number % 2 == 0 { BOX } else { OPEN };
            agrees(gpu, update, members, dims, &domain);
        }
    }
}

fn rules() -> Vec<Rule> {
    let adam = Rule { rate: 0.3, ..Rule::default() };
    let usual = |name, decay: &str| Rule { rate: 0.2, decay: decay.into(), ..Rule::usual(name) };
    vec![
        Rule { rule: Name::Sgd, rate: 0.2, decay: Decay::Constant, ..adam.clone() },
        Rule { rule: Name::Momentum, rate: 0.2, decay: Decay::Cosine, rate_end: 0.1, beta1: 0.8, ..adam.clone() },
        Rule { weight_decay: 0.1, beta1: 0.5, beta2: 0.9, ..adam.clone() },
        usual(Name::Nesterov, "step"),
        usual(Name::Amsgrad, "1.0"),
        adam,
    ]
}

#[test]
fn openai_es_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    for rule in rules() {
        for shaping in [Shaping::Ranks, Shaping::Standard] {
            let settings = OpenAiEs { shaping, rule: rule.clone(), ..OpenAiEs::default() };
            agrees_in_every_shape(&gpu, &Update::OpenAiEs(settings));
        }
    }
}

#[test]
fn noise_that_falls_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    let (dims, grouped) = layers();
    let rule = Rule { rate: 0.1, step_every: 0.4, step_factor: 0.3, ..Rule::default() };
    for decay in ["linear", "cosine", "step", "1.0 / (1.0 + generation)"] {
        let (sigma_decay, rule) = (Decay::from(decay), rule.clone());
        let es = OpenAiEs { sigma_decay: sigma_decay.clone(), rule: rule.clone(), ..OpenAiEs::default() };
        let low = Eggroll { sigma_decay: sigma_decay.clone(), rule: rule.clone(), ..Eggroll::default() };
        let ars = Ars { sigma_decay, sigma_end: 0.5, rule, ..Ars::default() };
        for update in [Update::OpenAiEs(es), Update::Eggroll(low), Update::Ars(ars)] {
            agrees(&gpu, &update, 30, dims, &grouped);
            agrees(&gpu, &update, 1000, 7, &BOX);
        }
    }
}

/// Standard deviations of the noise at the end of 40 generations, as shares of the first.
#[test]
fn sigma_ends_where_its_schedule_says() {
    let Some(gpu) = common::gpu() else { return };
    let sphere = Formula::known(functions::find("sphere").unwrap(), 3, 0.5).unwrap();
    let last = |settings: &[(&str, &str)], name: &str| {
        let settings = settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let optimizer = Entry::find(name).unwrap().build(&settings).unwrap();
        let run = Run::new(&gpu, &sphere, optimizer.as_ref()).members(10).generations(40).seed(3);
        let mut run = run.start().unwrap();
        let first = values(&run.snapshot().unwrap(), "spread")[0];
        run.advance(40).unwrap();
        let spread = values(&run.snapshot().unwrap(), "spread");
        assert!(spread.iter().all(|s| *s == spread[0]), "{name}: {spread:?}");
        assert!(values(&run.snapshot().unwrap(), "centre").iter().all(|x| x.is_finite()), "{name}");
        f64::from(spread[0] / first)
    };
    let near = |found: f64, wanted: f64| assert!((found / wanted - 1.0).abs() < 1e-5, "{found} for {wanted}");
    // The last generation begins with a fortieth of the run before it.
    let progress = 39.0 / 40.0f64;
    for name in ["openai-es", "eggroll", "ars"] {
        near(last(&[], name), 1.0);
        near(last(&[("sigma_decay", "linear"), ("sigma_end", "0.2")], name), 1.0 - 0.8 * progress);
        let cosine = 0.5 + 0.5 * (std::f64::consts::PI * progress).cos();
        near(last(&[("sigma_decay", "cosine"), ("sigma_end", "0.2")], name), 0.2 + 0.8 * cosine);
        let steps = [("sigma_decay", "step"), ("step_every", "0.25"), ("step_factor", "0.5")];
        near(last(&steps, name), 0.125);
        near(last(&[("sigma_decay", "exp(-2.0 * progress)")], name), (-2.0 * progress).exp());
        // Whatever is written, there is some noise to divide by.
        for nothing in ["0.0", "-1.0", "log(-1.0 - progress)", "1.0 / (progress - progress)"] {
            near(last(&[("sigma_decay", nothing)], name), 1e-6);
        }
    }
}

#[test]
fn snes_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    agrees_in_every_shape(&gpu, &Update::Snes(Snes::default()));
    agrees_in_every_shape(&gpu, &Update::Snes(Snes { sigma_rate: Some(0.3), mean_rate: 0.5, sigma: 0.1 }));
}

#[test]
fn pepg_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    for rule in rules() {
        for shaping in [Shaping::Ranks, Shaping::Standard] {
            let settings = Pepg { shaping, rule: rule.clone(), sigma_rate: 0.5, ..Pepg::default() };
            agrees_in_every_shape(&gpu, &Update::Pepg(settings));
        }
    }
}

#[test]
fn ars_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    for top in [0.25, 1.0] {
        agrees_in_every_shape(&gpu, &Update::Ars(Ars { top, ..Ars::default() }));
    }
    agrees_in_every_shape(&gpu, &Update::Ars(Ars { rule: Rule::default(), ..Ars::default() }));
}

#[test]
fn sep_cma_es_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    agrees_in_every_shape(&gpu, &Update::SepCmaEs(SepCmaEs::default()));
    agrees_in_every_shape(&gpu, &Update::SepCmaEs(SepCmaEs { sigma: 0.1 }));
}

/// Two layers with biases and a matrix without.
fn layers() -> (u32, Domain) {
    let groups = vec![
        Group { offset: 0, blocks: 3, width: 5, bias: true, scale: 1.0 },
        Group { offset: 15, blocks: 2, width: 4, bias: true, scale: 1.0 },
        Group { offset: 23, blocks: 3, width: 2, bias: false, scale: 1.0 },
    ];
    (29, Domain { groups, ..OPEN })
}

#[test]
fn eggroll_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    let (dims, grouped) = layers();
    for rank in [1, 3] {
        for rule in rules() {
            for shaping in [Shaping::Ranks, Shaping::Standard] {
                let update = Update::Eggroll(Eggroll { rank, shaping, rule: rule.clone(), ..Eggroll::default() });
                for members in [2, 30, 1000] {
                    agrees(&gpu, &update, members, dims, &grouped);
                }
                agrees(&gpu, &update, 30, 7, &BOX);
            }
        }
    }
}

#[test]
fn layers_that_take_turns_agree_with_the_twin() {
    let Some(gpu) = common::gpu() else { return };
    let (dims, grouped) = layers();
    for rule in rules() {
        let es = OpenAiEs { update: Moves::PositionWise, rule: rule.clone(), ..OpenAiEs::default() };
        let low = Eggroll { update: Moves::PositionWise, rule, ..Eggroll::default() };
        for update in [Update::OpenAiEs(es), Update::Eggroll(low)] {
            agrees(&gpu, &update, 30, dims, &grouped);
            // One group where nothing is known of the coordinates: they all move in every generation.
            agrees(&gpu, &update, 30, 7, &BOX);
        }
    }
}

#[test]
fn a_generation_moves_the_last_layers_alone() {
    let Some(gpu) = common::gpu() else { return };
    let (dims, domain) = layers();
    let call = |x: &[f32]| x.iter().enumerate().map(|(i, x)| (x - i as f32).abs()).sum();
    let objective = HostFunction { dims, domain, call };
    let es = OpenAiEs { update: Moves::PositionWise, ..OpenAiEs::default() };
    let mut run = Run::new(&gpu, &objective, &es).members(30).generations(7).seed(4).start().unwrap();
    let mut before = values(&run.snapshot().unwrap(), "centre");
    for first in [23, 15, 0, 23, 15, 0, 23] {
        run.advance(1).unwrap();
        let after = values(&run.snapshot().unwrap(), "centre");
        let moved: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before != after).collect();
        assert_eq!(moved, (0..29).map(|i| i >= first).collect::<Vec<_>>());
        before = after;
    }
}

#[test]
fn an_odd_or_tiny_population_is_refused_with_what_to_do() {
    let Some(gpu) = common::gpu() else { return };
    let objective = Formula::known(functions::find("sphere").unwrap(), 3, 0.0).unwrap();
    // A swarm over outputs needs outputs, noise at the units needs units.
    for entry in OPTIMIZERS.iter().filter(|entry| !["adaswarm", "node-perturbation"].contains(&entry.name)) {
        let optimizer = entry.build(&[].into()).unwrap();
        for members in [1, 3, 5] {
            match Run::new(&gpu, &objective, optimizer.as_ref()).members(members).start() {
                Err(Error::Setting { name, value, remedy }) => {
                    assert_eq!((name.as_str(), value), ("population", members.to_string()), "{}", entry.name);
                    assert!(remedy.contains("even") || remedy.contains("at least 4"), "{}: {remedy}", entry.name);
                }
                Err(error) => panic!("{}: {error}", entry.name),
                // Movers are of any number, and so are strategies without pairs, from four on.
                Ok(_) if optimizer.arrays() == 0 => assert!(members == 5 && !entry.about.contains("antithetic")),
                Ok(_) => {}
            }
        }
    }
}

/// The software adapter ends loops after 65,535 iterations; so many columns of noise take more in one window.
#[test]
fn a_huge_population_is_weighed_to_the_last_member() {
    let Some(gpu) = common::gpu() else { return };
    let objective = Formula::known(functions::find("sphere").unwrap(), 2, 0.5).unwrap();
    let centre = |chunk| {
        let es = OpenAiEs { shaping: Shaping::Standard, ..OpenAiEs::default() };
        let run = Run::new(&gpu, &objective, &es).members(600_000).generations(2).seed(5).largest_chunk(chunk);
        let mut run = run.start().unwrap();
        run.advance(2).unwrap();
        values(&run.snapshot().unwrap(), "centre")
    };
    assert_eq!(centre(u32::MAX), centre(100_000));
}

/// The largest finite fitness squared is not finite; a strategy must neither stand still nor lose its centre over it.
#[test]
fn enormous_fitness_still_leads_somewhere() {
    let Some(gpu) = common::gpu() else { return };
    let call = |x: &[f32]| 3e38 * (x[0] / 10.0 + 0.5);
    let objective = HostFunction { dims: 3, domain: Domain::boxed(-4.0, 4.0), call };
    let standard = Box::new(OpenAiEs { shaping: Shaping::Standard, ..OpenAiEs::default() });
    let all: [Box<dyn Optimizer>; 3] = [standard, Box::new(Eggroll::default()), Box::new(Ars::default())];
    for optimizer in all {
        let run = Run::new(&gpu, &objective, optimizer.as_ref()).members(20).generations(30).seed(2);
        let mut run = run.start().unwrap();
        let first = run.advance(1).unwrap().best;
        let best = run.advance(29).unwrap().best;
        assert!(best < first, "{optimizer:?}: {best:e} after {first:e}");
        assert!(values(&run.snapshot().unwrap(), "centre").iter().all(|x| x.is_finite()), "{optimizer:?}");
    }
}

/// Where nothing has a fitness, the best position is at least a position.
#[test]
fn a_run_without_any_fitness_keeps_its_first_centre() {
    let Some(gpu) = common::gpu() else { return };
    let objective = HostFunction { dims: 3, domain: Domain::boxed(2.0, 4.0), call: |_: &[f32]| f32::NAN };
    for (name, optimizer) in strategies() {
        let mut run = Run::new(&gpu, &objective, optimizer.as_ref()).members(8).generations(5).start().unwrap();
        run.advance(5).unwrap();
        let best = run.best().unwrap();
        assert!(best.iter().all(|x| (2.0..=4.0).contains(x)), "{name}: {best:?}");
    }
}

/// Median of 9 runs of 40 members, 1,000 generations, 10 dimensions, the minimum moved.
fn moved_median(gpu: &Gpu, optimizer: &dyn Optimizer, name: &str) -> f64 {
    let function = functions::find(name).unwrap();
    let objective = Formula::known(function, 10, function.shift).unwrap();
    let best = |seed| {
        let run = Run::new(gpu, &objective, optimizer).members(40).generations(1000).seed(seed);
        f64::from(run.start().unwrap().advance(1000).unwrap().best)
    };
    let mut bests: Vec<f64> = (0..9).map(best).collect();
    bests.sort_by(f64::total_cmp);
    bests[4]
}

#[test]
fn strategies_find_moved_minima() {
    let Some(gpu) = common::gpu() else { return };
    // Several times the medians of 15 seeds. Noise of fixed size does not fit into the valley of Rosenbrock.
    let bounds = [
        ("openai-es", [0.1, 3000.0, 80.0]),
        ("eggroll", [1e-9, 3000.0, 80.0]),
        ("snes", [1e-9, 20.0, 12.0]),
        ("pepg", [1e-9, 20.0, 12.0]),
        ("ars", [1e-5, 5000.0, 80.0]),
        ("sep-cma-es", [1e-9, 10.0, 15.0]),
    ];
    for (name, strategy) in strategies() {
        let (_, bounds) = bounds.iter().find(|(known, _)| *known == name).expect("bounds for every strategy");
        for (function, bound) in ["sphere", "rosenbrock", "rastrigin"].into_iter().zip(bounds) {
            let found = moved_median(&gpu, strategy.as_ref(), function);
            println!("{name} on {function}: median {found:.3e}");
            assert!(found < *bound, "{name} on {function}: median {found:e}, bound {bound:e}");
        }
    }
}

/// The step of one generation from the same start, down a slope.
fn step_down(gpu: &Gpu, optimizer: &dyn Optimizer, slope: [f32; 29]) -> Vec<f64> {
    let (dims, domain) = layers();
    let call = move |x: &[f32]| -> f32 { x.iter().zip(slope).map(|(x, a)| a * x).sum() };
    let objective = HostFunction { dims, domain, call };
    let run = Run::new(gpu, &objective, optimizer).members(40_000).generations(1).seed(4);
    let mut run = run.start().unwrap();
    let first = values(&run.snapshot().unwrap(), "centre");
    run.advance(1).unwrap();
    let then = values(&run.snapshot().unwrap(), "centre");
    then.iter().zip(first).map(|(then, first)| f64::from(then - first)).collect()
}

#[test]
fn low_rank_noise_leads_where_full_noise_leads_on_average() {
    let Some(gpu) = common::gpu() else { return };
    const SLOPE: [f32; 29] = {
        let mut slope = [0.0; 29];
        let mut i = 0;
        while i < 29 {
            slope[i] = ((i * 7) % 11) as f32 - 5.0;
            i += 1;
        }
        slope
    };
    let rule = Rule { rule: Name::Sgd, rate: 0.1, decay: Decay::Constant, ..Rule::default() };
    let full = OpenAiEs { shaping: Shaping::Standard, rule: rule.clone(), ..OpenAiEs::default() };
    let length = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let slope = SLOPE.map(|a| -f64::from(a));
    let check = |step: &[f64], what: &str| {
        let cosine = step.iter().zip(slope).map(|(a, b)| a * b).sum::<f64>() / length(step) / length(&slope);
        // Standard error of a coordinate of the direction: 1 / sqrt(20,000 pairs), of 29 of them 0.04, more for products.
        assert!(cosine > 0.99, "{what}: cosine {cosine}");
        // A standard score per 0.2 units, times the rate: 0.1 / 0.2.
        assert!((length(step) / 0.5 - 1.0).abs() < 0.02, "{what}: length {}", length(step));
    };
    check(&step_down(&gpu, &full, SLOPE), "full noise");
    for rank in [1, 3] {
        let low = Eggroll { rank, rule: rule.clone(), ..Eggroll::default() };
        check(&step_down(&gpu, &low, SLOPE), &format!("rank {rank}"));
    }
}
