//! import clock, random, grid
// The noise of an evolution strategy, drawn into a window: a pure function of seed, generation, row and column.
struct Window {
    first: u32,   // the column of the population in the window's first column
    columns: u32, // columns of the window in use
}
@group(1) @binding(0) var<storage, read_write> noise: array<vec4f>; // row, column
@group(1) @binding(5) var<uniform> noise_window: Window;

// One thread per row and four columns.
@compute @workgroup_size(WORKGROUP)
fn draw_noise(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let quads = (noise_window.columns + 3u) / 4u;
    if t >= NOISE_ROWS * quads || clock.stopped != 0u { return; }
    let row = t / quads;
    let quad = t % quads;
    noise[row * NOISE_QUADS + quad] = draw_normal(row, noise_window.first / 4u + quad, NOISE);
}
