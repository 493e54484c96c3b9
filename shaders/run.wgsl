//! import clock, finite
// The end of a generation: history, the conditions to stop, the clock.
struct Record {
    best: f32,   // best fitness so far
    lowest: f32, // lowest of this generation
    mean: f32,   // mean of the finite ones of this generation
    share: f32,  // share of the candidates whose fitness was finite, 0 to 1
    norm: f32,   // mean norm of the gradients, where they are measured
}
@group(0) @binding(1) var<storage, read_write> ticking: Clock;
@group(1) @binding(2) var<storage, read_write> fitness: array<vec4f>;
@group(3) @binding(0) var<storage, read_write> best_fitness: array<f32>;
@group(3) @binding(1) var<storage, read_write> history: array<Record>; // a ring of HISTORY records
@group(3) @binding(2) var<storage, read_write> norms: array<f32>; // of NORMS gradients
var<workgroup> lows: array<f32, REDUCE>;
var<workgroup> sums: array<f32, REDUCE>;
var<workgroup> counts: array<f32, REDUCE>;
var<workgroup> slopes: array<f32, REDUCE>;

// One workgroup.
@compute @workgroup_size(REDUCE)
fn tick(@builtin(local_invocation_index) lane: u32) {
    let runs = ticking.stopped == 0u;
    var low = WORST;
    var sum = 0.0;
    var count = 0.0;
    for (var quad = lane; quad < CANDIDATE_QUADS; quad += REDUCE) {
        let f = fitness[quad];
        let good = f < vec4f(WORST);
        low = min(low, min(min(f.x, f.y), min(f.z, f.w)));
        sum += dot(select(vec4f(0.0), f, good), vec4f(1.0));
        count += dot(select(vec4f(0.0), vec4f(1.0), good), vec4f(1.0));
    }
    var norm = 0.0;
    for (var member = lane; member < NORMS; member += REDUCE) {
        norm += norms[member] / f32(NORMS);
    }
    lows[lane] = low;
    slopes[lane] = norm;
    sums[lane] = sum;
    counts[lane] = count;
    workgroupBarrier();
    for (var step = REDUCE / 2u; step > 0u; step /= 2u) {
        if lane < step {
            lows[lane] = min(lows[lane], lows[lane + step]);
            sums[lane] += sums[lane + step];
            counts[lane] += counts[lane + step];
            slopes[lane] += slopes[lane + step];
        }
        workgroupBarrier();
    }
    if lane == 0u && runs {
        let best = best_fitness[0];
        let mean = finite_or_worst(sums[0] / max(counts[0], 1.0));
        history[ticking.generation % HISTORY] = Record(best, lows[0], mean, counts[0] / f32(CANDIDATES), finite_or_worst(slopes[0]));
        ticking.best = best;
        ticking.generation += 1u;
        if best <= ticking.goal {
            ticking.stopped = 2u;
        } else if ticking.generation >= ticking.limit {
            ticking.stopped = 1u;
        }
    }
}
