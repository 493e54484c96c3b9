//! import clock, grid
// Where the noise leans: for every coordinate the noise of all members weighted by utility, and its square likewise.
@group(1) @binding(0) var<storage, read> noise: array<vec4f>; // row, column
@group(1) @binding(5) var<uniform> noise_window: Window;
@group(3) @binding(0) var<storage, read> utility: array<vec4f>;
@group(3) @binding(1) var<storage, read_write> leaning: array<f32>; // first moments, then second moments
struct Window {
    first: u32,
    columns: u32,
}

// Utilities of the members of four columns: u for one member a column, u+ - u- and their mean for two.
struct Weights {
    first: vec4f,
    second: vec4f,
}

fn weights(quad: u32) -> Weights {
    let column = noise_window.first / 4u + quad;
    if SHARED == 2u {
        let a = utility[2u * column];
        let b = utility[2u * column + 1u];
        let plus = vec4f(a.xz, b.xz);
        let minus = vec4f(a.yw, b.yw);
        return Weights(plus - minus, 0.5 * (plus + minus));
    }
    return Weights(utility[column], utility[column]);
}

// One thread per coordinate; windows go by in order, so that the sum does not depend on how many there are.
@compute @workgroup_size(WORKGROUP)
fn lean(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    var first = 0.0;
    var second = 0.0;
    if noise_window.first > 0u {
        first = leaning[i];
        if SECOND != 0u {
            second = leaning[DIMS + i];
        }
    }
    let quads = (noise_window.columns + 3u) / 4u;
    for (var quad = 0u; quad < quads; quad += 1u) {
        let w = weights(quad);
        let e = noise_quad(i, quad);
        first += dot(w.first, e);
        if SECOND != 0u {
            second += dot(w.second, e * e - 1.0);
        }
    }
    leaning[i] = first;
    if SECOND != 0u {
        leaning[DIMS + i] = second;
    }
}
