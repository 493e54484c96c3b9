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
    let own = channel_of(group, groups);
    let count = f32(PIXELS * part.rows);
    var sum = 0.0;
    for (var i = lane; i < own.values; i += REDUCE) {
        sum += select(0.0, inputs[own.first + i], i % PADDED_ROWS < part.rows);
    }
    let mean = together(vec2f(sum, 0.0), lane).x / count;
    var squares = 0.0;
    for (var i = lane; i < own.values; i += REDUCE) {
        let apart = inputs[own.first + i] - mean;
        squares += select(0.0, apart * apart, i % PADDED_ROWS < part.rows);
    }
    let variance = together(vec2f(squares, 0.0), lane).x / count;
    if lane == 0u && own.runs {
        let place = moments_at(own.candidate, own.channel);
        moments[place] = mean;
        moments[place + 1u] = variance;
    }
}

// One thread per value and row of a candidate of the part.
@compute @workgroup_size(WORKGROUP)
fn normalize(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let own = value_of(line(global, groups));
    if !own.runs { return; }
    let moment = moments_at(own.candidate, own.channel);
    let weight = own.candidate * STAGED + OFFSET + own.channel;
    let even = (inputs[own.place] - moments[moment]) / sqrt(moments[moment + 1u] + EPSILON);
    outputs[own.place] = activate(fma(staged[weight], even, staged[weight + PADDED]));
}
