//! import clock, grid
// A circuit in a workgroup: neurons tell each other of their synapses through its memory.
@group(2) @binding(1) var<storage, read> staged: array<f32>;       // candidate, weight
@group(2) @binding(2) var<storage, read_write> states: array<f32>; // row, slot, neuron of a quad
@group(2) @binding(3) var<storage, read> inputs: array<f32>;       // bin, trial
@group(2) @binding(5) var<storage, read> kinetics: array<f32>;     // opening, closing, reversal

var<workgroup> told: array<f32, THREADS>;
var<workgroup> held: array<f32, HELD>; // synapses, if they fit

fn weight(from_neuron: u32, i: u32, first: u32) -> f32 {
    if HELD > 1u {
        return held[from_neuron * PADDED + i];
    }
    return staged[first + (3u + from_neuron) * PADDED + i];
}

// What all neurons do to this one; every thread calls it, in uniform control flow.
fn pushed(i: u32, s: f32, outer: f32, first: u32) -> Push {
    workgroupBarrier();
    told[i] = s;
    workgroupBarrier();
    var push = Push(outer, 0.0);
    for (var j = 0u; j < PADDED; j += 1u) {
        let through = weight(j, min(i, PADDED - 1u), first) * told[j];
        if CONDUCTANCE != 0u {
            push.shunt += through;
            push.current += through * kinetics[2u * PADDED + j];
        } else {
            push.current += through;
        }
    }
    return push;
}

// One workgroup per slot, one thread per neuron; those past the last go through the motions.
@compute @workgroup_size(THREADS)
fn simulate(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let slots = part.candidates * part.trials;
    let place = group_line(group, groups);
    let slot = min(place, slots - 1u);
    let first = slot / part.trials * STAGED;
    let i = min(lane, PADDED - 1u);
    if HELD > 1u {
        for (var k = lane; k < HELD; k += THREADS) {
            held[k] = staged[first + 3u * PADDED + k];
        }
    }
    let row = (i / 4u * slots + slot) * 4u + i % 4u;
    let rows = PADDED * slots;
    var state = Neuron(START_VOLTAGE, 0.0, 0.0);
    var total = 0.0;
    if of_thread(part.first, lane) > 0u {
        state = Neuron(states[row], states[row + rows], states[row + 2u * rows]);
        total = states[row + 3u * rows];
    }
    let gate = Gate(kinetics[i], kinetics[PADDED + i]);
    let resting = staged[first + i];
    let toward = vec2f(staged[first + PADDED + i], staged[first + 2u * PADDED + i]);
    var trouble = 0u;
    let count = of_thread(select(part.count, 0u, clock.stopped != 0u), lane);
    for (var n = part.first; n < part.first + count; n += 1u) {
        let input = inputs[n / BIN_STEPS * part.trials + slot % part.trials];
        let outer = resting + max(input, 0.0) * toward.x + max(-input, 0.0) * toward.y;
        let origin = state;
        // The midpoint method goes half a step first.
        for (var stage = FIRST_STAGE; stage < 2u; stage += 1u) {
            let h = select(STEP, 0.5 * STEP, stage == 0u);
            state = moved(origin, state, pushed(lane, state.s, outer, first), gate, h);
            trouble = max(trouble, bitcast<u32>(state.v) & EXPONENT);
            state = walled(state);
        }
        total += select(0.0, state.s, n >= FIRST_READ);
    }
    if lane < PADDED && place < slots && clock.stopped == 0u {
        states[row] = state.v;
        states[row + rows] = state.w;
        states[row + 2u * rows] = state.s;
        // A total below zero marks a neuron whose voltage was not finite.
        states[row + 3u * rows] = select(total, -1e9, trouble == EXPONENT);
    }
}
