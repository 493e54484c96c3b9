// A Morris-Lecar neuron and the synapses that it opens; `Real` is one neuron, or four.
struct Neuron {
    v: Real, // mV
    w: Real, // share of potassium channels that are open
    s: Real, // share of its synapses that are open
}

// What neurons are pushed by: a current, and a conductance with a reversal potential of 0.
struct Push {
    current: Real,
    shunt: Real,
}

// Rates at which synapses open and close, 1/ms.
struct Gate {
    opening: Real,
    closing: Real,
}


const FARTHEST = 120.0; // mV; bounds the arguments of exp too
const EXPONENT = 0x7f800000u;

fn logistic(x: Real) -> Real {
    return 1.0 / (1.0 + exp(-x));
}

// How far calcium channels are open at this voltage, and transmitter is released.
fn calcium_open(v: Real) -> Real {
    return logistic((v - CALCIUM_MIDDLE) * (2.0 / CALCIUM_WIDTH));
}
fn released(v: Real) -> Real {
    return logistic((v - 2.0) * 0.2);
}

// exp(-x / 2) with x = (v - V3) / V4: its fourth power makes the curve of potassium, its sum with its inverse the pace.
fn half_way(v: Real) -> Real {
    return exp((POTASSIUM_MIDDLE - v) * (0.5 / POTASSIUM_WIDTH));
}
fn potassium_open(e: Real) -> Real {
    let square = e * e;
    return 1.0 / (1.0 + square * square);
}
fn pace(e: Real) -> Real {
    return (0.5 * PHI) * (e + 1.0 / e);
}

fn inward(at: Neuron, push: Push) -> Real {
    let v = at.v;
    let own = LEAK * (v - LEAK_REVERSAL) + CALCIUM * calcium_open(v) * (v - CALCIUM_REVERSAL)
        + POTASSIUM * at.w * (v - POTASSIUM_REVERSAL);
    return push.current - push.shunt * v - own;
}

// From `origin`, a step h with the slopes of `at`. The voltage may be anything yet.
fn moved(origin: Neuron, at: Neuron, push: Push, gate: Gate, h: f32) -> Neuron {
    let e = half_way(at.v);
    let v = origin.v + (h / CAPACITY) * inward(at, push);
    let w = origin.w + h * pace(e) * (potassium_open(e) - at.w);
    return Neuron(v, w, gated(origin.s, at.s, gate.opening * released(at.v), gate.closing, h));
}

fn gated(origin: Real, at: Real, opening: Real, closing: Real, h: f32) -> Real {
    if CONDUCTANCE != 0u {
        // Exact for rates that stay: those of some receptors are too fast for a slope.
        let rate = opening + closing;
        let goal = opening / rate;
        return goal + (origin - goal) * exp(-h * rate);
    }
    return origin + h * (opening * (1.0 - at) - closing * at);
}

fn walled(neuron: Neuron) -> Neuron {
    return Neuron(clamp(neuron.v, Real(-FARTHEST), Real(FARTHEST)), neuron.w, neuron.s);
}
