//! import clock, grid, lean_weights
// Where the noise leans: for every coordinate the noise of all members weighted by utility, and its square likewise.
@group(3) @binding(1) var<storage, read_write> leaning: array<f32>; // first moments, then second moments

// One thread per coordinate; windows go by in order, so that the sum does not depend on how many there are.
@compute @workgroup_size(WORKGROUP)
fn lean(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    var first = 0.0;
    var second = 0.0;
    if of_thread(noise_window.first, i) > 0u {
        first = leaning[i];
        if SECOND != 0u {
            second = leaning[DIMS + i];
        }
    }
    let quads = of_thread((noise_window.columns + 3u) / 4u, i);
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
