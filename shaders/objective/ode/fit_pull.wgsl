// The gradient of `follow`: back along the states that were kept, each step taken again from its own (backpropagation
// through time). What a dispatch leaves in `states` the next one, of the stretch before, goes on with.
@group(2) @binding(7) var<storage, read_write> slope_rows: array<f32>; // row coordinate of a segment, column candidate

var<private> slope_place: u32;

fn add_slope(i: u32, value: f32) {
    slope_rows[slope_place + i * STRIDE] += value;
}

// One thread per candidate of a chunk and segment.
@compute @workgroup_size(WORKGROUP)
fn pull_back(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let thread = line(global, groups);
    let candidate = thread % chunk.members;
    let segment = thread / chunk.members;
    if segment >= SEGMENTS || clock.stopped != 0u { return; }
    read_field(candidate);
    slope_place = segment * DIMS * STRIDE + candidate;
    let last = of_thread(stretch.first + stretch.count, thread);
    let place = segment * COMPONENTS * STRIDE + candidate;
    var a: State;
    if last == INTERVALS {
        for (var i = 0u; i < DIMS; i += 1u) {
            slope_rows[slope_place + i * STRIDE] = 0.0;
        }
    } else {
        for (var i = 0u; i < COMPONENTS; i += 1u) {
            a[i] = states[place + i * STRIDE];
        }
    }
    // A trajectory that was lost has no gradient.
    if partial[segment * STRIDE + candidate] >= WORST { return; }
    let start = start_of(segment);
    for (var left = last - stretch.first; left > 0u; left -= 1u) {
        let interval = stretch.first + left - 1u;
        let row = start + interval;
        var after = trail_state((interval + 1u) * SUBSTEPS, segment, candidate);
        a = moved(a, 1.0, cost_slope(after, row + 1u));
        for (var s = SUBSTEPS; s > 0u; s -= 1u) {
            let step = steps[row * SUBSTEPS + s - 1u];
            let before = trail_state(interval * SUBSTEPS + s - 1u, segment, candidate);
            a = pulled(step.x, step.y, before, held_slope(after, a));
            after = before;
        }
    }
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        states[place + i * STRIDE] = a[i];
    }
}

fn trail_state(n: u32, segment: u32, candidate: u32) -> State {
    let place = trail_place(n, segment, candidate);
    var y: State;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        y[i] = trail[place + i * STRIDE];
    }
    return y;
}
