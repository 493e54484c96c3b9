//! import grid
// Steps of many trajectories at once; what a dispatch leaves in `states` the next one goes on with.
struct Part {
    first: u32,        // step
    count: u32,
    every: u32,        // a sample after so many steps, and after the last one
    steps: u32,
    trajectories: u32,
}
@group(2) @binding(0) var<uniform> part: Part;
@group(2) @binding(1) var<storage, read> steps: array<vec2f>; // t and h, from the number of the step
@group(2) @binding(2) var<storage, read> constant_rows: array<f32>; // row constant, column trajectory
@group(2) @binding(3) var<storage, read_write> states: array<f32>; // row component, column trajectory
@group(2) @binding(4) var<storage, read_write> samples: array<f32>; // the same, one such table after the other
@group(2) @binding(5) var<storage, read_write> lost: array<u32>; // steps up to the one that was not finite, or 0

// One thread per trajectory.
@compute @workgroup_size(WORKGROUP)
fn integrate(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let trajectory = line(global, groups);
    if trajectory >= part.trajectories || lost[trajectory] != 0u { return; }
    for (var k = 0u; k < CONSTANTS; k += 1u) {
        constants[k] = constant_rows[k * part.trajectories + trajectory];
    }
    var y: State;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        y[i] = states[i * part.trajectories + trajectory];
    }
    for (var n = part.first; n < part.first + part.count; n += 1u) {
        let step = steps[n];
        y = stepped(step.x, step.y, y);
        if !is_finite_state(y) {
            lost[trajectory] = n + 1u;
            break;
        }
        if (n + 1u) % part.every == 0u || n + 1u == part.steps {
            let table = n / part.every * COMPONENTS;
            for (var i = 0u; i < COMPONENTS; i += 1u) {
                samples[(table + i) * part.trajectories + trajectory] = y[i];
            }
        }
    }
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        states[i * part.trajectories + trajectory] = y[i];
    }
}
