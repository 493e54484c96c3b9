//! import grid
// Steps of many trajectories at once; what a dispatch leaves in `states` the next one goes on with. Lines with names in
// _0 stand once for each trajectory of a thread: on processors a step waits most for what it has just computed, and
// other trajectories fill the wait.
struct Part {
    first: u32,        // step
    count: u32,
    next: u32,         // samples are kept after this step,
    every: u32,        // then after so many, and after the last one
    steps: u32,
    columns: u32,      // of all tables: whole threads
}
@group(2) @binding(0) var<uniform> part: Part;
@group(2) @binding(1) var<uniform> steps: array<vec4f, TABLE>; // t and h of the steps of this dispatch
@group(2) @binding(2) var<storage, read> constant_rows: array<f32>; // row constant, column trajectory
@group(2) @binding(3) var<storage, read_write> states: array<f32>; // row component, column trajectory
@group(2) @binding(4) var<storage, read_write> samples: array<f32>; // the same, one such table after the other
@group(2) @binding(5) var<storage, read_write> lost: array<u32>; // steps up to where a state was seen that is not finite, or 0

fn state_of(trajectory: u32) -> State {
    var y: State;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        y[i] = states[i * part.columns + trajectory];
    }
    return y;
}

fn constants_of(trajectory: u32) -> Constants {
    var row: Constants;
    for (var k = 0u; k < CONSTANTS; k += 1u) {
        row[k] = constant_rows[k * part.columns + trajectory];
    }
    return row;
}

fn store(trajectory: u32, y: State, step: u32) {
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        states[i * part.columns + trajectory] = y[i];
    }
    lost[trajectory] = step;
}

fn keep(step: u32, trajectory: u32, y: State) {
    let table = (step - 1u) / part.every * COMPONENTS;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        samples[(table + i) * part.columns + trajectory] = y[i];
    }
}

// One thread for TOGETHER trajectories.
@compute @workgroup_size(WORKGROUP)
fn integrate(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let own = line(global, groups) * TOGETHER;
    if own >= part.columns { return; }
    var lost_0 = lost[own + PLACE_0];
    var y_0 = state_of(own + PLACE_0);
    let constants_0 = constants_of(own + PLACE_0);
    let end = of_thread(part.first + part.count, own);
    var n = part.first;
    var next = part.next;
    while n < end {
        // What is not finite stays so: a look now and then will do, and before every sample.
        let stop = min(min(next, end), n + STRETCH);
        for (; n < stop; n += ROUND) {
            for (var m = 0u; m < ROUND; m += 1u) {
                let step = steps[n - part.first + m];
                constants = constants_0; y_0 = stepped(step.x, step.y, y_0);
            }
        }
        lost_0 = select(lost_0, n, lost_0 == 0u && !is_finite_state(y_0));
        if n == next {
            keep(n, own + PLACE_0, y_0);
            next = min(next + part.every, part.steps);
        }
    }
    store(own + PLACE_0, y_0, lost_0);
}
