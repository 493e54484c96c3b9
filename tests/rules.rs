//! Every update rule with every schedule on the device, against its plain-Rust twin.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::gpu::{Gpu, Recording, Source, Threads, WORKGROUP};
use gradless::optimizer::{Decay, Name, OPTIMIZERS, Rule, Varied};
use gradless::population::Context;
use gradless::reference::rule::{Stepper, Written};

const MEMBERS: u32 = 3;
const DIMS: u32 = 4;
const SLOTS: usize = (MEMBERS * DIMS) as usize;
const STEPS: u32 = 50;
/// Reached before the last step: schedules must stay where they end.
const HORIZON: u32 = 40;
const UNIT: f32 = 0.75;

/// Steps of every slot from given values against given gradients, and the rates of the members.
const KERNEL: &str = "//! import rate, grid
    @group(1) @binding(0) var<storage, read_write> values: array<f32>;
    @group(1) @binding(1) var<storage, read> gradients: array<f32>;
    @group(1) @binding(2) var<storage, read_write> rates: array<f32>;
    @compute @workgroup_size(WORKGROUP)
    fn step_all(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
        let slot = line(global, groups);
        if slot >= SLOTS { return; }
        let member = slot / DIMS;
        let t = f32(clock.generation + 1u + member);
        values[slot] = stepped(slot, member, t, values[slot], gradients[slot], UNIT);
        rates[member] = rate_now(member);
    }";

/// Numbers that differ by member.
fn settings(rule: Name, decay: &Decay) -> Vec<Rule> {
    let of = |text: &str, member| text.parse::<Varied>().unwrap().of(member, MEMBERS);
    let one = |member| Rule {
        rule,
        decay: decay.clone(),
        rate: of("0.001..0.1", member),
        rate_end: of("0.02|0.5|0", member),
        step_factor: of("0.1|0.5|1", member),
        step_every: of("0.3333|0.1|0.25", member),
        beta1: of("0.9|0.5|0", member),
        beta2: of("0.999|0.9|0.99", member),
        epsilon: of("1e-8..1e-2", member),
        weight_decay: of("0|0.1|0.01", member),
    };
    (0..MEMBERS).map(one).collect()
}

/// The gradient of a slot: of all sizes and both signs, now and then none.
fn gradient(slot: usize, step: u32) -> f32 {
    let size = 10f32.powi(slot as i32 % 5 - 2);
    let wave = ((step as usize * 7 + slot * 3) % 11) as f32 - 3.5;
    if (step as usize + slot).is_multiple_of(9) { 0.0 } else { size * wave }
}

/// Half of the values are 0, where the step is seen by itself.
fn value(slot: usize, step: u32) -> f32 {
    if slot.is_multiple_of(2) { 0.0 } else { (slot as f32 - 5.0) * 0.3 + step as f32 * 0.01 }
}

/// The largest difference of device and twin, and where it is. In units of the largest step so far of the coordinate,
/// since gradients of both signs cancel, and of the value.
fn apart(gpu: &Gpu, rule: Name, decay: &Decay, written: Written) -> f64 {
    let words = |generation: u32| [7, 0, generation, HORIZON, u32::MAX, 0, 0, 0];
    let clock = gpu.upload("clock", &words(0)).unwrap();
    let context = Context::new(gpu, clock.view());
    let rules = settings(rule, decay);
    let (source, bindings) = Rule::bound(&context, &rules, SLOTS as u64).unwrap();
    let source = Source::new()
        .constant("WORKGROUP", WORKGROUP)
        .constant("DIMS", DIMS)
        .constant_f32("UNIT", UNIT)
        .join(&source)
        .piece("test", KERNEL)
        .unwrap();
    let values = gpu.buffer::<f32>("values", SLOTS as u64).unwrap();
    let gradients = gpu.buffer::<f32>("gradients", SLOTS as u64).unwrap();
    let rates = gpu.buffer::<f32>("rates", MEMBERS.into()).unwrap();
    let bindings = bindings
        .and(&context.clock)
        .with("values", values.view())
        .with("gradients", gradients.view())
        .with("rates", rates.view());
    let mut recording = Recording::new();
    let kernel = gpu.kernel("step_all", &source).unwrap();
    recording.dispatch(gpu, &kernel, &bindings, Threads::Line(SLOTS as u32)).unwrap();
    let mut twins: Vec<Stepper> = (0..SLOTS).map(|slot| Stepper::new(&rules[slot / DIMS as usize])).collect();
    twins.iter_mut().for_each(|twin| twin.written = written);
    let mut largest = [0f64; SLOTS];
    let mut worst = 0f64;
    for step in 0..STEPS {
        gpu.write(&clock.view(), &words(step));
        let before: Vec<f32> = (0..SLOTS).map(|slot| value(slot, step)).collect();
        gpu.write(&values.view(), &before);
        gpu.write(&gradients.view(), &(0..SLOTS).map(|slot| gradient(slot, step)).collect::<Vec<_>>());
        let read = gpu.run(&recording, &[values.view(), rates.view()]).unwrap();
        let (after, rates): (Vec<f32>, Vec<f32>) = (read.values(0), read.values(1));
        for (slot, twin) in twins.iter_mut().enumerate() {
            let member = slot as u32 / DIMS;
            let rate = twin.rate(step, HORIZON);
            let off = (f64::from(rates[member as usize]) - rate).abs() / rate.abs().max(1e-12);
            assert!(
                off < TOLERANCE,
                "{rule:?}, {decay}, generation {step}: rate {} for {rate}",
                rates[member as usize]
            );
            let x = f64::from(before[slot]);
            let wanted = twin.stepped(step + 1 + member, rate, x, gradient(slot, step).into(), UNIT.into());
            largest[slot] = largest[slot].max((wanted - x).abs());
            let found = f64::from(after[slot]);
            let off = (found - wanted).abs() / (largest[slot] + x.abs()).max(1e-12);
            let case = format!("{rule:?}, {decay}, step {step}, slot {slot}");
            assert!(off < TOLERANCE, "{case}: {found:e} for {wanted:e}, largest step {:e}", largest[slot]);
            worst = worst.max(off);
        }
    }
    worst
}

