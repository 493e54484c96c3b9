//! import clock, grid, layered_part
@group(2) @binding(1) var<storage, read> partial_sums: array<f32>;     // slice, candidate, weight
@group(2) @binding(2) var<storage, read_write> gradient: array<f32>;

// One thread per weight of a convolution and candidate: the sum of its slices, to what earlier rows came to.
@compute @workgroup_size(WORKGROUP)
fn add_slices(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let candidate = t % part.candidates;
    let weight = t / part.candidates;
    if weight >= WEIGHTS || clock.stopped != 0u { return; }
    var sum = 0.0;
    for (var slice = 0u; slice < SLICES; slice += 1u) {
        sum += partial_sums[(slice * part.candidates + candidate) * WEIGHTS + weight];
    }
    let place = (FIRST + weight) * STRIDE + part.candidate + candidate;
    gradient[place] = select(0.0, gradient[place], part.block > 0u) + sum;
}
