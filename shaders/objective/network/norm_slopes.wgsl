//! import clock, grid, layered_part, norm_moments, together
// The way back through a norm whose moments are those of the batch: they move with every value (Ioffe and Szegedy 2015,
// section 3).
@group(2) @binding(1) var<storage, read> staged: array<f32>;          // at OFFSET of a candidate's: scales
@group(2) @binding(2) var<storage, read> inputs: array<f32>;          // slopes of what came out: candidate, value, row
@group(2) @binding(3) var<storage, read_write> outputs: array<f32>;   // slopes of what went in, likewise
@group(2) @binding(4) var<storage, read_write> moments: array<f32>;
@group(2) @binding(5) var<storage, read> pixels: array<f32>;          // what went in
@group(2) @binding(6) var<storage, read> values: array<f32>;          // what its slope is told from
@group(2) @binding(7) var<storage, read_write> channel_sums: array<vec2f>; // candidate, channel
@group(2) @binding(8) var<storage, read_write> gradient: array<f32>;

// One workgroup per channel of a candidate: the slopes of its shift and of its scale.
@compute @workgroup_size(REDUCE)
fn pull_norm(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = channel_of(group, groups);
    let moment = moments_at(select(0u, own.candidate, own.runs), own.channel);
    let mean = moments[moment];
    var sums = vec2f(0.0);
    // Rows past the last one have slopes of 0.
    for (var i = lane; i < own.values; i += REDUCE) {
        let slope_there = inputs[own.first + i];
        sums += vec2f(slope_there, slope_there * (pixels[own.first + i] - mean));
    }
    let both = together(sums, lane) * vec2f(1.0, 1.0 / sqrt(moments[moment + 1u] + EPSILON));
    if lane == 0u && own.runs {
        channel_sums[own.number] = both;
        let place = (FIRST + own.channel * 2u) * STRIDE + part.candidate + own.candidate;
        gradient[place] = both.y;
        gradient[place + STRIDE] = both.x;
    }
}

// One thread per value and row of a candidate of the part.
@compute @workgroup_size(WORKGROUP)
fn hand_down_norm(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let own = value_of(line(global, groups));
    if !own.runs { return; }
    let moment = moments_at(own.candidate, own.channel);
    let narrowed = 1.0 / sqrt(moments[moment + 1u] + EPSILON);
    let even = (pixels[own.place] - moments[moment]) * narrowed;
    let sums = channel_sums[own.candidate * CHANNELS + own.channel] / f32(PIXELS * part.rows);
    let scale = staged[own.candidate * STAGED + OFFSET + own.channel] * narrowed;
    let handed = scale * (inputs[own.place] - sums.x - even * sums.y);
    outputs[own.place] = select(0.0, handed * slope(values[own.place]), own.row < part.rows);
}
