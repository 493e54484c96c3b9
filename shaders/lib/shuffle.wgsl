// A random order computed, not stored: four Feistel rounds over the two halves of a place (Luby and Rackoff 1988).
// `half` is half the bits of a place, rounded up.
fn shuffle(place: u32, half: u32, keys: vec4u) -> u32 {
    let mask = (1u << half) - 1u;
    var left = place >> half;
    var right = place & mask;
    for (var round = 0u; round < 4u; round += 1u) {
        var mixed = (right + keys[round]) * 0x9E3779B1u;
        mixed = (mixed ^ (mixed >> 15u)) * 0x85EBCA77u;
        let next = left ^ ((mixed ^ (mixed >> 13u)) & mask);
        left = right;
        right = next;
    }
    return (left << half) | right;
}

// What is at `place` of `count` shuffled things; places past the end walk on until they are inside.
fn shuffled(place: u32, count: u32, half: u32, keys: vec4u) -> u32 {
    var index = shuffle(place, half, keys);
    while index >= count {
        index = shuffle(index, half, keys);
    }
    return index;
}
