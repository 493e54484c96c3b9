//! import bounds, clock, finite, grid, shuffle
// Search by blocks: each block of a vector has members of its own, scored with the other blocks as they are (van den
// Bergh and Engelbrecht 2004). The members' own kernels run on an inner clock, which counts their moves.
struct Shifted {
    first: u32, // the first block of those whose members are drawn together
}
struct Words {
    each: u32, // words of a block
}
@group(0) @binding(1) var<storage, read_write> inner: Clock;
@group(1) @binding(0) var<storage, read_write> context: array<f32>;
@group(1) @binding(1) var<storage, read_write> context_fitness: array<f32>;
@group(1) @binding(2) var<storage, read_write> chosen: array<u32>;
@group(2) @binding(0) var<storage, read_write> arena: array<u32>; // what the members of the searched blocks keep
@group(2) @binding(1) var<storage, read_write> bank: array<u32>;  // the same of all blocks
@group(2) @binding(2) var<uniform> words_of: Words;
@group(2) @binding(3) var<uniform> shifted_by: Shifted;
@group(2) @binding(4) var<storage, read_write> columns: array<f32>; // positions of members
@group(2) @binding(5) var<storage, read_write> values: array<f32>;  // fitness of members
@group(3) @binding(0) var<storage, read_write> block_best: array<f32>;
@group(3) @binding(1) var<storage, read_write> block_fitness: array<f32>;
@group(3) @binding(2) var<storage, read_write> proposal: array<f32>;
@group(3) @binding(3) var<storage, read_write> blends: array<f32>;
@group(3) @binding(4) var<storage, read_write> blend_fitness: array<f32>;
@group(3) @binding(5) var<storage, read_write> judged: array<f32>;  // share of the proposal taken; 1 when kept; its value
@group(3) @binding(6) var<storage, read_write> best: array<f32>;
@group(3) @binding(7) var<storage, read_write> best_fitness: array<f32>;
@group(3) @binding(8) var<storage, read_write> validation_fitness: array<f32>;
@group(3) @binding(9) var<uniform> first_spread: f32; // deviation of first members around the context; 0: as drawn

// One thread per coordinate.
@compute @workgroup_size(WORKGROUP)
fn start_context(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS { return; }
    let x = first_of(words(i, 0u, CONTEXT)).x;
    context[i] = x;
    best[i] = x;
}

// One thread: the inner clock starts.
@compute @workgroup_size(1)
fn start_clock() {
    inner = clock;
    inner.generation = 0u;
    inner.stopped = 0u;
}

// One thread: the next move of the members.
@compute @workgroup_size(1)
fn next_move() {
    inner.generation += select(1u, 0u, clock.stopped != 0u);
}

// One thread: the first members are there, and their moves begin. What was drawn for the start is drawn for nothing else.
@compute @workgroup_size(1)
fn begin_moves() {
    inner.generation = 1u;
}

// One thread: schedules of the members run over all their moves.
@compute @workgroup_size(1)
fn follow_clock() {
    inner.stopped = clock.stopped;
    inner.horizon = select(clock.horizon * MOVES, 0xffffffffu, clock.horizon > 0xffffffffu / MOVES);
}

// One thread per slot: neighbouring blocks.
@compute @workgroup_size(WORKGROUP)
fn choose_range(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let slot = line(global, groups);
    if slot >= SLOTS { return; }
    chosen[slot] = shifted_by.first + slot;
}

fn keys(number: u32) -> vec4u {
    return threefry(vec4u(number, LANE, 0u, ORDER), seed_key());
}

// One thread: the block whose turn it is, every block once a sweep, in an order of the sweep's own.
@compute @workgroup_size(1)
fn choose_one() {
    let sweep = clock.generation / ALL_BLOCKS;
    let key = threefry(vec4u(sweep, 0u, 0u, ORDER), seed_key());
    let next = shuffled(clock.generation % ALL_BLOCKS, ALL_BLOCKS, ALL_HALF, key) - FIRST_BLOCK;
    chosen[0] = select(next, chosen[0], clock.stopped != 0u);
}

// One thread per slot: some blocks, each at most once.
@compute @workgroup_size(WORKGROUP)
fn choose_some(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let slot = line(global, groups);
    if slot >= SLOTS || clock.stopped != 0u { return; }
    chosen[slot] = shuffled(slot, LANE_BLOCKS, LANE_HALF, keys(clock.generation));
}

// One thread per word: what the members of the chosen blocks keep, from the bank and back.
@compute @workgroup_size(WORKGROUP)
fn load(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= SLOTS * words_of.each || clock.stopped != 0u { return; }
    arena[t] = bank[chosen[t / words_of.each] * words_of.each + t % words_of.each];
}

@compute @workgroup_size(WORKGROUP)
fn save(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= SLOTS * words_of.each || clock.stopped != 0u { return; }
    bank[chosen[t / words_of.each] * words_of.each + t % words_of.each] = arena[t];
}

