//! import random
// Where a search takes place, and where it begins.
struct Bounds {
    low: f32,
    high: f32,
    wall_low: f32,
    wall_high: f32,
    normal: u32, // first coordinates: 0 uniform in the box, 1 standard normal
    unit: f32,   // standard deviation of a first coordinate
}
@group(3) @binding(20) var<uniform> bounds: Bounds;

// A first coordinate, from words of its own, for each of four candidates.
fn first_of(words_of_it: vec4u) -> vec4f {
    let inside = mix(vec4f(bounds.low), vec4f(bounds.high), unit(words_of_it));
    return select(inside, normals(words_of_it), bounds.normal != 0u);
}

fn walled(x: f32) -> f32 {
    return clamp(x, bounds.wall_low, bounds.wall_high);
}

fn all_walled(x: vec4f) -> vec4f {
    return clamp(x, vec4f(bounds.wall_low), vec4f(bounds.wall_high));
}
