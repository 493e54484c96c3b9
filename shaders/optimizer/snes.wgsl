//! import strategy
// Separable natural evolution strategy (Schaul, Glasmachers and Schmidhuber 2011).
struct Snes {
    mean_rate: f32,
    spread_rate: f32,
}
@group(3) @binding(4) var<storage, read_write> leaning: array<f32>;
@group(3) @binding(5) var<uniform> settings: Snes;

// One thread per coordinate: mu += eta_mu s sum u e, s *= exp(eta_s / 2 sum u (e^2 - 1)).
@compute @workgroup_size(WORKGROUP)
fn follow(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    keep(i);
    let s = spread[i];
    centre[i] = walled(centre[i] + settings.mean_rate * s * leaning[i]);
    spread[i] = s * exp(clamp(0.5 * settings.spread_rate * leaning[DIMS + i], -1.0, 1.0));
}
