// C V' = I - gL (V - EL) - gCa m (V - ECa) - gK w (V - EK), w' = phi cosh(x / 2) (w_inf - w) with x = (V - V3) / V4;
// m and w_inf are logistic curves, (1 + tanh(x)) / 2 = 1 / (1 + exp(-2 x)).
fn rhs(t: f32, y: State) -> State {
    let v = y[0];
    let m = 1.0 / (1.0 + exp(-2.0 * clamp((v - constants[8]) / constants[9], -20.0, 20.0)));
    // exp(-x / 2): its fourth power is for the curve, its sum with its inverse for cosh.
    let e = exp(-0.5 * clamp((v - constants[10]) / constants[11], -20.0, 20.0));
    let open = 1.0 / (1.0 + e * e * e * e);
    let leak = constants[2] * (v - constants[5]);
    let calcium = constants[3] * m * (v - constants[6]);
    let potassium = constants[4] * y[1] * (v - constants[7]);
    let pace = 0.5 * constants[12] * (e + 1.0 / e);
    return State((constants[0] - leak - calcium - potassium) / constants[1], pace * (open - y[1]));
}
