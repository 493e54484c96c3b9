//! import grid
// A first position that is given takes the place of drawn ones.
@group(0) @binding(1) var<storage, read> given: array<f32>;           // coordinate
@group(1) @binding(0) var<storage, read_write> positions: array<f32>; // coordinate, column

// One thread per coordinate and column.
@compute @workgroup_size(WORKGROUP)
fn begin(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= DIMS * COLUMNS { return; }
    positions[t / COLUMNS * STRIDE + t % COLUMNS] = given[t / COLUMNS];
}
