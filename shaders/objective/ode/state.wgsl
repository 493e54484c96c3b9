// The state of one trajectory, in registers, and the constants of its system.
alias State = array<f32, COMPONENTS>;
var<private> constants: array<f32, CONSTANTS>;

// y + h k
fn moved(y: State, h: f32, k: State) -> State {
    var sum = y;
    for (var i = 0u; i < COMPONENTS; i += 1u) {
        sum[i] = fma(h, k[i], sum[i]);
    }
    return sum;
}
