//! import clock, chunk, grid
// The gradient of any formula by central differences: it is read with one coordinate moved, up and down.
struct SlopeRows {
    first: u32, // coordinate
    count: u32,
}
@group(2) @binding(0) var<storage, read_write> slope_out: array<f32>; // row coordinate, column candidate
@group(2) @binding(1) var<uniform> slope_rows: SlopeRows;

// What the formula reads in place of `at`, which stands beside it as `unmoved_at`.
var<private> moved_coordinate: u32;
var<private> moved_to: f32;

fn at(candidate: u32, i: u32) -> f32 {
    return select(unmoved_at(candidate, i), moved_to, i == moved_coordinate);
}

fn value_moved_to(candidate: u32, x: f32) -> f32 {
    moved_to = x;
    return objective(candidate);
}

// One thread per coordinate of these rows and candidate of the chunk. At a wall the difference is one-sided. Where the
// formula has no value there is no slope.
@compute @workgroup_size(WORKGROUP)
fn slope_of_formula(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let candidate = t % STRIDE;
    if t / STRIDE >= slope_rows.count || candidate >= chunk.members || clock.stopped != 0u { return; }
    let i = slope_rows.first + t / STRIDE;
    let x = unmoved_at(candidate, i);
    let h = 1e-3 * max(1.0, abs(x));
    let up = min(x + h, WALL_HIGH);
    let down = max(x - h, WALL_LOW);
    moved_coordinate = i;
    let above = value_moved_to(candidate, up);
    let below = value_moved_to(candidate, down);
    // Beyond a wall there is no way between the two.
    let slope = (above - below) / max(up - down, 1e-30);
    // By exponent bits: WGSL lets drivers assume that NaN and infinity do not occur.
    slope_out[i * STRIDE + candidate] = select(slope, 0.0, (bitcast<u32>(slope) & 0x7f800000u) == 0x7f800000u);
}
