//! import clock, grid, threefry, random
// The trials of a generation, the same for all candidates: a side, and the input of every 10 ms. `stimulus(side, noise)`
// stands beside this. Of trials 2k and 2k + 1 one is on either side: what says the same always is right half of the time.
@group(2) @binding(3) var<storage, read_write> inputs: array<f32>; // bin, trial
@group(2) @binding(4) var<storage, read_write> sides: array<f32>;  // 1 or -1

fn words_of_trial(trial: u32, quad: u32) -> vec4u {
    let counter = vec4u(trial, clock.generation * FRESH, quad, TRIAL);
    return threefry(counter, seed_key());
}

// One thread per trial and bin.
@compute @workgroup_size(WORKGROUP)
fn draw_trials(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let trial = t % TRIALS;
    let bin = t / TRIALS;
    if bin >= BINS || clock.stopped != 0u { return; }
    let number = FIRST_TRIAL + trial;
    let side = select(-1.0, 1.0, (words_of_trial(number / 2u, 0u).x & 1u) == (number & 1u));
    if bin == 0u {
        sides[trial] = side;
    }
    let noise = normals(words_of_trial(number, 1u + bin / 4u))[bin % 4u];
    // Before the stimulus it wraps to a large number.
    inputs[t] = select(0.0, stimulus(side, noise), bin - BEFORE < STIMULUS);
}
