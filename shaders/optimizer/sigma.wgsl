//! import bounds, clock, grid, progress
// The noise of a strategy falls over the run. Beside it stands `share_left`.
struct Fall {
    end: f32,         // share of the first spread that is left at the end
    step_every: f32,  // share of the run after which it falls by a step
    step_factor: f32, // what a step leaves of it
}
@group(1) @binding(4) var<storage, read_write> spread: array<f32>;
@group(3) @binding(0) var<uniform> first_sigma: f32; // first spread, in units
@group(3) @binding(1) var<uniform> fall: Fall;

// One thread per coordinate: the spread of this generation. Never none at all, since an estimate is divided by it.
@compute @workgroup_size(WORKGROUP)
fn set_spread(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    let share = share_left(fall.end, fall.step_every, fall.step_factor, run_progress());
    spread[i] = first_sigma * bounds.unit * max(share, SMALLEST_SHARE);
}
