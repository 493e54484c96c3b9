//! Right-hand sides that a candidate gives: the free constants of a known system, or the weights of a network (a neural
//! ODE, Chen et al. 2018).

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::System;
use crate::gpu::Source;
use crate::objective::network::{Activation, Architecture, Layer};
use crate::population::Domain;
use crate::{Error, Result};

/// Inputs of a unit that are written out; more take a loop.
const WRITTEN_OUT: u32 = 48;

/// A constant that is looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name in the system.
    pub name: String,
    /// Its smallest value.
    pub low: f32,
    /// Its largest value.
    pub high: f32,
    /// Whether equal steps of a search are equal factors: for what may be small or large. Takes a `low` above 0.
    pub logarithmic: bool,
}

impl Parameter {
    /// The value at a coordinate from 0 to 1.
    pub fn value(&self, coordinate: f32) -> f32 {
        if self.logarithmic {
            return (self.low.ln() + coordinate * (self.high.ln() - self.low.ln())).exp();
        }
        self.low + coordinate * (self.high - self.low)
    }

    fn check(&self) -> Result<()> {
        let text = || format!("{}..{}", self.low, self.high);
        if !(self.low.is_finite() && self.high.is_finite() && self.low < self.high) {
            return Err(Error::setting(&self.name, text(), "give two finite numbers, the lower one first"));
        }
        if self.logarithmic && self.low <= 0.0 {
            return Err(Error::setting(&self.name, text(), "a logarithmic range lies above 0"));
        }
        Ok(())
    }
}

/// A perceptron in place of a formula: its inputs are the components and perhaps the time, its outputs their slopes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeuralField {
    /// Units of each hidden layer.
    pub hidden: Vec<u32>,
    /// What they do to their sum.
    pub activation: Activation,
    /// Whether the third powers of the components come in, in place of themselves.
    pub cubed: bool,
    /// Whether the time comes in too, from -1 at the start to 1 at the end.
    pub timed: bool,
}

/// Where a candidate's slopes come from.
#[derive(Clone, Debug)]
pub enum Field {
    /// A known system, of whose constants some are looked for; the others have their usual values.
    Known(System, Vec<Parameter>),
    /// A network.
    Neural(NeuralField),
}

impl NeuralField {
    /// The network for so many components.
    pub fn architecture(&self, components: u32) -> Architecture {
        Architecture {
            inputs: components + u32::from(self.timed),
            hidden: self.hidden.clone(),
            outputs: components,
            activation: self.activation,
            pictures: None,
        }
    }
}

impl Field {
    /// Refuses what makes no sense.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Neural(field) if field.hidden.iter().any(|units| *units == 0 || *units > 1 << 12) => {
                Err(Error::setting("model", format!("{:?}", field.hidden), "a hidden layer has 1 to 4096 units"))
            }
            Self::Neural(_) => Ok(()),
            Self::Known(system, free) => {
                for (index, parameter) in free.iter().enumerate() {
                    parameter.check()?;
                    let known = system.constants.iter().any(|(name, _)| *name == parameter.name);
                    let twice = free[..index].iter().any(|other| other.name == parameter.name);
                    if !known || twice {
                        let names: Vec<_> = system.constants.iter().map(|(name, _)| (*name).to_string()).collect();
                        let remedy = format!("{} has {}, each looked for once", system.name, names.join(", "));
                        return Err(Error::setting("parameter", &parameter.name, remedy));
                    }
                }
                if free.is_empty() {
                    return Err(Error::setting("parameters", "none", "name a constant to look for"));
                }
                Ok(())
            }
        }
    }

    /// Coordinates of a candidate, for so many components.
    pub(super) fn dims(&self, components: u32) -> u32 {
        match self {
            Self::Known(_, free) => free.len() as u32,
            Self::Neural(field) => field.architecture(components).parameters() as u32,
        }
    }

    pub(super) fn domain(&self, components: u32) -> Domain {
        match self {
            Self::Known(..) => Domain::boxed(0.0, 1.0),
            Self::Neural(field) => field.architecture(components).domain(),
        }
    }

    /// Iterations of loops in one call of `rhs`, and its operations.
    pub(super) fn cost(&self, components: u32) -> (u32, f64) {
        match self {
            Self::Known(..) => (0, 10.0 * f64::from(components)),
            Self::Neural(field) => {
                let architecture = field.architecture(components);
                let of = |layer: &Layer| layer.outputs * if layer.inputs > WRITTEN_OUT { layer.inputs + 1 } else { 1 };
                let units: u32 = field.hidden.iter().sum();
                let loops = architecture.layers().iter().map(of).sum();
                (loops, architecture.operations() + 20.0 * f64::from(units))
            }
        }
    }

    /// Inputs of the widest layer.
    pub(super) fn widest(&self, components: u32) -> u32 {
        match self {
            Self::Known(..) => 1,
            Self::Neural(field) => field.hidden.iter().copied().max().unwrap_or(0).max(components + 1),
        }
    }

    /// The state, `fn read_field(candidate)` and `fn rhs(t, y)`. What stands before it defines `at`.
    pub(super) fn piece(&self, source: Source, components: u32, middle: f64, half: f64) -> Result<Source> {
        match self {
            Self::Known(system, free) => {
                let source = source.join(&system.prelude()?).piece(&system.name, &system.wgsl)?;
                source.piece("field", &known(system, free))
            }
            Self::Neural(field) => {
                let state = include_str!("../../../shaders/objective/ode/state.wgsl");
                let source =
                    source.constant("COMPONENTS", components).constant("CONSTANTS", 1).piece("state", state)?;
                let source = source.piece("activation", field.activation.wgsl())?;
                source.piece("field", &neural(field, components, middle, half))
            }
        }
    }

    /// `fn pull(t, y, a)`: the slope of `a · rhs` by the state; that by the weights goes through `add_slope`.
    pub(super) fn pull(&self, source: Source, components: u32, middle: f64, half: f64) -> Result<Source> {
        match self {
            Self::Known(..) => {
                let remedy = "constants of a known system have no gradient here: take one that needs none, such as pso, \
                              gwo or openai-es";
                Err(Error::setting("optimizer", "one that goes down a gradient", remedy))
            }
            Self::Neural(field) => source.piece("pull", &pulled(field, components, middle, half)),
        }
    }
}

