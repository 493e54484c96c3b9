//! import finite
// The smallest value of a workgroup and where it is; of equal ones the lowest index, so the result repeats bit for bit.
struct Place {
    value: f32,
    index: u32,
}
const NOWHERE: u32 = 0xffffffffu;
var<workgroup> places: array<Place, REDUCE>;

fn smaller(a: Place, b: Place) -> Place {
    let take = b.value < a.value || (b.value == a.value && b.index < a.index);
    return Place(select(a.value, b.value, take), select(a.index, b.index, take));
}

// Every thread of the workgroup calls this, in uniform control flow.
fn smallest(mine: Place, lane: u32) -> Place {
    places[lane] = mine;
    workgroupBarrier();
    for (var step = REDUCE / 2u; step > 0u; step /= 2u) {
        if lane < step {
            places[lane] = smaller(places[lane], places[lane + step]);
        }
        workgroupBarrier();
    }
    return places[0];
}
