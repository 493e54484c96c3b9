// The state before every step, and the last one: row component of a step of a segment, column candidate.
@group(2) @binding(6) var<storage, read_write> trail: array<f32>;

fn trail_place(n: u32, segment: u32, candidate: u32) -> u32 {
    return (segment * (INTERVALS * SUBSTEPS + 1u) + n) * COMPONENTS * STRIDE + candidate;
}

fn kept(n: u32, segment: u32, candidate: u32, y: State) {
    let place = trail_place(n, segment, candidate);
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        trail[place + i * STRIDE] = y[i];
    }
}
