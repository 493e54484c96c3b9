//! import clock, grid
// What is kept of a network to score its neurons by: staged weights, sums and activations of every layer on every row.
// These kernels bring up to date what a changed neuron changes in its own layer.
@group(1) @binding(0) var<storage, read> context: array<f32>;
@group(1) @binding(4) var<storage, read> chosen: array<u32>;
@group(2) @binding(1) var<storage, read_write> staged: array<f32>; // layer, input, output; biases last
@group(2) @binding(2) var<storage, read> inputs: array<f32>;       // input, row
@group(2) @binding(3) var<storage, read_write> sums: array<f32>;   // unit, row

// One thread per slot and input, the bias the last.
@compute @workgroup_size(WORKGROUP)
fn stage_column(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= SLOTS * (INPUTS + 1u) || clock.stopped != 0u { return; }
    let unit = chosen[t / (INPUTS + 1u)];
    let input = t % (INPUTS + 1u);
    staged[OFFSET + input * PADDED + unit] = SCALE * context[FIRST + unit * (INPUTS + 1u) + input];
}

// One thread per slot and row; in the order of the whole layer's product, so that both give the same bits.
@compute @workgroup_size(WORKGROUP)
fn add_up(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= SLOTS * ROWS || clock.stopped != 0u { return; }
    let unit = chosen[t / ROWS];
    let row = t % ROWS;
    var sum = staged[OFFSET + INPUTS * PADDED + unit];
    for (var i = 0u; i < INPUTS; i += 1u) {
        sum = fma(inputs[i * INPUT_COLUMNS + row], staged[OFFSET + i * PADDED + unit], sum);
    }
    sums[unit * COLUMNS + row] = sum;
}
