// What an update rule and its schedule are set to, and what it remembers of every coordinate.
struct Rule {
    rate: f32,
    rate_end: f32,     // share of the rate that is left at the end
    decay: u32,        // 0 constant, 1 linear, 2 cosine
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    weight_decay: f32, // share of a coordinate that a step of rate 1 takes away
}
@group(3) @binding(6) var<uniform> rule_settings: Rule;
@group(3) @binding(7) var<storage, read_write> moments: array<vec2f>;

// The rate of this generation.
fn rate_now() -> f32 {
    let u = min(f32(clock.generation) / f32(clock.horizon), 1.0);
    var left = 1.0;
    if rule_settings.decay == 1u {
        left = 1.0 - u;
    } else if rule_settings.decay == 2u {
        left = 0.5 + 0.5 * cos(3.1415927 * u);
    }
    return rule_settings.rate * mix(rule_settings.rate_end, 1.0, left);
}

// Where coordinate i of value x moves to, going against this gradient; one unit is the size of a first coordinate.
fn stepped(i: u32, x: f32, gradient: f32, unit: f32) -> f32 {
    let rate = rate_now();
    return x - rate * (unit * rule(i, gradient) + rule_settings.weight_decay * x);
}
