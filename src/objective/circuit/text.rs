//! The parts of `by_trial.wgsl` and `backward.wgsl` that depend on the size: what is done with every quad of neurons.
//! Spelt out, everything stays in registers, weights too; past a size that compilers bear, in loops, with weights in
//! memory.

use std::fmt::Write as _;

use super::{Circuit, Integrator};

/// Quads of neurons up to which steps are spelt out.
const STEPS: u32 = 8;
/// Quads of neurons up to which the way back is: it holds twice as much.
const BACK: u32 = 5;

/// A text for so many quads, spelt out or in loops.
#[derive(Clone, Copy)]
pub(super) struct Text {
    quads: u32,
    spelt: bool,
    stages: u32,
}

impl Text {
    /// For steps alone.
    pub(super) fn steps(circuit: &Circuit) -> Self {
        Self::up_to(STEPS, circuit)
    }

    /// For steps and the way back.
    pub(super) fn back(circuit: &Circuit) -> Self {
        Self::up_to(BACK, circuit)
    }

    fn up_to(most: u32, circuit: &Circuit) -> Self {
        let quads = circuit.neurons.div_ceil(4);
        let stages = if circuit.integrator == Integrator::Rk2 { 2 } else { 1 };
        Self { quads, spelt: quads <= most, stages }
    }

    /// Rounds of loops in a step.
    pub(super) fn loops(self) -> u32 {
        let quads = self.quads;
        if self.spelt { 1 } else { 1 + 2 * quads + self.stages * (3 * quads + quads * quads) }
    }

    /// The same and in walking it back.
    pub(super) fn loops_back(self) -> u32 {
        let quads = self.quads;
        if self.spelt { 2 } else { self.loops() + 1 + 4 * quads + quads * quads }
    }

    /// What `by_trial.wgsl` needs beside it.
    pub(super) fn forward(self) -> String {
        let every = |call: &str| self.every(call);
        let pushes = every("begin(#i, input);") + &self.every_two("couple(#i, #q);");
        let half = if self.stages == 2 { pushes.clone() + &every("advance(#i, 0.5 * STEP);") } else { String::new() };
        let functions = [
            ("load_states(slot: u32, slots: u32)", every("load_gate(#i);") + &every("load(#i, slot, slots);")),
            ("store_states(slot: u32, slots: u32, lost: bool)", every("store(#i, slot, slots, lost);")),
            ("gather_all(share: f32)", every("gather(#i, share);")),
            ("step(input: vec2f)", every("keep(#i);") + &half + &pushes + &every("advance(#i, STEP);")),
        ];
        self.weights() + &written(&functions)
    }

    /// What `backward.wgsl` needs besides.
    pub(super) fn backward(self) -> String {
        let every = |call: &str| self.every(call);
        let (slopes, flush) = self.slopes();
        let functions = [
            (
                "load_kept_states(slot: u32, slots: u32)",
                every("load_gate(#i);") + &every("load_kept(#i, slot, slots);"),
            ),
            ("record_all(n: u32, slot: u32, slots: u32)", every("record(#i, n, slot, slots);")),
            ("load_slopes(slot: u32, slots: u32)", every("load_slope(#i, slot, slots);")),
            ("raise_all(n: u32, said: f32, slot: u32, slots: u32)", every("raise(#i, n, said, slot, slots);")),
            ("pull_all(slot: u32, slots: u32)", self.every_two("pull_through(#i, #q, slot, slots);")),
            ("lower_all()", every("lower(#i);")),
            (
                "store_slopes(slot: u32, slots: u32, input: vec2f)",
                every("store_slope(#i, slot, slots);") + &every("add_based(#i, input, slot, slots);") + &flush,
            ),
        ];
        slopes + &written(&functions)
    }

    /// `call` for every quad, whose number is written `#i`.
    fn every(self, call: &str) -> String {
        if !self.spelt {
            return format!("    for (var i = 0u; i < QUADS; i += 1u) {{ {} }}\n", call.replace("#i", "i"));
        }
        (0..self.quads).map(|i| format!("    {}\n", call.replace("#i", &format!("{i}u")))).collect()
    }

    /// `call` for every pair of quads, `#i` and `#q`.
    fn every_two(self, call: &str) -> String {
        if !self.spelt {
            let call = call.replace("#q", "q");
            return self.every(&format!("for (var q = 0u; q < QUADS; q += 1u) {{ {call} }}"));
        }
        (0..self.quads).map(|q| self.every(&call.replace("#q", &format!("{q}u")))).collect()
    }

    /// Weights up to the readout: in registers, or read at every use.
    fn weights(self) -> String {
        if !self.spelt {
            return "fn load_weights() {}\nfn weight(k: u32) -> vec4f { return staged[first_weight + k]; }\n".into();
        }
        let count = self.quads * (3 + 4 * self.quads);
        let mut text = format!("var<private> held: array<vec4f, {count}>;\nfn load_weights() {{\n");
        for k in 0..count {
            let _ = writeln!(text, "    held[{k}u] = staged[first_weight + {k}u];");
        }
        text + "}\nfn weight(k: u32) -> vec4f { return held[k]; }\n"
    }

    /// Slopes in the weights of synapses, likewise; and what adds them to those in memory.
    fn slopes(self) -> (String, String) {
        let head = "fn add_slope(k: u32, slot: u32, slots: u32, value: vec4f) {";
        if !self.spelt {
            return (format!("{head} sums[k * slots + slot] += value; }}\n"), String::new());
        }
        let (first, count) = (3 * self.quads, 4 * self.quads * self.quads);
        let text = format!("var<private> grown: array<vec4f, {count}>;\n{head} grown[k - {first}u] += value; }}\n");
        let flush = (0..count).map(|k| format!("    sums[{}u * slots + slot] += grown[{k}u];\n", first + k));
        (text, flush.collect())
    }
}

/// Functions by their heads and their bodies.
fn written(functions: &[(&str, String)]) -> String {
    functions.iter().map(|(head, body)| format!("fn {head} {{\n{body}}}\n")).collect()
}
