//! import strategy, rate
// Parameter-exploring policy gradients with symmetric sampling (Sehnke et al. 2010).
struct Pepg {
    spread_rate: f32,
    most_change: f32, // largest relative change of a deviation in a generation
}
@group(3) @binding(4) var<storage, read_write> leaning: array<f32>;
@group(3) @binding(5) var<uniform> settings: Pepg;

// One thread per coordinate. Utilities have mean 0, so the baseline is 0.
@compute @workgroup_size(WORKGROUP)
fn explore(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    keep(i);
    let s = spread[i];
    let gradient = -leaning[i] / f32(MEMBERS) * s / bounds.unit;
    centre[i] = walled(stepped(i, 0u, f32(clock.generation + 1u), centre[i], gradient, bounds.unit));
    let change = settings.spread_rate * leaning[DIMS + i] / (0.5 * f32(MEMBERS));
    spread[i] = s * (1.0 + clamp(change, -settings.most_change, settings.most_change));
}
