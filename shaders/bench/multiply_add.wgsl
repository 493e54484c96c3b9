//! import grid
// Multiplications and additions in registers and nothing else: the yardstick of kernels that are bound by them. Factor and
// term come from memory, so no compiler can work the sums out beforehand, and with a factor below 1 and a term above 0
// values stay near term / (1 - factor): neither denormal nor infinite.
struct Line {
    factor: f32,
    term: f32,
    rounds: u32,
}
@group(2) @binding(0) var<uniform> settings: Line;
@group(2) @binding(1) var<storage, read_write> ends: array<f32>;

// Eight chains that do not wait for each other: more do not fit into the registers of processors.
struct Chains {
    a: vec4f,
    b: vec4f,
}

fn once(x: Chains, factor: vec4f, term: vec4f) -> Chains {
    return Chains(fma(x.a, factor, term), fma(x.b, factor, term));
}

fn four_times(x: Chains, factor: vec4f, term: vec4f) -> Chains {
    return once(once(once(once(x, factor, term), factor, term), factor, term), factor, term);
}

// One thread for eight chains, 32 steps of each a round.
@compute @workgroup_size(WORKGROUP)
fn multiply_add(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= THREADS { return; }
    let factor = vec4f(settings.factor);
    let term = vec4f(settings.term);
    let start = f32(t % 64u) / 64.0;
    var x = Chains(start + vec4f(0.0, 0.25, 0.5, 0.75), start + vec4f(1.0, 1.25, 1.5, 1.75));
    for (var round = 0u; round < of_thread(settings.rounds, global.x); round += 1u) {
        x = four_times(x, factor, term);
        x = four_times(x, factor, term);
        x = four_times(x, factor, term);
        x = four_times(x, factor, term);
        x = four_times(x, factor, term);
        x = four_times(x, factor, term);
        x = four_times(x, factor, term);
        x = four_times(x, factor, term);
    }
    let sum = x.a + x.b;
    ends[t] = sum.x + sum.y + sum.z + sum.w;
}
