// Threefry4x32-20 (Salmon, Moraes, Dror, Shaw 2011): four random words, a pure function of counter and key. It adds and
// rotates; Philox needs the upper halves of products, which WGSL has to put together from four products each.
fn threefry_mix(pair: vec2u, turn: u32) -> vec2u {
    let sum = pair.x + pair.y;
    return vec2u(sum, ((pair.y << turn) | (pair.y >> (32u - turn))) ^ sum);
}

// Two rounds: neighbours, then the first word with the last.
fn threefry_rounds(c: vec4u, turns: vec4u) -> vec4u {
    let xy = threefry_mix(c.xy, turns.x);
    let zw = threefry_mix(c.zw, turns.y);
    let xw = threefry_mix(vec2u(xy.x, zw.y), turns.z);
    let zy = threefry_mix(vec2u(zw.x, xy.y), turns.w);
    return vec4u(xw.x, zy.y, zy.x, xw.y);
}

fn threefry_odd(c: vec4u) -> vec4u {
    return threefry_rounds(threefry_rounds(c, vec4u(10u, 26u, 11u, 21u)), vec4u(13u, 27u, 23u, 5u));
}

fn threefry_even(c: vec4u) -> vec4u {
    return threefry_rounds(threefry_rounds(c, vec4u(6u, 20u, 17u, 11u)), vec4u(25u, 10u, 18u, 20u));
}

// After every four rounds the key joins, and with it its parity.
fn threefry(counter: vec4u, k: vec4u) -> vec4u {
    let parity = 0x1BD11BDAu ^ k.x ^ k.y ^ k.z ^ k.w;
    var c = threefry_odd(counter + k) + vec4u(k.y, k.z, k.w, parity + 1u);
    c = threefry_even(c) + vec4u(k.z, k.w, parity, k.x + 2u);
    c = threefry_odd(c) + vec4u(k.w, parity, k.x, k.y + 3u);
    c = threefry_even(c) + vec4u(parity, k.x, k.y, k.z + 4u);
    return threefry_odd(c) + vec4u(k.x, k.y, k.z, k.w + 5u);
}
