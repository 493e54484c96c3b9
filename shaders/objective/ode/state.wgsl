// The state of one trajectory, in registers, and the constants of its system.
alias State = array<f32, COMPONENTS>;
alias Constants = array<f32, CONSTANTS>;
var<private> constants: Constants;

// y + h k
fn moved(y: State, h: f32, k: State) -> State {
    var sum = y;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        sum[i] = fma(h, k[i], sum[i]);
    }
    return sum;
}

// share k
fn scaled(share: f32, k: State) -> State {
    var part = k;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        part[i] *= share;
    }
    return part;
}

// By exponent bits: WGSL lets drivers assume that NaN and infinity do not occur.
fn is_finite_state(y: State) -> bool {
    var largest = 0u;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        largest = max(largest, bitcast<u32>(y[i]) & 0x7fffffffu);
    }
    return largest < 0x7f800000u;
}
