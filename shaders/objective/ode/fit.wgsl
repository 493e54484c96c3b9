//! import chunk, clock, finite, grid, random
// Candidates' right-hand sides lead trajectories along observed ones; fitness is how far off they are. What a dispatch
// leaves in `states` and `partial` the next one goes on with. `cost`, `held` and `kept` stand beside this.
struct Stretch {
    first: u32, // interval between two observations of a segment
    count: u32,
}
@group(2) @binding(0) var<storage, read> steps: array<vec2f>; // t and h; SUBSTEPS of them from an observation on
@group(2) @binding(1) var<storage, read> observed: array<f32>; // row observation, column component
@group(2) @binding(2) var<storage, read> starts: array<u32>; // the observations where a segment may start
@group(2) @binding(3) var<uniform> stretch: Stretch;
@group(2) @binding(4) var<storage, read_write> states: array<f32>; // row component of a segment, column candidate
@group(2) @binding(5) var<storage, read_write> partial: array<f32>; // row segment, column candidate

// The observation where a segment starts: the segment's own, or one drawn for all candidates alike.
fn start_of(segment: u32) -> u32 {
    if DRAWN == 0u { return starts[segment]; }
    return starts[min(u32(draw(segment, 0u, BATCH).x * f32(STARTS)), STARTS - 1u)];
}

// One thread per candidate of a chunk and segment.
@compute @workgroup_size(WORKGROUP)
fn follow(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let thread = line(global, groups);
    let candidate = thread % chunk.members;
    let segment = thread / chunk.members;
    if segment >= SEGMENTS || clock.stopped != 0u { return; }
    read_field(candidate);
    let start = start_of(segment);
    let place = segment * COMPONENTS * STRIDE + candidate;
    var y: State;
    var sum = 0.0;
    if of_thread(stretch.first, thread) == 0u {
        for (var i = 0u; i < COMPONENTS; i += 1u) {
            y[i] = observed[start * COMPONENTS + i];
        }
    } else {
        sum = partial[segment * STRIDE + candidate];
        for (var i = 0u; i < COMPONENTS; i += 1u) {
            y[i] = states[place + i * STRIDE];
        }
    }
    for (var interval = stretch.first; sum < WORST && interval < stretch.first + stretch.count; interval += 1u) {
        let row = start + interval;
        for (var s = 0u; s < SUBSTEPS; s += 1u) {
            let step = steps[row * SUBSTEPS + s];
            kept(interval * SUBSTEPS + s, segment, candidate, y);
            y = held(stepped(step.x, step.y, y));
        }
        sum += cost(y, row + 1u);
        if !is_finite_state(y) {
            sum = WORST;
        }
    }
    kept((stretch.first + stretch.count) * SUBSTEPS, segment, candidate, y);
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        states[place + i * STRIDE] = y[i];
    }
    partial[segment * STRIDE + candidate] = sum;
}
