// The run's clock lives on the device, so that every generation is the same list of commands. All read it as uniform,
// the cheapest kind of load everywhere; `tick` alone writes it.
struct Clock {
    seed_low: u32,
    seed_high: u32,
    generation: u32, // generations told so far
    horizon: u32,    // generations over which schedules run
    limit: u32,      // generation at which the run stops
    stopped: u32,    // 0: running, 1: limit reached, 2: goal reached; kernels then leave everything as it is
    goal: f32,       // the run stops at a best fitness at or below it
    best: f32,       // best fitness so far
}
@group(0) @binding(0) var<uniform> clock: Clock;

// The key of all random numbers: the seed.
fn seed_key() -> vec4u {
    return vec4u(clock.seed_low, clock.seed_high, 0u, 0u);
}