/// A few roundings are 1e-6. What is more comes from `pow` and `cos`: WGSL asks of log2 no more than 2^-21 absolute,
/// which 1 - beta2^t with beta2 = 0.999 makes 3e-4 relative (half of it under the root), and of cos 2^-11; adapters are
/// far better than that. Seen on lavapipe: 6e-5, and 3e-7 for the rules without powers.
const TOLERANCE: f64 = 2e-4;

#[test]
fn every_rule_and_schedule_agrees_with_its_twin() {
    let Some(gpu) = common::gpu() else { return };
    let one: Written = |_, _, _| 1.0;
    let schedules: [(Decay, Written); 7] = [
        (Decay::Constant, one),
        (Decay::Linear, one),
        (Decay::Cosine, one),
        (Decay::Step, one),
        ("exp(-3.0 * progress)".into(), |progress, _, _| (-3.0 * progress).exp()),
        ("1.0 / (1.0 + generation) + horizon".into(), |_, generation, horizon| 1.0 / (1.0 + generation) + horizon),
        // Not a number in the first generation.
        ("progress / (progress * horizon) - 1.0".into(), |progress, _, horizon| progress / (progress * horizon) - 1.0),
    ];
    for rule in Name::ALL {
        let worst = schedules.iter().map(|(decay, written)| apart(&gpu, rule, decay, *written)).fold(0.0, f64::max);
        println!("{rule:?}: {worst:.1e}");
    }
}

/// A checkpoint of plain descent holds one number of it, not one a coordinate.
#[test]
fn a_rule_keeps_no_more_than_it_needs() {
    let Some(gpu) = common::gpu() else { return };
    let context = Context::resting(&gpu).unwrap();
    for (rule, arrays) in Name::ALL.into_iter().zip([0, 1, 1, 1, 2, 1, 2, 3]) {
        let (_, bindings) = Rule::bound(&context, &[Rule::usual(rule)], 1000).unwrap();
        assert_eq!(bindings.view("moments").unwrap().size, if arrays == 0 { 4 } else { 4000 * arrays }, "{rule:?}");
    }
    let error = Rule::bound(&context, &[Rule::usual(Name::Amsgrad)], 1 << 31).unwrap_err().to_string();
    assert!(error.contains("sgd") && error.contains("population"), "{error}");
}

#[test]
fn strategies_take_every_rule_and_refuse_a_wrong_schedule() {
    let given = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    for entry in OPTIMIZERS.iter().filter(|entry| entry.settings.iter().any(|(name, _)| *name == "rule")) {
        for rule in ["sgd", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "amsgrad"] {
            let optimizer = entry.build(&given(&[("rule", rule), ("decay", "0.5 + 0.5 * progress")])).unwrap();
            assert_eq!(optimizer.settings()["rule"], rule);
            assert_eq!(optimizer.settings()["decay"], "0.5 + 0.5 * progress");
        }
        let error = entry.build(&given(&[("decay", "liner")])).unwrap_err().to_string();
        assert!(error.contains("decay") && error.contains("liner") && error.contains("progress"), "{error}");
        for (name, value) in [("step_every", "0"), ("step_factor", "0"), ("epsilon", "0"), ("beta2", "1")] {
            assert!(entry.build(&given(&[(name, value)])).unwrap_err().to_string().contains(name), "{name}");
        }
    }
}