fn known(system: &System, free: &[Parameter]) -> String {
    let mut text = String::from("fn read_field(candidate: u32) {\n");
    for (k, (name, value)) in system.constants.iter().enumerate() {
        let value = match free.iter().position(|parameter| parameter.name == *name) {
            None => format!("{value:?}"),
            Some(i) => {
                let Parameter { low, high, logarithmic, .. } = free[i];
                let (low, high) = if logarithmic { (low.ln(), high.ln()) } else { (low, high) };
                let value = format!("{low:?} + at(candidate, {i}u) * {:?}", high - low);
                if logarithmic { format!("exp({value})") } else { value }
            }
        };
        let _ = writeln!(text, "    constants[{k}] = {value};");
    }
    text + "}\n"
}

/// What comes into the first layer, as named values.
fn inputs(field: &NeuralField, components: u32, middle: f64, half: f64) -> String {
    let mut text = String::new();
    for i in 0..components {
        let value = if field.cubed { format!("y[{i}] * y[{i}] * y[{i}]") } else { format!("y[{i}]") };
        let _ = writeln!(text, "    let x0_{i} = {value};");
    }
    if field.timed {
        let _ = writeln!(text, "    let x0_{components} = (t - {:?}) * {:?};", middle as f32, (1.0 / half) as f32);
    }
    text
}

/// The sum of unit `unit` of layer `l`, in units of the layer's coordinates: `sum`.
fn sum(layer: &Layer, l: usize, unit: &str) -> String {
    let mut text = format!("let row = {}u + {unit} * {}u;\n", layer.offset, layer.inputs + 1);
    let _ = writeln!(text, "        var sum = weight(row + {}u);", layer.inputs);
    let value = |k: &str| if l == 0 { format!("x0_{k}") } else { format!("x{l}[{k}]") };
    if layer.inputs <= WRITTEN_OUT || l == 0 {
        for k in 0..layer.inputs {
            let _ = writeln!(text, "        sum = fma(weight(row + {k}u), {}, sum);", value(&k.to_string()));
        }
    } else {
        let _ = writeln!(text, "        for (var k = 0u; k < {}u; k += 1u) {{", layer.inputs);
        let _ = writeln!(text, "            sum = fma(weight(row + k), {}, sum);\n        }}", value("k"));
    }
    text
}

/// The last hidden layer hands each of its values on to the outputs as soon as it is there.
fn neural(field: &NeuralField, components: u32, middle: f64, half: f64) -> String {
    let layers = field.architecture(components).layers();
    let mut text = String::from(
        "var<private> field_of: u32;\nfn read_field(candidate: u32) {\n    field_of = candidate;\n}\n\
         fn weight(i: u32) -> f32 {\n    return at(field_of, i);\n}\n\
         fn rhs(t: f32, y: State) -> State {\n",
    );
    text += &inputs(field, components, middle, half);
    let (last, hidden) = (layers[layers.len() - 1], &layers[..layers.len() - 1]);
    if hidden.is_empty() {
        text.push_str("    var z: State;\n");
        let _ = writeln!(
            text,
            "    for (var unit = 0u; unit < COMPONENTS; unit += 1u) {{\n        {}",
            sum(&last, 0, "unit")
        );
        let _ = writeln!(text, "        z[unit] = {:?} * sum;\n    }}\n    return z;\n}}", last.scale);
        return text;
    }
    for k in 0..components {
        let bias = last.coordinate(k, last.inputs);
        let _ = writeln!(text, "    var z{k} = weight({bias}u);");
    }
    for (l, layer) in hidden.iter().enumerate() {
        let top = l + 1 == hidden.len();
        if !top {
            let _ = writeln!(text, "    var x{}: array<f32, {}>;", l + 1, layer.outputs);
        }
        let _ = writeln!(text, "    for (var unit = 0u; unit < {}u; unit += 1u) {{", layer.outputs);
        let _ =
            writeln!(text, "        {}        let value = activate({:?} * sum);", sum(layer, l, "unit"), layer.scale);
        if top {
            for k in 0..components {
                let first = last.coordinate(k, 0);
                let _ = writeln!(text, "        z{k} = fma(weight({first}u + unit), value, z{k});");
            }
        } else {
            let _ = writeln!(text, "        x{}[unit] = value;", l + 1);
        }
        text.push_str("    }\n");
    }
    let outputs: Vec<_> = (0..components).map(|k| format!("{:?} * z{k}", last.scale)).collect();
    let _ = writeln!(text, "    return State({});\n}}", outputs.join(", "));
    text
}

