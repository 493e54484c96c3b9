//! import clock, chunk, finite, grid, sum
// Candidates that differ in one neuron: what is below it and beside it is that of the network and is kept.
@group(1) @binding(2) var<storage, read_write> fitness: array<f32>;
@group(1) @binding(4) var<storage, read> chosen: array<u32>;
@group(2) @binding(0) var<storage, read> moved: array<f32>;         // slot, member, row: sums of the neuron, unscaled
@group(2) @binding(1) var<storage, read> staged: array<f32>;
@group(2) @binding(2) var<storage, read> logits: array<f32>;        // output, row: the network's
@group(2) @binding(3) var<storage, read> layer_outputs: array<f32>; // unit, row: what the neuron's layer puts out
@group(2) @binding(4) var<storage, read> row_labels: array<u32>;
@group(2) @binding(5) var<storage, read> next_sums: array<f32>;     // unit, row: sums of the layer above
@group(2) @binding(6) var<storage, read_write> raised: array<f32>;  // candidate, unit, row: what that layer then puts out

// One workgroup per slot and member: a neuron of the last layer moves one logit.
@compute @workgroup_size(REDUCE)
fn score_output(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let c = group_line(group, groups);
    let slot = min(c / MEMBER_COUNT, SLOTS - 1u);
    let runs = c < SLOTS * MEMBER_COUNT && clock.stopped == 0u;
    let unit = chosen[slot];
    let base = (slot * MEMBER_COLUMNS + c % MEMBER_COUNT) * COLUMNS;
    let rows = select(0u, ROWS, runs);
    var sum = 0.0;
    for (var row = lane; row < rows; row += REDUCE) {
        var z: array<f32, OUTPUTS>;
        for (var o = 0u; o < OUTPUTS; o += 1u) {
            z[o] = select(logits[o * COLUMNS + row], SCALE * moved[base + row], o == unit);
        }
        sum += row_loss(&z, row_labels[row]);
    }
    let total = sum_of_lanes(sum, lane);
    if lane == 0u && runs {
        fitness[slot * PADDED_MEMBERS + c % MEMBER_COUNT] = finite_or_worst(total / f32(ROWS));
    }
}

// One workgroup per slot and member: a neuron of the last hidden layer moves every logit by its weight.
@compute @workgroup_size(REDUCE)
fn score_hidden(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let c = group_line(group, groups);
    let slot = min(c / MEMBER_COUNT, SLOTS - 1u);
    let runs = c < SLOTS * MEMBER_COUNT && clock.stopped == 0u;
    let unit = chosen[slot];
    let base = (slot * MEMBER_COLUMNS + c % MEMBER_COUNT) * COLUMNS;
    let rows = select(0u, ROWS, runs);
    var weights: array<f32, OUTPUTS>;
    for (var o = 0u; o < OUTPUTS; o += 1u) {
        weights[o] = staged[NEXT_OFFSET + unit * NEXT_PADDED + o];
    }
    var sum = 0.0;
    for (var row = lane; row < rows; row += REDUCE) {
        let change = activate(SCALE * moved[base + row]) - layer_outputs[unit * COLUMNS + row];
        var z: array<f32, OUTPUTS>;
        for (var o = 0u; o < OUTPUTS; o += 1u) {
            z[o] = fma(change, weights[o], logits[o * COLUMNS + row]);
        }
        sum += row_loss(&z, row_labels[row]);
    }
    let total = sum_of_lanes(sum, lane);
    if lane == 0u && runs {
        fitness[slot * PADDED_MEMBERS + c % MEMBER_COUNT] = finite_or_worst(total / f32(ROWS));
    }
}

// One thread per candidate, unit of the layer above and row: what that layer puts out when the neuron has moved.
@compute @workgroup_size(WORKGROUP)
fn raise(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= SLOTS * PADDED_MEMBERS * NEXT_PADDED * COLUMNS || clock.stopped != 0u { return; }
    let row = t % COLUMNS;
    let above = t / COLUMNS % NEXT_PADDED;
    let c = t / COLUMNS / NEXT_PADDED;
    let slot = c / PADDED_MEMBERS;
    let unit = chosen[slot];
    let place = (slot * MEMBER_COLUMNS + c % PADDED_MEMBERS) * COLUMNS + row;
    let change = activate(SCALE * moved[place]) - layer_outputs[unit * COLUMNS + row];
    let weight = staged[NEXT_OFFSET + unit * NEXT_PADDED + above];
    raised[t] = activate(fma(change, weight, next_sums[above * COLUMNS + row]));
}
