//! import clock, grid, layered_part, norm_moments, together
// Every channel of a candidate to mean 0 and variance 1 over pixels and rows, then scaled and shifted.
@group(2) @binding(1) var<storage, read> staged: array<f32>;         // at OFFSET of a candidate's: scales, then shifts
@group(2) @binding(2) var<storage, read> inputs: array<f32>;         // candidate, value, row
@group(2) @binding(3) var<storage, read_write> outputs: array<f32>;  // likewise
@group(2) @binding(4) var<storage, read_write> moments: array<f32>;

// One workgroup per channel of a candidate: mean and variance, one after the other for the digits' sake.
@compute @workgroup_size(REDUCE)
fn measure(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let number = group_line(group, groups);
    let candidate = number / CHANNELS;
    let channel = number % CHANNELS;
    let runs = candidate < part.candidates && clock.stopped == 0u;
    let values = select(0u, PIXELS * PADDED_ROWS, runs);
    let first = (candidate * VALUES + channel * PIXELS) * PADDED_ROWS;
    let count = f32(PIXELS * part.rows);
    var sum = 0.0;
    for (var i = lane; i < values; i += REDUCE) {
        sum += select(0.0, inputs[first + i], i % PADDED_ROWS < part.rows);
    }
    let mean = together(vec2f(sum, 0.0), lane).x / count;
    var squares = 0.0;
    for (var i = lane; i < values; i += REDUCE) {
        let apart = inputs[first + i] - mean;
        squares += select(0.0, apart * apart, i % PADDED_ROWS < part.rows);
    }
    let variance = together(vec2f(squares, 0.0), lane).x / count;
    if lane == 0u && runs {
        let place = moments_at(candidate, channel);
        moments[place] = mean;
        moments[place + 1u] = variance;
    }
}

// One thread per value and row of a candidate of the part.
@compute @workgroup_size(WORKGROUP)
fn normalize(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let value = t / PADDED_ROWS % (CHANNELS * PIXELS);
    let candidate = t / PADDED_ROWS / (CHANNELS * PIXELS);
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    let channel = value / PIXELS;
    let place = (candidate * VALUES + value) * PADDED_ROWS + t % PADDED_ROWS;
    let moment = moments_at(candidate, channel);
    let weight = candidate * STAGED + OFFSET + channel;
    let even = (inputs[place] - moments[moment]) / sqrt(moments[moment + 1u] + EPSILON);
    outputs[place] = activate(fma(staged[weight], even, staged[weight + PADDED]));
}
