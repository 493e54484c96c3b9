//! import clock, grid, layered_part
// Windows over the lines and pixels of every channel.
@group(2) @binding(2) var<storage, read> inputs: array<f32>;        // candidate unless all share them, value, row
@group(2) @binding(3) var<storage, read_write> outputs: array<f32>; // candidate, value, row

// What comes in for a row: the pixel of a channel.
fn pixel(candidate: u32, channel: u32, y: u32, x: u32, row: u32) -> f32 {
    let value = (channel * LINES + y) * PIXELS + x;
    return inputs[candidate * FROM_APART + value * FROM_COLUMNS + FROM_ROWS * part.row + row];
}

// One thread per value that comes out and row of a candidate of the part.
@compute @workgroup_size(WORKGROUP)
fn largest(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t % PADDED_ROWS;
    let value = t / PADDED_ROWS % VALUES;
    let candidate = t / PADDED_ROWS / VALUES;
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    let channel = value / (TO_LINES * TO_PIXELS);
    let y = value / TO_PIXELS % TO_LINES * WINDOW_STRIDE;
    let x = value % TO_PIXELS * WINDOW_STRIDE;
    var top = pixel(candidate, channel, y, x, row);
    for (var j = 0u; j < WINDOW_LINES; j += 1u) {
        for (var i = 0u; i < WINDOW_PIXELS; i += 1u) {
            top = max(top, pixel(candidate, channel, y + j, x + i, row));
        }
    }
    outputs[(candidate * TO_VALUES + value) * PADDED_ROWS + row] = top;
}

// The same.
@compute @workgroup_size(WORKGROUP)
fn mean(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t % PADDED_ROWS;
    let value = t / PADDED_ROWS % VALUES;
    let candidate = t / PADDED_ROWS / VALUES;
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    let channel = value / (TO_LINES * TO_PIXELS);
    let y = value / TO_PIXELS % TO_LINES * WINDOW_STRIDE;
    let x = value % TO_PIXELS * WINDOW_STRIDE;
    var sum = 0.0;
    for (var j = 0u; j < WINDOW_LINES; j += 1u) {
        for (var i = 0u; i < WINDOW_PIXELS; i += 1u) {
            sum += pixel(candidate, channel, y + j, x + i, row);
        }
    }
    outputs[(candidate * TO_VALUES + value) * PADDED_ROWS + row] = sum / f32(WINDOW_LINES * WINDOW_PIXELS);
}
