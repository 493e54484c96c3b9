//! import strategy, rate
// The step of the strategies that hand an estimate of the gradient to an update rule. `turn_of(coordinate)` stands beside this.
@group(3) @binding(4) var<storage, read_write> leaning: array<f32>;

// One thread per coordinate. The estimate of the gradient of expected utility is leaning / (members spread); fitness
// falls where utility rises.
@compute @workgroup_size(WORKGROUP)
fn descend(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    keep(i);
    let turn = turn_of(i);
    if of_thread(turn, i) == 0u { return; }
    let gradient = -leaning[i] / (f32(MEMBERS) * spread[i]) * bounds.unit;
    centre[i] = walled(stepped(i, 0u, f32(turn), centre[i], gradient, bounds.unit));
}