/// Forward with all values kept, then back through the layers.
fn pulled(field: &NeuralField, components: u32, middle: f64, half: f64) -> String {
    let layers = field.architecture(components).layers();
    let of_sum = field.activation.slope_is_of_sum();
    let mut text = String::from("fn pull(t: f32, y: State, a: State) -> State {\n");
    text += &inputs(field, components, middle, half);
    let names: Vec<String> = (0..layers[0].inputs).map(|k| format!("x0_{k}")).collect();
    let _ = writeln!(text, "    var x0 = array<f32, {}>({});", layers[0].inputs, names.join(", "));
    for (l, layer) in layers.iter().enumerate().take(layers.len() - 1) {
        let next = l + 1;
        let _ = writeln!(text, "    var x{next}: array<f32, {}>;", layer.outputs);
        let _ = writeln!(text, "    var s{next}: array<f32, {}>;", layer.outputs);
        let _ = writeln!(text, "    for (var unit = 0u; unit < {}u; unit += 1u) {{", layer.outputs);
        let _ = writeln!(text, "        {}        let scaled = {:?} * sum;", sum(layer, l, "unit"), layer.scale);
        let _ = writeln!(text, "        x{next}[unit] = activate(scaled);");
        let kept = if of_sum { "scaled".to_string() } else { format!("x{next}[unit]") };
        let _ = writeln!(text, "        s{next}[unit] = slope({kept});\n    }}");
    }
    let _ = writeln!(text, "    var d{} = a;", layers.len());
    for (l, layer) in layers.iter().enumerate().rev() {
        let (above, width) = (l + 1, layer.inputs + 1);
        let _ = writeln!(text, "    var d{l}: array<f32, {}>;", layer.inputs);
        let _ = writeln!(text, "    for (var unit = 0u; unit < {}u; unit += 1u) {{", layer.outputs);
        let hidden = above < layers.len();
        let slope = if hidden { format!(" * s{above}[unit]") } else { String::new() };
        let _ = writeln!(text, "        let d = d{above}[unit]{slope};");
        let _ = writeln!(text, "        let row = {}u + unit * {width}u;", layer.offset);
        let _ = writeln!(text, "        add_slope(row + {}u, d);", layer.inputs);
        let _ = writeln!(text, "        for (var k = 0u; k < {}u; k += 1u) {{", layer.inputs);
        let _ = writeln!(text, "            add_slope(row + k, d * x{l}[k]);");
        let _ = writeln!(text, "            d{l}[k] = fma(d, {:?} * weight(row + k), d{l}[k]);", layer.scale);
        text.push_str("        }\n    }\n");
    }
    let back: Vec<_> = (0..components)
        .map(|i| if field.cubed { format!("3.0 * y[{i}] * y[{i}] * d0[{i}]") } else { format!("d0[{i}]") })
        .collect();
    let _ = writeln!(text, "    return State({});\n}}", back.join(", "));
    text
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    #[test]
    fn parameters_are_checked_by_name_and_range() {
        let system = find("lotka-volterra").unwrap();
        let parameter = |name: &str, low, high, logarithmic| Parameter { name: name.into(), low, high, logarithmic };
        let refused = |free: Vec<Parameter>| Field::Known(system.clone(), free).check().unwrap_err().to_string();
        assert!(refused(vec![parameter("breath", 0.0, 1.0, false)]).contains("birth"));
        assert!(refused(vec![parameter("birth", 1.0, 1.0, false)]).contains("lower one first"));
        assert!(refused(vec![parameter("birth", 0.0, 1.0, true)]).contains("above 0"));
        assert!(refused(vec![]).contains("name a constant"));
        let twice = vec![parameter("birth", 0.0, 1.0, false), parameter("birth", 0.0, 2.0, false)];
        assert!(refused(twice).contains("once"));
    }

    #[test]
    fn a_parameter_goes_from_its_low_to_its_high_value() {
        let plain = Parameter { name: "a".into(), low: -1.0, high: 3.0, logarithmic: false };
        assert_eq!([plain.value(0.0), plain.value(0.5), plain.value(1.0)], [-1.0, 1.0, 3.0]);
        let wide = Parameter { name: "k".into(), low: 1e-2, high: 1e2, logarithmic: true };
        assert!((wide.value(0.5) - 1.0).abs() < 1e-6 && (wide.value(1.0) - 1e2).abs() < 1e-3);
    }
}
