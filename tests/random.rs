//! Random numbers on the device against known answers and against their twins on the host.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::gpu::{Bindings, Gpu, Recording, Source, Threads, WORKGROUP};
use gradless::reference;
use rand_philox::philox4x32_10;

/// A seed that fills both words of the key.
const SEED: u64 = 0x299f_31d0_a409_3822;

/// Philox on the device: `(counter, key)` to four words.
fn device_philox(gpu: &Gpu, inputs: &[([u32; 4], [u32; 2])]) -> Vec<[u32; 4]> {
    let text = "//! import philox, grid
        @group(0) @binding(0) var<storage, read> counters: array<vec4u>;
        @group(0) @binding(1) var<storage, read> keys: array<vec2u>;
        @group(0) @binding(2) var<storage, read_write> words: array<vec4u>;
        @compute @workgroup_size(WORKGROUP)
        fn main(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
            let t = line(global, groups);
            if t < arrayLength(&words) { words[t] = philox(counters[t], keys[t]); }
        }";
    let source = Source::new().constant("WORKGROUP", WORKGROUP).piece("test", text).unwrap();
    let (counters, keys): (Vec<_>, Vec<_>) = inputs.iter().copied().unzip();
    let words = gpu.buffer::<[u32; 4]>("words", inputs.len() as u64).unwrap();
    let bindings = Bindings::new()
        .with("counters", gpu.upload("counters", &counters).unwrap().view())
        .with("keys", gpu.upload("keys", &keys).unwrap().view())
        .with("words", words.view());
    let mut recording = Recording::new();
    let kernel = gpu.kernel("main", &source).unwrap();
    recording.dispatch(gpu, &kernel, &bindings, Threads::Line(inputs.len() as u32)).unwrap();
    gpu.run(&recording, &[words.view()]).unwrap().values(0)
}

/// Random123's `kat_vectors` for philox4x32-10, and two with a small key.
const KNOWN: [([u32; 4], [u32; 2], [u32; 4]); 5] = [
    ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
    ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
    (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
    ),
    ([0; 4], [42, 0], [0x9cea_f053, 0x77f5_493b, 0x12bf_50ad, 0x5742_b3d7]),
    ([1, 0, 0, 0], [42, 0], [0xfcdb_2127, 0x53ba_6cfd, 0x838f_5a6e, 0x744e_06fb]),
];

#[test]
fn philox_gives_the_known_answers_on_host_and_device() {
    for (counter, key, words) in KNOWN {
        assert_eq!(philox4x32_10(counter, key), words, "host, {counter:x?}");
    }
    let Some(gpu) = common::gpu() else { return };
    let found = device_philox(&gpu, &KNOWN.map(|(counter, key, _)| (counter, key)));
    for ((counter, _, words), found) in KNOWN.into_iter().zip(found) {
        assert_eq!(found, words, "device, {counter:x?}");
    }
}

#[test]
fn philox_agrees_bit_for_bit_on_random_counters() {
    let Some(gpu) = common::gpu() else { return };
    // Any bits will do: a stream of the crate's own generator.
    let mut stream = rand_philox::Philox::from_u64_seed(1);
    let mut next = || stream.next_u32();
    let inputs: Vec<_> = (0..10_000).map(|_| ([next(), next(), next(), next()], [next(), next()])).collect();
    for (input, found) in inputs.iter().zip(device_philox(&gpu, &inputs)) {
        assert_eq!(found, philox4x32_10(input.0, input.1), "{input:x?}");
    }
}

#[test]
fn draws_agree_with_the_twin() {
    let Some(gpu) = common::gpu() else { return };
    let text = "//! import random, grid
        @group(1) @binding(0) var<storage, read_write> uniforms: array<vec4f>;
        @group(1) @binding(1) var<storage, read_write> bells: array<vec4f>;
        @compute @workgroup_size(WORKGROUP)
        fn main(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
            let t = line(global, groups);
            if t >= arrayLength(&uniforms) { return; }
            uniforms[t] = draw(t % 100u, t / 100u, LEADER);
            bells[t] = draw_normal(t % 100u, t / 100u, SOCIAL);
        }";
    let source = Source::new().constant("WORKGROUP", WORKGROUP).piece("test", text).unwrap();
    let (count, generation) = (10_000u32, 77);
    let uniforms = gpu.buffer::<[f32; 4]>("uniforms", count.into()).unwrap();
    let normals = gpu.buffer::<[f32; 4]>("normals", count.into()).unwrap();
    let bindings = Bindings::new()
        .with("clock", clock(&gpu, generation))
        .with("uniforms", uniforms.view())
        .with("bells", normals.view());
    let mut recording = Recording::new();
    recording.dispatch(&gpu, &gpu.kernel("main", &source).unwrap(), &bindings, Threads::Line(count)).unwrap();
    let read = gpu.run(&recording, &[uniforms.view(), normals.view()]).unwrap();
    let (uniforms, normals): (Vec<[f32; 4]>, Vec<[f32; 4]>) = (read.values(0), read.values(1));
    for t in 0..count {
        let (element, quad) = (t % 100, t / 100);
        let uniform = reference::random::draw(SEED, generation, element, quad, reference::random::LEADER);
        assert_eq!(uniforms[t as usize], uniform, "element {element}, quad {quad}");
        let normal = reference::random::draw_normal(SEED, generation, element, quad, reference::random::SOCIAL);
        for (found, normal) in normals[t as usize].iter().zip(normal) {
            // WGSL asks of cos no more than 2^-11 absolute; lavapipe and the GPUs seen are near 1e-6. Radius up to 5.8.
            assert!((f64::from(*found) - normal).abs() < 1e-5, "element {element}, quad {quad}: {found} for {normal}");
        }
    }
}

/// A clock in `generation` of a run without end.
fn clock(gpu: &Gpu, generation: u32) -> gradless::gpu::View {
    let words = [SEED as u32, (SEED >> 32) as u32, generation, u32::MAX, u32::MAX, 0, 0, 0];
    gpu.upload("clock", &words).unwrap().view()
}
