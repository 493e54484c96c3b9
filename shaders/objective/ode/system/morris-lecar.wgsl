//! source Morris and Lecar 1981, a neuron that fires; constants of Rinzel and Ermentrout 1998, SNLC
//! state v = -60, w = 0
//! constants I = 50, C = 20, gL = 2, gCa = 4, gK = 8, EL = -60, ECa = 120, EK = -84
//! constants V1 = -1.2, V2 = 18, V3 = 12, V4 = 17.4, phi = 0.06666667
//! time 0 1000
//! steps 10000
// C V' = I - gL (V - EL) - gCa m (V - ECa) - gK w (V - EK), w' = phi cosh(x / 2) (w_inf - w) with x = (V - V3) / V4;
// m and w_inf are logistic curves, (1 + tanh(x)) / 2 = 1 / (1 + exp(-2 x)).
fn rhs(t: f32, y: State) -> State {
    let m = 1.0 / (1.0 + exp(-2.0 * clamp((y[v] - constants[V1]) / constants[V2], -20.0, 20.0)));
    // exp(-x / 2): its fourth power is for the curve, its sum with its inverse for cosh.
    let e = exp(-0.5 * clamp((y[v] - constants[V3]) / constants[V4], -20.0, 20.0));
    let open = 1.0 / (1.0 + e * e * e * e);
    let leak = constants[gL] * (y[v] - constants[EL]);
    let calcium = constants[gCa] * m * (y[v] - constants[ECa]);
    let potassium = constants[gK] * y[w] * (y[v] - constants[EK]);
    let pace = 0.5 * constants[phi] * (e + 1.0 / e);
    return State((constants[I] - leak - calcium - potassium) / constants[C], pace * (open - y[w]));
}
