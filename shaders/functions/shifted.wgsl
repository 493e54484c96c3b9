// The coordinates an objective of the catalogue reads: its optimum moves by SHIFT along every axis.

fn x(candidate: u32, i: u32) -> f32 {
    return at(candidate, i) - SHIFT;
}

// Four coordinates, 0 past the last: sums go faster by fours, and a term that is 0 at 0 may be added for all.
fn x4(candidate: u32, i: u32) -> vec4f {
    let z = vec4f(x(candidate, i), x(candidate, i + 1u), x(candidate, i + 2u), x(candidate, i + 3u));
    return select(vec4f(0.0), z, vec4u(i, i + 1u, i + 2u, i + 3u) < vec4u(DIMS));
}
