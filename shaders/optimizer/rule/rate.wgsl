//! import progress
// What an update rule is set to and what it remembers, member by member. Beside it stand the rule itself and
// `share_left`, what is left of the rate.
struct Rule {
    rate: f32,
    rate_end: f32,     // share of the rate that is left at the end
    step_every: f32,   // share of the run after which the rate falls by a step
    step_factor: f32,  // what a step leaves of it
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    weight_decay: f32, // share of a coordinate that a step of rate 1 takes away
}
@group(3) @binding(6) var<storage, read> rule_settings: array<Rule>;
@group(3) @binding(7) var<storage, read_write> moments: array<f32>; // arrays of SLOTS numbers, as many as the rule has

// The rate of this generation.
fn rate_now(member: u32) -> f32 {
    let end = rule_settings[member].rate_end;
    let step_every = rule_settings[member].step_every;
    let step_factor = rule_settings[member].step_factor;
    return rule_settings[member].rate * share_left(end, step_every, step_factor, run_progress());
}

// Where the value x moves to against this gradient. slot: the coordinate of the member in `moments`; t: steps made of
// it, this one included; one unit is the size of a first coordinate.
fn stepped(slot: u32, member: u32, t: f32, x: f32, gradient: f32, unit: f32) -> f32 {
    let rate = rate_now(member);
    return x - rate * (unit * rule(slot, member, t, gradient) + rule_settings[member].weight_decay * x);
}
