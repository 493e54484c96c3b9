//! import follow
// Exponentially averaged momentum particle swarm (Mohapatra et al. 2020, AdaSwarm, eqs. 4 to 6).
struct EmPso {
    cognitive: f32,
    social: f32,
    beta: f32,
    listing: u32,    // 0: the equations, 1: the order of Algorithm 1
    correction: u32, // 1: divide the average by 1 - beta^t
}
@group(3) @binding(9) var<uniform> settings: EmPso;
@group(3) @binding(10) var<storage, read_write> momentum: array<vec4f>;

fn moved(t: u32, v: vec4f, toward_own: vec4f, toward_leader: vec4f) -> vec4f {
    let pull = settings.cognitive * toward_own + settings.social * toward_leader;
    let before = momentum[t];
    // Eq. 4 averages the old velocity and keeps that; Algorithm 1 keeps the average of the new one, which so counts twice.
    let average = mix(v, before, settings.beta);
    let steps = f32(clock.generation);
    let scale = select(1.0, 1.0 / (1.0 - pow(settings.beta, steps)), settings.correction != 0u);
    let now = scale * average + pull;
    momentum[t] = select(average, mix(now, before, settings.beta), settings.listing != 0u);
    return now;
}
