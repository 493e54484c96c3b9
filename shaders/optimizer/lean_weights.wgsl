// The part of the noise that a window holds, and how its columns are weighted.
@group(1) @binding(0) var<storage, read> noise: array<vec4f>; // row, column
@group(1) @binding(5) var<uniform> noise_window: Window;
@group(3) @binding(0) var<storage, read> utility: array<vec4f>;
struct Window {
    first: u32,
    columns: u32,
}

// Utilities of the members of four columns: u for one member a column, u+ - u- and their mean for two.
struct Weights {
    first: vec4f,
    second: vec4f,
}

fn weights(quad: u32) -> Weights {
    let column = noise_window.first / 4u + quad;
    if SHARED == 2u {
        let a = utility[2u * column];
        let b = utility[2u * column + 1u];
        let plus = vec4f(a.xz, b.xz);
        let minus = vec4f(a.yw, b.yw);
        return Weights(plus - minus, 0.5 * (plus + minus));
    }
    return Weights(utility[column], utility[column]);
}
