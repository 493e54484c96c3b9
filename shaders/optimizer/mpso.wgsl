//! import follow
// Momentum particle swarm: the new velocity is blended with an old one.
struct MPso {
    inertia: f32,
    cognitive: f32,
    social: f32,
    momentum: f32, // lambda
    printed: u32,  // 0: standard form, 1: as printed in AdaSwarm, eq. 3
}
@group(3) @binding(9) var<uniform> settings: MPso;
@group(3) @binding(10) var<storage, read_write> momentum: array<vec4f>; // the velocity before the last

fn moved(t: u32, v: vec4f, toward_own: vec4f, toward_leader: vec4f) -> vec4f {
    let pull = settings.cognitive * toward_own + settings.social * toward_leader;
    if of_thread(settings.printed, t) == 0u {
        return mix(settings.inertia * v + pull, v, settings.momentum);
    }
    let before = momentum[t];
    momentum[t] = v;
    return mix(v + pull, before, settings.momentum);
}
