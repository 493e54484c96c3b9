// The sum over a workgroup, in a fixed order. Every thread calls it, in uniform control flow, once.
var<workgroup> lane_values: array<f32, REDUCE>;

fn sum_of_lanes(mine: f32, lane: u32) -> f32 {
    lane_values[lane] = mine;
    workgroupBarrier();
    for (var step = REDUCE / 2u; step > 0u; step /= 2u) {
        if lane < step {
            lane_values[lane] += lane_values[lane + step];
        }
        workgroupBarrier();
    }
    return lane_values[0];
}
