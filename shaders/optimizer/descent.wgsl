//! import bounds, chunk, clock, finite, grid, smallest, rate, sum
// Descents: every member goes down its own gradient by an update rule. Positions are in the search's coordinates,
// gradients and rules in the units of the objective: a weight is its coordinate times the scale of its group.

// Coordinates that belong together: the units of a layer. `span_of(coordinate)` stands beside this.
struct Span {
    end: u32,   // the first coordinate past it
    width: u32, // coordinates of a unit
    bias: u32,  // whether the last of them is a bias
    scale: f32,
    turns: u32, // moves in a generation
    turn: u32,  // those made by now
}
@group(1) @binding(0) var<storage, read_write> positions: array<f32>;
@group(1) @binding(2) var<storage, read_write> fitness: array<f32>;
@group(2) @binding(0) var<storage, read> gradient: array<f32>;
@group(3) @binding(2) var<storage, read_write> best: array<f32>;
@group(3) @binding(3) var<storage, read_write> best_fitness: array<f32>;
@group(3) @binding(4) var<storage, read_write> winner: array<u32>; // the member that is best now, if it is the best so far
@group(3) @binding(5) var<storage, read_write> norms: array<f32>; // of the members' gradients

// One thread per coordinate of a member of a chunk.
@compute @workgroup_size(WORKGROUP)
fn start(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let i = t / STRIDE;
    let member = chunk.first + t % STRIDE;
    if i >= COORDINATES { return; }
    var x = first_of(words(i, member / 4u, START))[member % 4u];
    let span = span_of(i);
    if span.bias != 0u && (span.end - i) % span.width == 1u % span.width {
        x = 0.0;
    }
    positions[t] = x;
}

// One workgroup: who is best, and whether it is the best so far; where fitness changes with the batch, the newest is.
@compute @workgroup_size(REDUCE)
fn judge(@builtin(local_invocation_index) lane: u32) {
    var mine = Place(WORST, NOWHERE);
    for (var member = lane; member < MEMBERS; member += REDUCE) {
        mine = smaller(mine, Place(fitness[member], member));
    }
    let now = smallest(mine, lane);
    if lane == 0u && clock.stopped == 0u {
        let better = CHANGING != 0u || now.value < best_fitness[0] || clock.generation == 0u;
        winner[0] = select(NOWHERE, now.index, better);
        if better {
            best_fitness[0] = now.value;
        }
    }
}

// One thread per coordinate: copies the winner if it is in this chunk.
@compute @workgroup_size(WORKGROUP)
fn keep(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= COORDINATES || clock.stopped != 0u { return; }
    // Below the first, and nowhere, it wraps to a large number.
    let column = winner[0] - chunk.first;
    if winner[0] == NOWHERE || column >= chunk.members { return; }
    best[i] = positions[i * STRIDE + column];
}

// One workgroup per member of a chunk: the norm of its gradient from FROM on.
@compute @workgroup_size(REDUCE)
fn measure(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let column = group_line(group, groups);
    var sum = 0.0;
    for (var i = FROM + lane; i < select(0u, COORDINATES, column < chunk.members); i += REDUCE) {
        let slope = gradient[i * STRIDE + column];
        sum += slope * slope;
    }
    let all = sum_of_lanes(sum, lane);
    if lane == 0u && column < chunk.members && clock.stopped == 0u {
        norms[chunk.first + column] = finite_or_worst(sqrt(all));
    }
}

// What a gradient is multiplied by.
fn shortened(column: u32) -> f32 {
    if CLIP >= WORST { return 1.0; }
    return min(1.0, CLIP / max(norms[chunk.first + column], 1e-30));
}

// One thread per coordinate, from FROM on, of a member of a chunk.
@compute @workgroup_size(WORKGROUP)
fn descend(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups) + FROM * STRIDE;
    let column = t % STRIDE;
    if t >= COORDINATES * STRIDE || column >= chunk.members || clock.stopped != 0u { return; }
    let span = span_of(t / STRIDE);
    let step = f32(clock.generation * span.turns + span.turn + 1u);
    let slope = gradient[t] * shortened(column);
    let moved = stepped(t, column * DIFFERING, step, positions[t] * span.scale, slope, 1.0) / span.scale;
    positions[t] = walled(moved);
}
