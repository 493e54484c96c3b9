// Sums and maxima over a workgroup, two at a time. Every thread calls these, in uniform control flow; the order of
// summation is fixed, so the result repeats bit for bit.
var<workgroup> pairs_of_lanes: array<vec2f, REDUCE>;

fn together(mine: vec2f, lane: u32) -> vec2f {
    workgroupBarrier();
    pairs_of_lanes[lane] = mine;
    workgroupBarrier();
    for (var step = REDUCE / 2u; step > 0u; step /= 2u) {
        if lane < step {
            pairs_of_lanes[lane] += pairs_of_lanes[lane + step];
        }
        workgroupBarrier();
    }
    return pairs_of_lanes[0];
}

fn largest(mine: vec2f, lane: u32) -> vec2f {
    workgroupBarrier();
    pairs_of_lanes[lane] = mine;
    workgroupBarrier();
    for (var step = REDUCE / 2u; step > 0u; step /= 2u) {
        if lane < step {
            pairs_of_lanes[lane] = max(pairs_of_lanes[lane], pairs_of_lanes[lane + step]);
        }
        workgroupBarrier();
    }
    return pairs_of_lanes[0];
}
