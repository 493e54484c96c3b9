//! import clock, grid, layered_part
// Slopes from what windows put out to the pixels that went in, and through the activation these came from.
@group(2) @binding(2) var<storage, read> inputs: array<f32>;        // slopes of what came out: candidate, value, row
@group(2) @binding(3) var<storage, read_write> outputs: array<f32>; // slopes of what went in, likewise
@group(2) @binding(4) var<storage, read> pixels: array<f32>;        // what went in
@group(2) @binding(5) var<storage, read> values: array<f32>;        // what its slope is told from

fn pixel_at(candidate: u32, channel: u32, y: u32, x: u32, row: u32) -> u32 {
    return (candidate * FROM_VALUES + (channel * LINES + y) * PIXELS + x) * PADDED_ROWS + row;
}

fn window_at(candidate: u32, channel: u32, y: u32, x: u32, row: u32) -> u32 {
    return (candidate * TO_VALUES + (channel * TO_LINES + y) * TO_PIXELS + x) * PADDED_ROWS + row;
}

// Where the largest pixel of a window is; of several the first.
fn top_of(candidate: u32, channel: u32, y: u32, x: u32, row: u32) -> u32 {
    var place = pixel_at(candidate, channel, y * WINDOW_STRIDE, x * WINDOW_STRIDE, row);
    var top = pixels[place];
    for (var j = 0u; j < WINDOW_LINES; j += 1u) {
        for (var i = 0u; i < WINDOW_PIXELS; i += 1u) {
            let other = pixel_at(candidate, channel, y * WINDOW_STRIDE + j, x * WINDOW_STRIDE + i, row);
            let pixel = pixels[other];
            place = select(place, other, pixel > top);
            top = max(top, pixel);
        }
    }
    return place;
}

// One thread per window that shares no pixel with another, and row; and per piece of window at the edges.
@compute @workgroup_size(WORKGROUP)
fn to_largest_apart(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t % PADDED_ROWS;
    let window = t / PADDED_ROWS % WINDOWS;
    let candidate = t / PADDED_ROWS / WINDOWS;
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    let channel = window / (WINDOWS_DOWN * WINDOWS_ACROSS);
    let y = window / WINDOWS_ACROSS % WINDOWS_DOWN;
    let x = window % WINDOWS_ACROSS;
    var place = 0xffffffffu;
    var slope_there = 0.0;
    if y < TO_LINES && x < TO_PIXELS {
        place = top_of(candidate, channel, y, x, row);
        slope_there = inputs[window_at(candidate, channel, y, x, row)] * slope(values[place]);
    }
    for (var j = y * WINDOW_STRIDE; j < min(LINES, (y + 1u) * WINDOW_STRIDE); j += 1u) {
        for (var i = x * WINDOW_STRIDE; i < min(PIXELS, (x + 1u) * WINDOW_STRIDE); i += 1u) {
            let own = pixel_at(candidate, channel, j, i, row);
            outputs[own] = select(0.0, slope_there, own == place);
        }
    }
}

// The windows along a side that hold a pixel: the first, and the first past these.
fn windows_of(pixel: u32, side: u32, windows: u32) -> vec2u {
    let first = (max(pixel + 1u, side) - side + WINDOW_STRIDE - 1u) / WINDOW_STRIDE;
    return vec2u(first, min(windows, pixel / WINDOW_STRIDE + 1u));
}

// One thread per pixel and row.
@compute @workgroup_size(WORKGROUP)
fn to_largest(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t % PADDED_ROWS;
    let value = t / PADDED_ROWS % VALUES;
    let candidate = t / PADDED_ROWS / VALUES;
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    let channel = value / (LINES * PIXELS);
    let down = windows_of(value / PIXELS % LINES, WINDOW_LINES, TO_LINES);
    let across = windows_of(value % PIXELS, WINDOW_PIXELS, TO_PIXELS);
    let own = (candidate * FROM_VALUES + value) * PADDED_ROWS + row;
    var sum = 0.0;
    for (var y = down.x; y < down.y; y += 1u) {
        for (var x = across.x; x < across.y; x += 1u) {
            let handed = inputs[window_at(candidate, channel, y, x, row)];
            sum += select(0.0, handed, top_of(candidate, channel, y, x, row) == own);
        }
    }
    outputs[own] = sum * slope(values[own]);
}

// The same.
@compute @workgroup_size(WORKGROUP)
fn to_all(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t % PADDED_ROWS;
    let value = t / PADDED_ROWS % VALUES;
    let candidate = t / PADDED_ROWS / VALUES;
    if candidate >= part.candidates || clock.stopped != 0u { return; }
    let channel = value / (LINES * PIXELS);
    let down = windows_of(value / PIXELS % LINES, WINDOW_LINES, TO_LINES);
    let across = windows_of(value % PIXELS, WINDOW_PIXELS, TO_PIXELS);
    let own = (candidate * FROM_VALUES + value) * PADDED_ROWS + row;
    var sum = 0.0;
    for (var y = down.x; y < down.y; y += 1u) {
        for (var x = across.x; x < across.y; x += 1u) {
            sum += inputs[window_at(candidate, channel, y, x, row)];
        }
    }
    outputs[own] = sum / f32(WINDOW_LINES * WINDOW_PIXELS) * slope(values[own]);
}
