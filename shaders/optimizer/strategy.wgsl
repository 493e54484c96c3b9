//! import bounds, chunk, clock, finite, grid
// What the evolution strategies share: a centre, the spread of the noise around it, and the best centre so far.
@group(1) @binding(2) var<storage, read_write> fitness: array<f32>;
@group(1) @binding(3) var<storage, read_write> centre: array<f32>;
@group(1) @binding(4) var<storage, read_write> spread: array<f32>;
@group(3) @binding(0) var<uniform> first_sigma: f32; // first spread, in units
@group(3) @binding(1) var<storage, read_write> best: array<f32>;
@group(3) @binding(2) var<storage, read_write> best_fitness: array<f32>;
@group(3) @binding(3) var<storage, read_write> kept: array<u32>; // 1 when the centre is the best so far

// One thread per coordinate.
@compute @workgroup_size(WORKGROUP)
fn start(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS { return; }
    centre[i] = first_of(words(i, 0u, START)).x;
    spread[i] = first_sigma * bounds.unit;
}

// One thread: whether the centre is the best so far; where fitness changes with the batch, the newest centre is.
@compute @workgroup_size(1)
fn judge() {
    let now = fitness[CENTRE];
    let better = CHANGING != 0u || now < best_fitness[0] || clock.generation == 0u;
    let stopped = clock.stopped != 0u;
    kept[0] = select(u32(better), kept[0], stopped);
    best_fitness[0] = select(best_fitness[0], now, better && !stopped);
}

// Keeps a coordinate of the best centre; to be called before the centre moves.
fn keep(i: u32) {
    if kept[0] != 0u {
        best[i] = centre[i];
    }
}
