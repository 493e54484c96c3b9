// What linearly implicit steps need: slopes of the right-hand side, and I - g J taken apart so that many sides are
// solved with it.
var<private> slopes: array<State, COMPONENTS>; // row i of J
var<private> factors: array<State, COMPONENTS>; // both triangles of I - g J
var<private> swapped: array<u32, COMPONENTS>; // by column: bit i where row i came up

// A change of a component large enough to show in f32 and small beside the component; for polynomials of degree two, as
// in mass action, central differences are exact whatever the change.
fn change_of(y: f32) -> f32 {
    return 0x1p-7f * max(abs(y), SMALL);
}

fn find_slopes(t: f32, y: State) {
    for (var j = 0u; j < COMPONENTS; j += 1u) {
        var moved_up = y;
        var moved_down = y;
        moved_up[j] += change_of(y[j]);
        moved_down[j] -= change_of(y[j]);
        let above = rhs(t, moved_up);
        let below = rhs(t, moved_down);
        let share = 1.0 / (moved_up[j] - moved_down[j]);
        for (var i = 0u; i < COMPONENTS; i += 1u) {
            slopes[i][j] = (above[i] - below[i]) * share;
        }
    }
}

// h times the derivative of the right-hand side by t, from a difference over a share of the step.
fn drift(t: f32, h: f32, y: State) -> State {
    let ahead = 0.125 * h;
    var slope = rhs(t + ahead, y);
    let below = rhs(t - ahead, y);
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        slope[i] = 4.0 * (slope[i] - below[i]);
    }
    return slope;
}

// Takes I - g J apart. The largest of a column comes up by exchanges of neighbours in a fixed order, so that all indices
// are known when the loops are unrolled.
fn take_apart(g: f32) {
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        for (var j = 0u; j < COMPONENTS; j += 1u) {
            factors[i][j] = select(0.0, 1.0, i == j) - g * slopes[i][j];
        }
    }
    for (var k = 0u; k < COMPONENTS; k += 1u) {
        var bits = 0u;
        for (var i = k + 1u; i < COMPONENTS; i += 1u) {
            if abs(factors[i][k]) > abs(factors[k][k]) {
                let row = factors[i];
                factors[i] = factors[k];
                factors[k] = row;
                bits |= 1u << i;
            }
        }
        swapped[k] = bits;
        let share = 1.0 / factors[k][k];
        for (var i = k + 1u; i < COMPONENTS; i += 1u) {
            let multiple = factors[i][k] * share;
            factors[i][k] = multiple;
            for (var j = k + 1u; j < COMPONENTS; j += 1u) {
                factors[i][j] -= multiple * factors[k][j];
            }
        }
    }
}

// x with (I - g J) x = side
fn solved(side: State) -> State {
    var x = side;
    for (var k = 0u; k < COMPONENTS; k += 1u) {
        for (var i = k + 1u; i < COMPONENTS; i += 1u) {
            if ((swapped[k] >> i) & 1u) != 0u {
                let value = x[i];
                x[i] = x[k];
                x[k] = value;
            }
        }
    }
    for (var i = 1u; i < COMPONENTS; i += 1u) {
        for (var k = 0u; k < i; k += 1u) {
            x[i] -= factors[i][k] * x[k];
        }
    }
    for (var up = 0u; up < COMPONENTS; up += 1u) {
        let i = COMPONENTS - 1u - up;
        for (var j = i + 1u; j < COMPONENTS; j += 1u) {
            x[i] -= factors[i][j] * x[j];
        }
        x[i] /= factors[i][i];
    }
    return x;
}
