// The method of Dormand and Prince 1980 with seven stages: order 5, and beside it order 4 for an estimate of the error.
struct Trial {
    y: State,     // after the step
    slope: State, // there, for the step that follows
    error: State, // of the lower order: what `y` is off is less
}

// `k1` is the slope at t.
fn tried(t: f32, h: f32, y: State, k1: State) -> Trial {
    var stage = y;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        stage[i] += h * (0.2 * k1[i]);
    }
    let k2 = rhs(t + 0.2 * h, stage);
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        stage[i] = y[i] + h * (3.0 / 40.0 * k1[i] + 9.0 / 40.0 * k2[i]);
    }
    let k3 = rhs(t + 0.3 * h, stage);
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        stage[i] = y[i] + h * (44.0 / 45.0 * k1[i] - 56.0 / 15.0 * k2[i] + 32.0 / 9.0 * k3[i]);
    }
    let k4 = rhs(t + 0.8 * h, stage);
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        let early = 19372.0 / 6561.0 * k1[i] - 25360.0 / 2187.0 * k2[i];
        stage[i] = y[i] + h * (early + 64448.0 / 6561.0 * k3[i] - 212.0 / 729.0 * k4[i]);
    }
    let k5 = rhs(t + 8.0 / 9.0 * h, stage);
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        let early = 9017.0 / 3168.0 * k1[i] - 355.0 / 33.0 * k2[i] + 46732.0 / 5247.0 * k3[i];
        stage[i] = y[i] + h * (early + 49.0 / 176.0 * k4[i] - 5103.0 / 18656.0 * k5[i]);
    }
    let k6 = rhs(t + h, stage);
    var trial: Trial;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        let early = 35.0 / 384.0 * k1[i] + 500.0 / 1113.0 * k3[i] + 125.0 / 192.0 * k4[i];
        trial.y[i] = y[i] + h * (early - 2187.0 / 6784.0 * k5[i] + 11.0 / 84.0 * k6[i]);
    }
    trial.slope = rhs(t + h, trial.y);
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        let early = 71.0 / 57600.0 * k1[i] - 71.0 / 16695.0 * k3[i] + 71.0 / 1920.0 * k4[i];
        let late = 17253.0 / 339200.0 * k5[i] - 22.0 / 525.0 * k6[i] + 1.0 / 40.0 * trial.slope[i];
        trial.error[i] = h * (early - late);
    }
    return trial;
}

fn stepped(t: f32, h: f32, y: State) -> State {
    return tried(t, h, y, rhs(t, y)).y;
}
