//! import clock, grid, lean_weights
// Where noise of low rank leans, for the matrix and the biases of one group: left factors, weighted by utility, times
// right factors. A tile of four by four coordinates is a product of small matrices for every four columns of noise.
@group(3) @binding(1) var<storage, read_write> leaning: array<f32>;
const UNIT_TILES: u32 = (UNITS + 3u) / 4u;
const INPUT_TILES: u32 = (INPUTS + 3u) / 4u;

// Four columns of a factor; past its last row that row.
fn factor(first: u32, row: u32, rows: u32, quad: u32) -> vec4f {
    return noise[(first + min(row, rows - 1u)) * NOISE_QUADS + quad];
}

// One thread per tile of the matrix and, behind them, per four biases; windows go by in order, so that the sums do not
// depend on how many there are.
@compute @workgroup_size(WORKGROUP)
fn lean_low_rank(@builtin(global_invocation_id) global: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let t = line(global, groups);
    if t >= UNIT_TILES * INPUT_TILES + BIAS_TILES || clock.stopped != 0u { return; }
    if t < UNIT_TILES * INPUT_TILES {
        matrix(4u * (t / INPUT_TILES), 4u * (t % INPUT_TILES));
    } else {
        biases(4u * (t - UNIT_TILES * INPUT_TILES));
    }
}

// What earlier windows came to, for four inputs of a unit.
fn before(unit: u32, input: u32) -> vec4f {
    var sum = vec4f(0.0);
    if of_thread(noise_window.first, unit) > 0u {
        for (var k = 0u; k < 4u; k += 1u) {
            sum[k] = leaning[OFFSET + min(unit, UNITS - 1u) * WIDTH + min(input + k, INPUTS - 1u)];
        }
    }
    return sum;
}

fn store(unit: u32, input: u32, sum: vec4f) {
    for (var k = 0u; k < 4u; k += 1u) {
        if unit < UNITS && input + k < INPUTS {
            leaning[OFFSET + unit * WIDTH + input + k] = sum[k];
        }
    }
}

fn matrix(unit: u32, input: u32) {
    var sum0 = before(unit, input);
    var sum1 = before(unit + 1u, input);
    var sum2 = before(unit + 2u, input);
    var sum3 = before(unit + 3u, input);
    let quads = of_thread((noise_window.columns + 3u) / 4u, unit);
    for (var quad = 0u; quad < quads; quad += 1u) {
        let w = ROOT * weights(quad).first;
        for (var r = 0u; r < RANK; r += 1u) {
            let left = LEFT + r * UNITS;
            let right = RIGHT + r * INPUTS;
            let across = mat4x4f(
                factor(right, input, INPUTS, quad),
                factor(right, input + 1u, INPUTS, quad),
                factor(right, input + 2u, INPUTS, quad),
                factor(right, input + 3u, INPUTS, quad),
            );
            sum0 += (w * factor(left, unit, UNITS, quad)) * across;
            sum1 += (w * factor(left, unit + 1u, UNITS, quad)) * across;
            sum2 += (w * factor(left, unit + 2u, UNITS, quad)) * across;
            sum3 += (w * factor(left, unit + 3u, UNITS, quad)) * across;
        }
    }
    store(unit, input, sum0);
    store(unit + 1u, input, sum1);
    store(unit + 2u, input, sum2);
    store(unit + 3u, input, sum3);
}

fn biases(unit: u32) {
    var sum = vec4f(0.0);
    if of_thread(noise_window.first, unit) > 0u {
        for (var k = 0u; k < 4u; k += 1u) {
            sum[k] = leaning[OFFSET + min(unit + k, UNITS - 1u) * WIDTH + INPUTS];
        }
    }
    let quads = of_thread((noise_window.columns + 3u) / 4u, unit);
    for (var quad = 0u; quad < quads; quad += 1u) {
        let along = mat4x4f(
            factor(BIASES, unit, UNITS, quad),
            factor(BIASES, unit + 1u, UNITS, quad),
            factor(BIASES, unit + 2u, UNITS, quad),
            factor(BIASES, unit + 3u, UNITS, quad),
        );
        sum += weights(quad).first * along;
    }
    for (var k = 0u; k < 4u; k += 1u) {
        if unit + k < UNITS {
            leaning[OFFSET + (unit + k) * WIDTH + INPUTS] = sum[k];
        }
    }
}
