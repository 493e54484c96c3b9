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
        if self.spelt { 1 } else { 1 + 2 * quads + self.stages * (2 * quads + quads * quads) }
    }

    /// The same and in walking it back.
    pub(super) fn loops_back(self) -> u32 {
        let quads = self.quads;
        if self.spelt { 2 } else { self.loops() + 1 + 4 * quads + quads * quads }
    }

    /// Rows of quads that a thread keeps in memory: of the state, and of the way back.
    pub(super) fn rows(self) -> (u32, u32) {
        if self.spelt { (4, 3) } else { (9, 7) }
    }

    /// What `by_trial.wgsl` needs beside it.
    pub(super) fn forward(self) -> String {
        let every = |call: &str| self.every(call);
        let place = if self.spelt {
            include_str!("../../../shaders/objective/circuit/registers.wgsl")
        } else {
            include_str!("../../../shaders/objective/circuit/memory.wgsl")
        };
        let pushes = self.pushes();
        let half = if self.stages == 2 { pushes.clone() + &every("advance(#i, 0.5 * STEP);") } else { String::new() };
        let functions = [
            ("load_all()", every("load(#i);")),
            ("store_all(lost: bool)", every("store(#i, lost);")),
            ("gather_all(share: f32)", every("add_total(#i, share * open_synapses(#i));")),
            (
                "step(input: vec2f)",
                every("set_origin(#i, neuron(#i));") + &half + &pushes + &every("advance(#i, STEP);"),
            ),
        ];
        place.to_string() + &self.weights() + &written(&functions)
    }

    /// What `backward.wgsl` needs besides.
    pub(super) fn backward(self) -> String {
        let every = |call: &str| self.every(call);
        let place = if self.spelt {
            include_str!("../../../shaders/objective/circuit/back_registers.wgsl")
        } else {
            include_str!("../../../shaders/objective/circuit/back_memory.wgsl")
        };
        let (slopes, flush) = self.slopes();
        // Gates are loaded with the state, which is then another.
        let functions = [
            ("load_kept_all()", every("load(#i);") + &every("load_kept(#i);")),
            ("record_all(n: u32)", every("record(#i, n);")),
            ("load_slopes()", every("load_slope(#i);")),
            ("raise_all(n: u32, said: f32)", every("raise(#i, n, said);")),
            ("pull_all()", self.every_two("pull_through(#i, #q);")),
            ("lower_all()", every("lower(#i);")),
            ("store_slopes(input: vec2f)", every("store_slope(#i);") + &every("add_outer(#i, input);") + &flush),
        ];
        place.to_string() + &slopes + &written(&functions)
    }

    /// What every neuron is pushed by.
    fn pushes(self) -> String {
        let one = |i: &str| {
            let mut text = format!("        var sum = outer({i}, input);\n");
            if self.spelt {
                for q in 0..self.quads {
                    let _ = writeln!(text, "        sum = coupled(sum, {i}, {q}u);");
                }
            } else {
                text += "        for (var q = 0u; q < of_thread(part.quads, slot); q += 1u) { sum = coupled(sum, i, q); }\n";
            }
            format!("    {{\n{text}        set_push({i}, sum);\n    }}\n")
        };
        if self.spelt {
            return (0..self.quads).map(|i| one(&format!("{i}u"))).collect();
        }
        format!("    for (var i = 0u; i < of_thread(part.quads, slot); i += 1u) {{\n{}    }}\n", one("i"))
    }

    /// `call` for every quad, whose number is written `#i`.
    fn every(self, call: &str) -> String {
        if !self.spelt {
            return format!(
                "    for (var i = 0u; i < of_thread(part.quads, slot); i += 1u) {{ {} }}\n",
                call.replace("#i", "i")
            );
        }
        (0..self.quads).map(|i| format!("    {}\n", call.replace("#i", &format!("{i}u")))).collect()
    }

    /// `call` for every pair of quads, `#i` and `#q`.
    fn every_two(self, call: &str) -> String {
        if !self.spelt {
            let call = call.replace("#q", "q");
            return self.every(&format!("for (var q = 0u; q < of_thread(part.quads, slot); q += 1u) {{ {call} }}"));
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
        let head = "fn add_slope(k: u32, value: vec4f) {";
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
