//! import strategy, rate
// The step of augmented random search.
@group(3) @binding(4) var<storage, read_write> leaning: array<f32>;

// One thread per coordinate: theta += alpha / (b sigma_R) sum (R+ - R-) delta.
@compute @workgroup_size(WORKGROUP)
fn search(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    keep(i);
    centre[i] = walled(stepped(i, 0u, f32(clock.generation + 1u), centre[i], -leaning[i] / f32(TOP), bounds.unit));
}
