//! import follow
// Particle swarm (Kennedy and Eberhart 1995; inertia: Shi and Eberhart 1998; constriction: Clerc and Kennedy 2002).
// Coefficients run linearly from their value to their end value over the run.
struct Pso {
    inertia: f32,
    inertia_end: f32,
    cognitive: f32,
    cognitive_end: f32,
    social: f32,
    social_end: f32,
}
@group(3) @binding(9) var<uniform> settings: Pso;

fn moved(t: u32, v: vec4f, toward_own: vec4f, toward_leader: vec4f) -> vec4f {
    let u = min(f32(clock.generation) / f32(clock.horizon), 1.0);
    // Not mix: a coefficient that stays the same must not depend on the horizon.
    let inertia = settings.inertia + u * (settings.inertia_end - settings.inertia);
    let cognitive = settings.cognitive + u * (settings.cognitive_end - settings.cognitive);
    let social = settings.social + u * (settings.social_end - settings.social);
    return inertia * v + cognitive * toward_own + social * toward_leader;
}
