//! Random numbers on the device against known answers and against their twins on the host.
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod common;

use gradless::gpu::{Bindings, Gpu, Recording, Source, Threads, WORKGROUP};
use gradless::reference;
use gradless::threefry::threefry;

/// A seed that fills both words of the key.
const SEED: u64 = 0x299f_31d0_a409_3822;

/// Threefry on the device: `(counter, key)` to four words.
fn device_threefry(gpu: &Gpu, inputs: &[([u32; 4], [u32; 4])]) -> Vec<[u32; 4]> {
    let text = "//! import threefry, grid
        @group(0) @binding(0) var<storage, read> counters: array<vec4u>;
        @group(0) @binding(1) var<storage, read> keys: array<vec4u>;
        @group(0) @binding(2) var<storage, read_write> words: array<vec4u>;
        @compute @workgroup_size(WORKGROUP)
        fn main(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
            let t = line(global, groups);
            if t < arrayLength(&words) { words[t] = threefry(counters[t], keys[t]); }
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

/// Random123's `kat_vectors` for threefry4x32-20.
const KNOWN: [([u32; 4], [u32; 4], [u32; 4]); 3] = [
    ([0; 4], [0; 4], [0x9c6c_a96a, 0xe17e_ae66, 0xfc10_ecd4, 0x5256_a7d8]),
    ([u32::MAX; 4], [u32::MAX; 4], [0x2a88_1696, 0x5701_2287, 0xf6c7_446e, 0xa16a_6732]),
    (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0, 0x082e_fa98, 0xec4e_6c89],
        [0x59cd_1dbb, 0xb887_9579, 0x86b5_d00c, 0xac8b_6d84],
    ),
];

#[test]
fn threefry_gives_the_known_answers_on_host_and_device() {
    for (counter, key, words) in KNOWN {
        assert_eq!(threefry(counter, key), words, "host, {counter:x?}");
    }
    let Some(gpu) = common::gpu() else { return };
    let found = device_threefry(&gpu, &KNOWN.map(|(counter, key, _)| (counter, key)));
    for ((counter, _, words), found) in KNOWN.into_iter().zip(found) {
        assert_eq!(found, words, "device, {counter:x?}");
    }
}

#[test]
fn threefry_agrees_bit_for_bit_on_random_counters() {
    let Some(gpu) = common::gpu() else { return };
    // Any bits will do: a stream of another generator.
    let mut stream = rand_philox::Philox::from_u64_seed(1);
    let mut four = || [stream.next_u32(), stream.next_u32(), stream.next_u32(), stream.next_u32()];
    let inputs: Vec<_> = (0..10_000).map(|_| (four(), four())).collect();
    for (input, found) in inputs.iter().zip(device_threefry(&gpu, &inputs)) {
        assert_eq!(found, threefry(input.0, input.1), "{input:x?}");
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
        for (pair, (found, expected)) in normals[t as usize].iter().zip(normal).enumerate() {
            // WGSL asks of cos no more than 2^-11 absolute; lavapipe and the GPUs seen are near 1e-6. Radius up to 5.8; a
            // small one is the root of a logarithm that is off by 2.4e-7.
            let radius = normal[pair % 2].hypot(normal[pair % 2 + 2]);
            let error = (f64::from(*found) - expected).abs();
            assert!(error < 1e-5 + 2.4e-7 / radius, "element {element}, quad {quad}: {found} for {expected}");
        }
    }
}

/// A clock in `generation` of a run without end.
fn clock(gpu: &Gpu, generation: u32) -> gradless::gpu::View {
    let words = [SEED as u32, (SEED >> 32) as u32, generation, u32::MAX, u32::MAX, 0, 0, 0];
    gpu.upload("clock", &words).unwrap().view()
}