fn coordinate(t: u32) -> u32 {
    return GROUP_OFFSET + chosen[t / BLOCK_WIDTH] * BLOCK_WIDTH + t % BLOCK_WIDTH;
}

// One thread per coordinate of a member: first members around the context, the first of them on it.
@compute @workgroup_size(WORKGROUP)
fn gather_round(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    let row = t / MEMBER_COLUMNS;
    if row >= SLOTS * BLOCK_WIDTH { return; }
    let centre = context[coordinate(row)];
    if t % MEMBER_COLUMNS == 0u {
        columns[t] = centre;
    } else {
        columns[t] = select(columns[t], centre + first_spread * columns[t], first_spread > 0.0);
    }
}

// One thread per coordinate of a slot: the context takes a member's place.
@compute @workgroup_size(WORKGROUP)
fn join_in(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let row = line(global, groups);
    if row >= SLOTS * BLOCK_WIDTH || clock.stopped != 0u { return; }
    let member = keys(clock.generation).y % MEMBER_COUNT;
    columns[row * MEMBER_COLUMNS + member] = context[coordinate(row)];
}

// One thread per value: nobody has a fitness.
@compute @workgroup_size(WORKGROUP)
fn forget(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= SLOTS * PADDED_MEMBERS || clock.stopped != 0u { return; }
    values[t] = WORST;
}

// One thread per value: columns that are padding have no fitness.
@compute @workgroup_size(WORKGROUP)
fn leave_out(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= SLOTS * PADDED_MEMBERS || clock.stopped != 0u { return; }
    if t % PADDED_MEMBERS >= MEMBER_COUNT {
        values[t] = WORST;
    }
}

// One thread per coordinate of the slot: the context takes the best of its block over if the whole gets better.
@compute @workgroup_size(WORKGROUP)
fn commit(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= BLOCK_WIDTH || clock.stopped != 0u { return; }
    if block_fitness[0] < context_fitness[0] {
        context[coordinate(t)] = block_best[t];
    }
}

// One thread per coordinate: a proposal begins as the context.
@compute @workgroup_size(WORKGROUP)
fn begin_proposal(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    proposal[i] = context[i];
}

// One thread per coordinate of the slots: the proposal takes the best of the blocks.
@compute @workgroup_size(WORKGROUP)
fn propose(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= SLOTS * BLOCK_WIDTH || clock.stopped != 0u { return; }
    if block_fitness[t / BLOCK_WIDTH] < WORST {
        proposal[coordinate(t)] = block_best[t];
    }
}

// Share of the way from the context to the proposal.
fn share_of(blend: u32) -> f32 {
    return array(1.0, 0.5, 0.25, 0.1)[blend];
}

// One thread per coordinate: four points on the way.
@compute @workgroup_size(WORKGROUP)
fn blend(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    for (var b = 0u; b < 4u; b += 1u) {
        blends[i * BLEND_COLUMNS + b] = context[i] + share_of(b) * (proposal[i] - context[i]);
    }
}

// One thread: the best of the four, or none if none is better than the context.
@compute @workgroup_size(1)
fn weigh() {
    var lowest = context_fitness[0];
    var share = 0.0;
    for (var b = 0u; b < 4u; b += 1u) {
        if blend_fitness[b] < lowest {
            lowest = blend_fitness[b];
            share = share_of(b);
        }
    }
    judged[0] = select(share, judged[0], clock.stopped != 0u);
}

// One thread: all of the proposal, whatever it is worth.
@compute @workgroup_size(1)
fn take_all() {
    judged[0] = select(1.0, judged[0], clock.stopped != 0u);
}

// One thread per coordinate.
@compute @workgroup_size(WORKGROUP)
fn adopt(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    if judged[0] == 1.0 {
        context[i] = proposal[i];
    } else if judged[0] > 0.0 {
        context[i] += judged[0] * (proposal[i] - context[i]);
    }
}

// One thread: whether the context is the best so far: by the rows held out where there is a gate, by its fitness where
// that holds longer than a generation, else because it is the newest.
@compute @workgroup_size(1)
fn judge() {
    var value = context_fitness[0];
    if GATE != 0u {
        value = validation_fitness[0];
    }
    let newest = CHANGING != 0u && GATE == 0u;
    let better = newest || value < judged[2] || clock.generation == 0u;
    let stopped = clock.stopped != 0u;
    let holds = better && !stopped;
    judged[1] = select(f32(better), judged[1], stopped);
    judged[2] = select(judged[2], value, holds);
    best_fitness[0] = select(best_fitness[0], context_fitness[0], holds);
}

// One thread per coordinate: keeps the best; a hard gate goes back to it.
@compute @workgroup_size(WORKGROUP)
fn keep_best(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let i = line(global, groups);
    if i >= DIMS || clock.stopped != 0u { return; }
    if judged[1] != 0.0 {
        best[i] = context[i];
    } else if GATE == 2u {
        context[i] = best[i];
    }
}
